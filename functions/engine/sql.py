"""SQL functions: bind, run, transform; every ending is an outcome.

The statement's own words are the definition's; whatever changes with a call is bound. What runs it
is handed in, so that a database that blocks is somebody else's thread.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from functions.engine import failures
from functions.engine.batches import Batch, compose
from functions.engine.beginning import context_of, evaluator_of, first_values, is_wanted
from functions.engine.closing import close, outcome_of
from functions.engine.credentials import Wallet
from functions.engine.evaluation import NO_BODY, ON_LOOP_SIZE
from functions.engine.exchange import Traffic, handled_wait, wait
from functions.engine.expressions import UNDEFINED, Root
from functions.engine.failures import EngineFailure
from functions.engine.gathering import Gathering
from functions.engine.handling import (
    HANDLED,
    SECONDS_TO_HANDLE,
    Ended,
    error_output,
    handle,
)
from functions.engine.recordsets import Recordsets
from functions.engine.types import Call, Credential, Database, Outcome, Surroundings

Result = TypeVar("Result")


async def run(call: Call, *, surroundings: Surroundings) -> Outcome:
    """Run a SQL function to its end."""
    statement = Statement(call, surroundings)
    outcome = await outcome_of(statement.run)
    return await close(
        outcome,
        wallet=statement.wallet,
        evaluator=statement.evaluator,
        traffic=statement.traffic,
        surroundings=surroundings,
    )


class Statement:
    """One SQL call. `run` raises EngineFailure or Ended; what happened can be read either way."""

    def __init__(self, call: Call, surroundings: Surroundings) -> None:
        self._call = call
        self._definition = call.definition
        self._surroundings = surroundings
        self._context = context_of(call)
        self.wallet = Wallet()
        self.traffic = Traffic()
        self.evaluator = evaluator_of(call, surroundings)

    async def run(self) -> Outcome:
        """Run the statement and put together what came of it."""
        context, evaluator = self._context, self.evaluator
        values = await first_values(self._call, context=context, evaluator=evaluator)
        if not await is_wanted(self._definition, values, context=context, evaluator=evaluator):
            return Outcome("skipped")
        answer = await self._answer(values)
        gathering = Gathering(
            self._definition,
            context=context,
            evaluator=evaluator,
            off_loop=self._surroundings.off_loop,
        )
        first = await self._off_loop(answer.size, lambda: self._held_back(answer.first))
        await gathering.add(Root(text=first))
        outcome = replace(await gathering.finish(size=answer.size), pages=1)
        if not self._call.is_trial:
            return outcome
        shown = await self._off_loop(answer.size, lambda: self._shown(answer))
        return replace(outcome, answer=shown)

    async def _answer(self, values: Mapping[str, Any]) -> Recordsets:
        """Run until it is answered, or until the definition or the clock says enough.

        Nothing is repeated unless a handler says so: what a statement did before it failed, nobody
        here can know. Raises EngineFailure or Ended.
        """
        database = await self._database()
        limits, retries = self._surroundings.limits, 0
        batch = await self._off_loop(
            self._context.size,
            lambda: compose(self._definition, values, most_bytes=limits.response_bytes),
        )
        if batch.size > limits.request_bytes:
            raise failures.UpstreamTooLarge("The parameters are larger than a request may be.")
        while True:
            answer = Recordsets(limits, outputs=batch.outputs)
            try:
                await self._run_once(database, batch, answer)
            except HANDLED as failure:
                self._hold_back(failure)
                await self._see(failure=failure)
                await self._wait_or_end(failure, retries)
                retries += 1
            else:
                await self._see(answer=answer)
                return answer

    async def _database(self) -> Database:
        if self._surroundings.database is None:
            raise failures.SqlError(
                "SQL runs on the server only.", details={"code": "sql_on_device"}
            )
        try:
            async with asyncio.timeout(self._surroundings.deadline - time.monotonic()):
                database = await self._surroundings.database(self._definition.connection)
        except TimeoutError:
            raise failures.UpstreamTimeout("There was no way to sign in in time.") from None
        for secret in database.secrets:
            # Never sent from here, but the server could show it in an answer.
            held = Credential(self._definition.connection, "secret", secret, ())
            self.wallet.hold(held, secret.reveal())
        return database

    async def _run_once(self, database: Database, batch: Batch, answer: Recordsets) -> None:
        left = self._surroundings.deadline - time.monotonic()
        if left <= 0:
            raise failures.UpstreamTimeout("The call's time is over.")
        started = time.monotonic()
        self.traffic.request_bytes += batch.size
        try:
            await database.run(batch, answer, seconds=left)
        finally:
            self.traffic.response_bytes += answer.size
            self.traffic.seconds += time.monotonic() - started
        answer.require_no_error()

    async def _wait_or_end(self, failure: EngineFailure, retries: int) -> None:
        """Wait where a handler wants another try. Raises Ended where none does."""
        self.evaluator.allow(SECONDS_TO_HANDLE)
        handled = await handle(
            failure,
            definition=self._definition,
            context=self._context,
            evaluator=self.evaluator,
        )
        limits, deadline = self._surroundings.limits, self._surroundings.deadline
        retry = handled.answer["retry"] if handled.handler else None
        seconds = handled_wait(retry, retries=retries, limits=limits)
        if seconds is None or not await wait(seconds, deadline=deadline):
            output = await error_output(
                None if failure.details is None else self._context.body,
                definition=self._definition,
                context=self._context,
                evaluator=self.evaluator,
            )
            raise Ended(handled, output=output)

    async def _see(
        self, *, answer: Recordsets | None = None, failure: EngineFailure | None = None
    ) -> None:
        """Let expressions see what came: `response.body` is all sets, outputs and counts."""
        body = NO_BODY
        if answer is not None:
            text = await self._off_loop(answer.size, lambda: self._held_back(answer.document))
            body = Root(text=text)
        elif failure is not None and failure.details is not None:
            body = Root(failure.details)
        self._context.body = body
        self._context.set(response={"ok": answer is not None}, headers=UNDEFINED)

    def _hold_back(self, failure: EngineFailure) -> None:
        """Take out of the server's words what signed in there."""
        failure.description = self.wallet.held_back(failure.description)
        failure.details = self.wallet.held_back(failure.details)

    def _held_back(self, text: str) -> str:
        held: str = self.wallet.held_back(text)
        return held

    def _shown(self, answer: Recordsets) -> str:
        return self.wallet.masked_text(self._held_back(answer.document))

    async def _off_loop(self, size: int, work: Callable[[], Result]) -> Result:
        """Do what takes as long as this is large where it holds up no other call."""
        if size <= ON_LOOP_SIZE:
            return work()
        return cast(Result, await self._surroundings.off_loop(work))
