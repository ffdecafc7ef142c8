"""The loop over pages: one for most functions, many where `continuation` says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from functions.engine import failures
from functions.engine.attempts import Attempts
from functions.engine.beginning import context_of, evaluator_of, first_values, is_wanted
from functions.engine.building import (
    BODILESS,
    BodyKind,
    Draft,
    draft_body,
    draft_headers,
    draft_query,
)
from functions.engine.credentials import Wallet, is_bound, require_bound, resolve_credentials
from functions.engine.definitions import Continuation, Parameters, Url
from functions.engine.exchange import Letter, seal_letter
from functions.engine.expressions import UNDEFINED, Expression, Root
from functions.engine.gathering import Gathering
from functions.engine.parameters import gather_values
from functions.engine.replies import Reply
from functions.engine.types import Call, Outcome, Surroundings
from functions.engine.urls import UrlTemplate, checked_url


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """The request of one page: what it is made from; `given` are values that are not defaults."""

    url: Url | str
    parameters: Parameters
    values: Mapping[str, Any]
    given: frozenset[str]


class Paging:
    """One REST call. `run` raises EngineFailure or Ended; what happened can be read either way."""

    def __init__(self, call: Call, surroundings: Surroundings) -> None:
        self._call = call
        self._definition = call.definition
        self._surroundings = surroundings
        self._limits = surroundings.limits
        self._context = context_of(call)
        self._origin = ""
        self._address = ""
        self._sent: set[bytes] = set()
        self.wallet = Wallet()
        self.pages = 0
        self.evaluator = evaluator_of(call, surroundings)
        self._attempts = Attempts(
            call.definition,
            surroundings,
            context=self._context,
            evaluator=self.evaluator,
            wallet=self.wallet,
        )
        self.traffic = self._attempts.traffic
        self._gathering = Gathering(
            call.definition,
            context=self._context,
            evaluator=self.evaluator,
            off_loop=surroundings.off_loop,
        )

    async def run(self) -> Outcome:
        """Read page after page, and put them together."""
        try:
            return await self._run()
        except failures.UpstreamTimeout:
            if self.pages == 0:
                raise
        raise failures.ContinuationLimit("There are more pages than there is time for.")

    async def _run(self) -> Outcome:
        step: Step | None = await self._first_step()
        while step is not None and await self._is_wanted(step):
            reply = await self._fetch(await self._resolved(step))
            self.pages += 1
            if self.traffic.response_bytes > self._limits.total_bytes:
                raise failures.ContinuationLimit("The pages hold more than a call may read.")
            step = await self._next_step(step, await self._gathering.add(reply.body))
        if self.pages == 0:
            return Outcome("skipped")
        return await self._gathering.finish(size=self.traffic.response_bytes)

    async def _first_step(self) -> Step:
        definition, given = self._definition, self._call.parameters
        values = await first_values(self._call, context=self._context, evaluator=self.evaluator)
        return Step(definition.url, definition.parameters, values, frozenset(given))

    async def _is_wanted(self, step: Step) -> bool:
        return await is_wanted(
            self._definition, step.values, context=self._context, evaluator=self.evaluator
        )

    async def _resolved(self, step: Step) -> Step:
        values = await resolve_credentials(
            step.parameters,
            step.values,
            given=step.given,
            lookup=self._surroundings.credentials,
            wallet=self.wallet,
        )
        if self.pages == 0:
            values = await self._gathered_again(step, values)
        self._context.set(parameters=values, inputs=values)
        return Step(step.url, step.parameters, values, step.given)

    async def _gathered_again(self, step: Step, resolved: dict[str, Any]) -> dict[str, Any]:
        """Let default expressions see the placeholders of credentials, which were keys before."""
        held = {name: value for name, value in resolved.items() if value != step.values[name]}
        computed = [p for p in step.parameters.values() if p.is_computed and p.name not in held]
        if not held or not computed:
            return resolved
        given = {name: step.values[name] for name in step.given & step.values.keys()} | held
        return await gather_values(
            step.parameters, given, root=None, context=self._context, evaluator=self.evaluator
        )

    async def _fetch(self, step: Step) -> Reply:
        draft = await self._draft(step)
        self._address = draft.url
        self._context.set(request=draft.shown(self.wallet))
        letter = await seal_letter(
            draft,
            wallet=self.wallet,
            parameters=step.parameters,
            surroundings=self._surroundings,
        )
        self._require_place(letter)
        if letter.digest in self._sent:
            raise failures.ContinuationLoop("A page leads back to one that was already read.")
        self._sent.add(letter.digest)
        return await self._attempts.send(letter, is_later_page=self.pages > 0)

    def _require_place(self, letter: Letter) -> None:
        """Hold pages to the first one's origin, and credentials to theirs."""
        if self.pages == 0:
            self._origin = letter.origin
        if letter.origin == self._origin:
            require_bound(letter.bound, origin=letter.origin)
        elif not letter.bound or not all(
            is_bound(credential, origin=letter.origin) for credential in letter.bound
        ):
            raise failures.ContinuationRefused("The next page is at another address.")

    async def _draft(self, step: Step) -> Draft:
        definition, values = self._definition, step.values
        headers = draft_headers(step.parameters, values, form=definition.format)
        kind: BodyKind = "none"
        body = None
        if definition.method not in BODILESS:
            transformed = await self._body(values)
            kind, body = draft_body(
                step.parameters,
                values,
                transformed,
                content_type=headers.get("content-type", ("", ""))[1],
            )
        url = await self._url(step)
        return Draft(definition.method, url, tuple(headers.values()), kind, body)

    async def _body(self, values: Mapping[str, Any]) -> Any:
        transform = self._definition.input_transform
        if transform is None:
            return UNDEFINED
        body = await self.evaluator.evaluate(
            transform, root=Root(values), context=self._context, place="inputTransform"
        )
        return None if body is UNDEFINED else body

    async def _url(self, step: Step) -> str:
        url = step.url
        names = {p.name for p in step.parameters.values() if p.location == "query"}
        query = draft_query(step.parameters, step.values)
        if isinstance(url, UrlTemplate):
            return url.build(step.values, without=names, query=query)
        if isinstance(url, Expression):
            url = await self.evaluator.evaluate(url, root=None, context=self._context, place="url")
        if not isinstance(url, str):
            raise failures.BadRequest("The URL's expression gives no text.")
        return checked_url(url, without=names, query=query)

    async def _next_step(self, step: Step, result: Root) -> Step | None:
        continuation, context = self._definition.continuation, self._context
        if continuation is None or not await self.evaluator.decide(
            continuation.when, root=result, context=context, place="continuation.when"
        ):
            return None
        if self.pages >= self._limits.pages:
            raise failures.ContinuationLimit("There are more pages than a call may read.")
        url = await self._next_url(step, continuation, result)
        parameters = continuation.parameters
        if parameters is None:
            return Step(url, step.parameters, context.values["parameters"], step.given)
        return await self._replaced(url, parameters, result)

    async def _replaced(self, url: Url | str, parameters: Parameters, result: Root) -> Step:
        """Take the continuation's own parameters; those without a default keep their value."""
        previous = self._context.values["parameters"]
        kept = {
            parameter.name: previous[parameter.name]
            for parameter in parameters.values()
            if not parameter.has_default and parameter.name in previous
        }
        values = await gather_values(
            parameters,
            kept,
            root=result,
            context=self._context,
            evaluator=self.evaluator,
            is_later_page=True,
        )
        return Step(url, parameters, values, frozenset(kept))

    async def _next_url(self, step: Step, continuation: Continuation, result: Root) -> Url | str:
        """Find where the next page is; a relative address counts from this page's."""
        url = continuation.url
        if url is None or isinstance(url, UrlTemplate):
            return url or step.url
        place = await self.evaluator.evaluate(
            url, root=result, context=self._context, place="continuation.url"
        )
        if not isinstance(place, str) or not place:
            raise failures.ContinuationRefused("The next page has no address.")
        try:
            return urljoin(self._address, place)
        except ValueError:
            raise failures.ContinuationRefused("The next page's address can't be read.") from None
