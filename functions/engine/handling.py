"""What a failed call answers: the first handler that fits, or words of our own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from functions.engine import failures
from functions.engine.definitions import Definition, Handler
from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import UNDEFINED, Root
from functions.engine.failures import EngineFailure
from functions.engine.operations import finish_operations, rows_of
from functions.engine.types import ErrorAnswer

# What the service, the database or the way there did; a refusal of ours is not their error.
HANDLED = (
    failures.UpstreamError,
    failures.SqlError,
    failures.UpstreamUnreachable,
    failures.UpstreamTimeout,
    failures.UpstreamTooLarge,
)
# A timeout may have left none to evaluate its own handler in.
SECONDS_TO_HANDLE = 0.25
ANSWERED = ("title", "description", "details", "notification", "alert", "retry", "icon", "group")
_OF_ROWS = ("operation.delete-insert", "operation.upsert-replace", "operation.upsert-merge")
_WORDS = ("title", "description")


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
    chosen = {
        key: fields[key]
        for key in ANSWERED
        if key in fields and (fields[key] is not None or key not in _WORDS)
    }
    finished = await finish_operations(
        handler.operations,
        root=None,
        context=context,
        evaluator=evaluator,
        place=f"{place}.operations",
    )
    operations = list(finished.values())
    if "transform" in fields:
        # The older form: one row, or some, written to a table of errors.
        rows = _with_id(rows_of(fields["transform"]), context.values.get("commandId"))
        older = {"type": "operation.upsert-replace", "table": fields.get("table"), "records": rows}
        operations.append(older)
    entity = context.values.get("entity")
    operations = [_off_the_entity(operation, entity) for operation in operations]
    return Handled(cast(ErrorAnswer, {**answer, **chosen}), handler, operations)


async def error_output(
    body: Root | None, *, definition: Definition, context: Context, evaluator: Evaluator
) -> Any:
    """Transform an error's body as the older form says; UNDEFINED without either."""
    transform = definition.error_transform
    if transform is None or body is None:
        return UNDEFINED
    return await evaluator.evaluate(transform, root=body, context=context, place="errorTransform")


def _with_id(rows: list[Any], command_id: Any) -> list[Any]:
    """Let a single row that has no id, `=@ctx.error` say, be the command's."""
    if len(rows) == 1 and isinstance(rows[0], Mapping) and rows[0].get("id") is None:
        return [{**rows[0], "id": command_id}]
    return rows


def _off_the_entity(operation: dict[str, Any], entity: Any) -> dict[str, Any]:
    """Let rows about an error that name no table go beside the entity's, not among them."""
    kind = str(operation.get("type")).lower().replace("_", "-")
    if kind not in _OF_ROWS or operation.get("table") is not None or not entity:
        return operation
    return {**operation, "table": f"{entity}_error"}


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
