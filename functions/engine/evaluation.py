"""Expressions as a call evaluates them: with its context, its bounds, its clock, its warnings."""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from functions.engine.expressions import (
    UNDEFINED,
    Bounds,
    Exhausted,
    Expression,
    NotJson,
    Root,
    Thrown,
    is_truthy,
)
from functions.engine.failures import BadResponse, ExpressionLimit, UpstreamTimeout
from functions.engine.scripts import OwnScripts, ScriptSession
from functions.engine.types import Limits, OffLoop, Warned

# What `$.name` falls back to in the context when neither the root nor the body has the name.
FILLED_FROM_CONTEXT = frozenset(
    {"inputs", "parameters", "headers", "response", "request", "queries"}
)
# Evaluating on the event loop saves a thread's 0.1 ms, but may hold up every other call.
ON_LOOP_SIZE = 64_000
_ON_LOOP_SECONDS = 0.02
_ON_LOOP_STEPS = 200_000
_ON_LOOP_ITEMS = 5_000
# The library looks at its clock once in 256 steps, and a step may write a text as long as this.
_ON_LOOP_TEXT = 128_000
# What an evaluation may take past its own bound before nobody waits for its thread any more.
_GRACE_SECONDS = 0.5
NO_BODY = Root(UNDEFINED)
_NONE: frozenset[str] = frozenset()


class Context:
    """What `@ctx` reaches; the response's body is parsed only for whoever asks."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self.body = NO_BODY
        self.size = 0  # bytes of what the caller sent along

    def set(self, **values: Any) -> None:
        self.values.update(values)

    def select(self, keys: frozenset[str] | None, *, with_body: bool) -> dict[str, Any]:
        """Copy these keys, all for None; binding a value costs as much as it is large."""
        chosen = {
            key: value
            for key, value in self.values.items()
            if (keys is None or key in keys) and value is not UNDEFINED
        }
        if with_body and "response" in chosen:
            body = self.body.value
            own: dict[str, Any] = {} if body is UNDEFINED else {"body": body}
            chosen["response"] = {**chosen["response"], **own}
        return chosen


class Evaluator:
    """Evaluates for one call. Every method raises ExpressionLimit, BadResponse, UpstreamTimeout."""

    def __init__(
        self,
        limits: Limits,
        *,
        deadline: float,
        off_loop: OffLoop,
        own_scripts: OwnScripts,
        scripts: Mapping[str, str],
    ) -> None:
        self._limits = limits
        self._deadline = deadline
        self._off_loop = off_loop
        self._own_scripts = own_scripts
        self._scripts = scripts
        self._is_slow = False
        self.warnings: list[Warned] = []
        self.seconds = 0.0

    async def evaluate(
        self, expression: Expression, *, root: Root | None, context: Context, place: str
    ) -> Any:
        """Evaluate with `$` as the root, or as the context for None.

        What throws gives None and a warning.
        """
        started = time.monotonic()
        try:
            return await self._evaluate(expression, root, context)
        except Thrown as thrown:
            self.warnings.append({"path": place, "code": thrown.code})
            return None
        except Exhausted:
            raise ExpressionLimit(f"The expression in {place} ran past its bounds.") from None
        except NotJson:
            raise BadResponse("The service's answer is not JSON.") from None
        finally:
            self.seconds += time.monotonic() - started

    async def _evaluate(self, expression: Expression, root: Root | None, context: Context) -> Any:
        evaluate = functools.partial(_evaluate, expression, root, context, self._opened)
        size = max(0 if root is None else root.size, context.body.size, context.size)
        is_slow = self._is_slow or expression.reading.scripts
        if size <= ON_LOOP_SIZE and not is_slow:
            try:
                return evaluate(bounds=self._bounds_on_loop(), shared=False)
            except Exhausted:
                # Not hostile, perhaps only slow: again where it holds up nobody. What it gives may
                # be large, so whatever follows is done there too.
                self._is_slow = True
        bounds = self._bounds()
        try:
            async with asyncio.timeout(bounds.seconds + _GRACE_SECONDS):
                return await self._off_loop(functools.partial(evaluate, bounds=bounds, shared=True))
        except TimeoutError:
            raise Exhausted from None

    def _opened(self, bounds: Bounds) -> ScriptSession:
        return self._own_scripts.open(self._scripts, seconds=bounds.seconds, most=bounds.size)

    def allow(self, seconds: float) -> None:
        """Give expressions this much time yet, so that a timeout can still be handled."""
        self._deadline = max(self._deadline, time.monotonic() + seconds)

    def _bounds(self) -> Bounds:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout("The call's time is over.")
        limits = self._limits
        return Bounds(
            seconds=min(limits.expression_seconds, left),
            depth=limits.expression_depth,
            steps=limits.expression_steps,
            size=limits.expression_bytes,
            items=limits.expression_items,
        )

    def _bounds_on_loop(self) -> Bounds:
        bounds = self._bounds()
        return replace(
            bounds,
            seconds=min(bounds.seconds, _ON_LOOP_SECONDS),
            steps=min(bounds.steps, _ON_LOOP_STEPS),
            size=min(bounds.size, _ON_LOOP_TEXT),
            items=min(bounds.items, _ON_LOOP_ITEMS),
        )

    async def render(self, tree: Any, *, root: Root | None, context: Context, place: str) -> Any:
        """Evaluate every expression in a compiled value; undefined members vanish."""
        if isinstance(tree, Expression):
            return await self.evaluate(tree, root=root, context=context, place=place)
        if isinstance(tree, Mapping):
            pairs = {
                key: await self.render(item, root=root, context=context, place=f"{place}.{key}")
                for key, item in tree.items()
            }
            return {key: item for key, item in pairs.items() if item is not UNDEFINED}
        if isinstance(tree, list | tuple):
            items = [
                await self.render(item, root=root, context=context, place=f"{place}[{index}]")
                for index, item in enumerate(tree)
            ]
            return [item for item in items if item is not UNDEFINED]
        return tree

    async def decide(self, tree: Any, *, root: Root | None, context: Context, place: str) -> bool:
        return is_truthy(await self.render(tree, root=root, context=context, place=place))


def _evaluate(
    expression: Expression,
    root: Root | None,
    context: Context,
    opened: Callable[[Bounds], ScriptSession],
    *,
    bounds: Bounds,
    shared: bool,
) -> Any:
    """Do all of the work that grows with the body, parsing it too."""
    place = _context_as_root(expression, context) if root is None else root
    filled, trimmed = _fill_ins(expression, place, context, is_context=root is None)
    with_body = expression.response_keys is None or "body" in expression.response_keys
    bound = context.select(expression.context_keys, with_body=with_body)
    with opened(bounds) as session:
        scripts = expression.reading.scripts.items()
        return expression.evaluate(
            place,
            context=bound,
            filled=filled,
            trimmed=trimmed,
            functions={variable: session.function(*named) for named, variable in scripts},
            bounds=bounds,
            shared=shared,
        )


def _context_as_root(expression: Expression, context: Context) -> Root:
    keys = expression.root_keys
    with_body = keys is None or "response" in keys
    size = context.body.size if with_body else 0
    return Root(context.select(keys, with_body=with_body), size=size)


def _fill_ins(
    expression: Expression, root: Root, context: Context, *, is_context: bool
) -> tuple[dict[str, Any], frozenset[str]]:
    """Find the names at the root that the root lacks, and those whose `.value` is to go.

    A list lacks what none of its rows has, and what is no object lacks all names: so
    `{"id": $.inputs.id}` answers after a 204, and to a text, as it does to an object.
    """
    names = set(expression.root_names)
    if root is context.body:
        names &= FILLED_FROM_CONTEXT
    present = root.value if names else None
    lacking = {name for name in names if not _has(present, name)}
    if is_context:
        lacking |= names & {"inputs"}  # they are the context's own, so their `.value` goes too
    if not lacking:
        return {}, _NONE
    body = {} if is_context and lacking == {"inputs"} else _body_fields(context)
    filled = {name: body[name] for name in lacking if name in body}
    rest = frozenset(lacking - filled.keys()) & FILLED_FROM_CONTEXT
    filled |= context.select(rest, with_body=True)
    return filled, rest & {"inputs"}


def _has(value: Any, name: str) -> bool:
    """Whether a path that begins with this name finds anything there."""
    if isinstance(value, list):
        return any(_has(item, name) for item in value)
    return isinstance(value, Mapping) and name in value


def _body_fields(context: Context) -> Mapping[str, Any]:
    try:
        body = context.body.value
    except NotJson:
        return {}
    return body if isinstance(body, Mapping) else {}
