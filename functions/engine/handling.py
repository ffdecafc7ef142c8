"""What a failed call answers: the first handler that fits, or words of our own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from functions.engine.definitions import Definition, Handler
from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import EngineFailure
from functions.engine.operations import finish_operations, rows_of
from functions.engine.types import ErrorAnswer

ANSWERED = ("title", "description", "details", "notification", "alert", "retry", "icon")


class Ended(Exception):
    """The call is over: the service's error, as the definition handles it."""

    def __init__(self, handled: "Handled", *, output: Any) -> None:
        super().__init__()
        self.handled = handled
        self.output = output


@dataclass(frozen=True, slots=True, repr=False)
class Handled:
    """A failure with its answer; `handler` is None where the definition has none for it."""

    answer: ErrorAnswer
    handler: Handler | None = None
    operations: list[dict[str, Any]] = field(default_factory=list)


async def handle(
    failure: EngineFailure, *, definition: Definition, context: Context, evaluator: Evaluator
) -> Handled:
    """Choose the first handler whose `when` is true or absent, and evaluate it."""
    answer = plain_answer(failure)
    shown = {key: answer[key] for key in ("name", "title", "description", "details", "status")}
    context.set(error={**shown, "message": failure.description})
    position = await _choose(definition.handlers, context=context, evaluator=evaluator)
    if position is None:
        return Handled(answer)
    handler = definition.handlers[position]
    place = f"error[{position}]"
    fields = await evaluator.render(handler.fields, root=None, context=context, place=place)
    chosen = {key: fields[key] for key in ANSWERED if key in fields}
    finished = await finish_operations(
        handler.operations,
        root=None,
        context=context,
        evaluator=evaluator,
        place=f"{place}.operations",
    )
    operations = list(finished.values())
    if "table" in fields and "transform" in fields:
        # The older form: one row, or some, written to a table of errors.
        rows = rows_of(fields["transform"])
        operations.append(
            {"type": "operation.upsert-replace", "table": fields["table"], "records": rows}
        )
    return Handled(cast(ErrorAnswer, {**answer, **chosen}), handler, operations)


async def _choose(
    handlers: Sequence[Handler], *, context: Context, evaluator: Evaluator
) -> int | None:
    for position, handler in enumerate(handlers):
        place = f"error[{position}].when"
        when = True if handler.when is UNDEFINED else handler.when
        if await evaluator.decide(when, root=None, context=context, place=place):
            return position
    return None


def plain_answer(failure: EngineFailure) -> ErrorAnswer:
    return {
        "name": failure.name,
        "title": failure.title,
        "description": failure.description,
        "details": failure.details,
        "notification": None,
        "alert": None,
        "retry": None,
        "status": failure.status,
    }
