"""One request tried until it is answered, or until the definition or the clock says enough."""

import time

from functions.engine import failures
from functions.engine.credentials import OF_THE_USER, Wallet, require_bound
from functions.engine.definitions import Definition
from functions.engine.evaluation import NO_BODY, ON_LOOP_SIZE, Context, Evaluator
from functions.engine.exchange import (
    Letter,
    Traffic,
    handled_wait,
    seal_letter,
    seconds_to_wait,
    send_once,
    wait,
)
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import EngineFailure
from functions.engine.handling import (
    HANDLED,
    SECONDS_TO_HANDLE,
    Ended,
    Handled,
    error_output,
    handle,
)
from functions.engine.replies import Reply
from functions.engine.types import Surroundings

_UNAUTHORIZED = 401


class Attempts:
    """Sends for one call."""

    def __init__(
        self,
        definition: Definition,
        surroundings: Surroundings,
        *,
        context: Context,
        evaluator: Evaluator,
        wallet: Wallet,
    ) -> None:
        self._definition = definition
        self._surroundings = surroundings
        self._context = context
        self._evaluator = evaluator
        self._wallet = wallet
        self._has_renewed = False
        self.traffic = Traffic()

    async def send(self, letter: Letter, *, is_later_page: bool) -> Reply:
        """Send until the answer is no error. Raises Ended where it stays one, or EngineFailure.

        A later page that the call's time is over for is the pages' fault, not the service's.
        """
        retries = 0
        while True:
            reply, failure = await self._try(letter)
            if failure is None and reply is not None:
                return reply
            if not isinstance(failure, HANDLED):
                raise failure or AssertionError("neither a reply nor a failure")
            is_over = time.monotonic() >= self._surroundings.deadline
            if is_later_page and is_over and isinstance(failure, failures.UpstreamTimeout):
                raise failure
            self._evaluator.allow(SECONDS_TO_HANDLE)
            handled = await handle(
                failure,
                definition=self._definition,
                context=self._context,
                evaluator=self._evaluator,
            )
            renewed = await self._renewed(letter, reply, handled)
            if renewed is not None:
                letter = renewed
                continue
            seconds = self._seconds_to_wait(reply, handled, retries=retries)
            deadline = self._surroundings.deadline
            if seconds is None or not await wait(seconds, deadline=deadline):
                output = await error_output(
                    None if reply is None else reply.body,
                    definition=self._definition,
                    context=self._context,
                    evaluator=self._evaluator,
                )
                raise Ended(handled, output=output)
            retries += 1

    async def _try(self, letter: Letter) -> tuple[Reply | None, EngineFailure | None]:
        self._see(None)
        try:
            reply = await send_once(
                letter,
                form=self._definition.format,
                wallet=self._wallet,
                surroundings=self._surroundings,
                traffic=self.traffic,
            )
        except EngineFailure as failure:
            return None, failure
        self._see(reply)
        if not reply.is_error:
            return reply, None
        details = reply.body.value if reply.body.size <= ON_LOOP_SIZE else None
        refusal = failures.UpstreamError(
            f"The service answered {reply.status}.",
            status=reply.status,
            details=None if details is UNDEFINED else details,
        )
        return reply, refusal

    async def _renewed(
        self, letter: Letter, reply: Reply | None, handled: Handled
    ) -> Letter | None:
        """Write the letter again with another access token, once in a call and after 401 only.

        Raises EngineFailure where the user's token can't be renewed.
        """
        refresh = self._surroundings.refresh
        refused = [held for held in letter.carried if held.type in OF_THE_USER]
        is_refused = reply is not None and reply.status == _UNAUTHORIZED
        may_renew = self._definition.refreshes_token and not self._has_renewed
        if handled.handler or not (refresh and refused and is_refused and may_renew):
            return None
        self._has_renewed = True
        for held in refused:
            fresh = await refresh(held)
            if fresh is None:
                return None
            self._wallet.renew(fresh, wire=fresh.secret.reveal())
        written = await seal_letter(
            letter.draft,
            wallet=self._wallet,
            parameters=letter.parameters,
            surroundings=self._surroundings,
        )
        require_bound(written.bound, origin=written.origin)
        return written

    def _see(self, reply: Reply | None) -> None:
        self._context.body = NO_BODY if reply is None else reply.body
        self._context.set(
            response=UNDEFINED if reply is None else reply.shown,
            headers=UNDEFINED if reply is None else reply.headers,
        )

    def _seconds_to_wait(
        self, reply: Reply | None, handled: Handled, *, retries: int
    ) -> float | None:
        if handled.handler is None:
            return seconds_to_wait(reply, retries=retries)
        limits = self._surroundings.limits
        return handled_wait(handled.answer["retry"], retries=retries, limits=limits)
