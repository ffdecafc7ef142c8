"""A definition's `queries`: asked of the device's rows before a call, and sent along with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from functions.device.refusals import NoSuchTable, NotReadable
from functions.device.rows import bindable
from functions.device.storage import Storage, Table
from functions.device.values import Values

MOST_TABLES = 10


def answer_queries(
    source: Mapping[str, Any],
    *,
    storage: Storage,
    parameters: Mapping[str, Any],
    entity: str | None,
) -> dict[str, Any]:
    """Return each query's rows as objects, or as `resultType` says: `record`, `scalar`.

    The texts in `jsonColumns` are read as JSON. A query's parameters see, as `@ctx.queries`, the
    answers of those before it, which are at least its `dependencies`. `@name` in a statement is the
    query's own parameter of this name, or else the call's. A table of which no row was ever stored
    is empty: the first call may well be the one that fills it. Raises NotReadable or NotStorable.
    """
    wanted = source.get("queries")
    if not isinstance(wanted, Mapping):
        return {}
    values = Values(source, parameters=parameters, entity=entity or "")
    answers: dict[str, Any] = {}
    for name in _in_turn(wanted):
        asked = _Asked(wanted[name], parameters=parameters, answers=answers)
        try:
            answers[name] = _answered(asked, storage=storage, values=values)
        except NotReadable as refusal:
            sentence = f"The query {name} can't be answered from the rows on this device."
            raise NotReadable(refusal.code, sentence) from None
    return answers


def _in_turn(wanted: Mapping[str, Any]) -> list[str]:
    """Put each query behind those that it depends on; where they go in a circle, somewhere."""
    turns: list[str] = []
    left = {name: _needs(query) - {name} for name, query in wanted.items()}
    while left:
        free = [name for name, needs in left.items() if not needs & left.keys()]
        free = free or [next(iter(left))]
        turns += free
        left = {name: needs for name, needs in left.items() if name not in free}
    return turns


def _needs(query: Any) -> set[str]:
    return set(_names(query.get("dependencies") if isinstance(query, Mapping) else None))


def _names(written: Any) -> list[str]:
    names = written if isinstance(written, list | tuple) else [written]
    return [name for name in names if isinstance(name, str)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as it is written, and what its parameters may be made of."""

    written: Any
    parameters: Mapping[str, Any] = field(repr=False)
    answers: Mapping[str, Any] = field(repr=False)


def _answered(asked: _Asked, *, storage: Storage, values: Values) -> Any:
    written = asked.written
    written = {"statement": written} if isinstance(written, str) else written
    if not isinstance(written, Mapping) or not isinstance(written.get("statement"), str):
        raise NotReadable("query_invalid", "A query has a statement.")
    own = values.rendered(written.get("parameters") or {}, queries=asked.answers)
    known = {**asked.parameters, **(own if isinstance(own, Mapping) else {})}
    bound = {key: bindable(value) for key, value in known.items()}
    table = _read(storage, written["statement"], bound)
    as_json = _names(values.rendered(written.get("jsonColumns"), queries=asked.answers))
    rows = [
        {
            column: _parsed(value) if column in as_json else value
            for column, value in zip(table.columns, row, strict=True)
        }
        for row in table.rows
    ]
    kind = written.get("resultType")
    if kind not in ("record", "scalar"):
        return rows
    if not rows:
        return None
    return rows[0] if kind == "record" else next(iter(rows[0].values()))


def _parsed(value: Any) -> Any:
    """Read a text as JSON, or leave what is none."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return value


def _read(storage: Storage, statement: str, bound: Mapping[str, Any]) -> Table:
    for _made in range(MOST_TABLES):
        try:
            return storage.query(statement, bound)
        except NoSuchTable as unknown:
            storage.make_table(unknown.table)
    return storage.query(statement, bound)
