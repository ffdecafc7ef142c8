"""What the device is to do with the rows: evaluated here, applied there."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import UNDEFINED, Expression, Root

# What is evaluated here, and what `$` is in it.
EVALUATED: dict[str, Literal["context", "result"]] = {
    "when": "context",
    "table": "context",
    "primaryKey": "context",
    "find": "context",
    "replace": "context",
    "tables": "context",
    "statements": "context",
    "records": "result",
}

_RECORD = "record"  # of the context on the device alone


def rows_of(value: Any) -> list[Any]:
    """List the rows of a result: JSONata gives one row as itself, and none as undefined."""
    if value is UNDEFINED or value is None:
        return []
    return value if isinstance(value, list) else [value]


def _absent_as_null(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _key_of(written: Any, value: Any) -> Any:
    """Leave to the device what needs each record; nothing else may look like an expression."""
    if isinstance(written, Expression) and _RECORD in (written.context_keys or ()):
        return f"={written.source}"
    return None if isinstance(value, str) and value.startswith("=") else value


async def finish_operations(
    operations: Sequence[Mapping[str, Any]],
    *,
    root: Root | None,
    context: Context,
    evaluator: Evaluator,
    place: str = "operations",
) -> dict[int, dict[str, Any]]:
    """Evaluate what is evaluated on the server; operations whose `when` is false are left out.

    `records` see the result, all else the context: what the device can't know, as the answer's id
    in `replace`. The rest is the device's and travels as it was written, as does a `primaryKey`
    that is made of each record. The key is the operation's place in the definition.
    """
    finished = {}
    for index, operation in enumerate(operations):
        at = f"{place}[{index}]"
        when = operation.get("when", True)
        if not await evaluator.decide(when, root=None, context=context, place=f"{at}.when"):
            continue
        done = {key: value for key, value in operation.items() if key not in EVALUATED}
        for key, kind in EVALUATED.items():
            if key in operation and key != "when":
                own_root = root if kind == "result" else None
                value = await evaluator.render(
                    operation[key], root=own_root, context=context, place=f"{at}.{key}"
                )
                done[key] = rows_of(value) if key == "records" else _absent_as_null(value)
        if "primaryKey" in operation:
            done["primaryKey"] = _key_of(operation["primaryKey"], done["primaryKey"])
        finished[index] = done
    return finished


def join_operations(
    first: dict[int, list[dict[str, Any]]], later: Mapping[int, dict[str, Any]]
) -> None:
    """Add a later page's operations to those of the pages before, by their place.

    Rows go to the one that is otherwise the same, so that the device clears a table only once;
    what another page makes different, a statement say, is an operation of its own.
    """
    for index, operation in later.items():
        known = first.setdefault(index, [])
        same = next((one for one in known if _but_rows(one) == _but_rows(operation)), None)
        if same is None:
            known.append(operation)
        elif "records" in operation:
            same["records"] = [*same["records"], *operation["records"]]


def _but_rows(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in operation.items() if key != "records"}
