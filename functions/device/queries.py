"""A definition's `queries`: asked of the device's rows before a call, and sent along with it."""

from collections.abc import Mapping
from typing import Any

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

    `@name` in a statement is the query's own parameter of this name, or else the call's. A table of
    which no row was ever stored is empty: the first call may well be the one that fills it. Raises
    NotReadable or NotStorable.
    """
    wanted = source.get("queries")
    if not isinstance(wanted, Mapping):
        return {}
    values = Values(source, parameters=parameters, entity=entity or "")
    answers = {}
    for name, query in wanted.items():
        try:
            answers[name] = _answered(query, storage=storage, values=values, parameters=parameters)
        except NotReadable as refusal:
            sentence = f"The query {name} can't be answered from the rows on this device."
            raise NotReadable(refusal.code, sentence) from None
    return answers


def _answered(
    query: Any, *, storage: Storage, values: Values, parameters: Mapping[str, Any]
) -> Any:
    written = {"statement": query} if isinstance(query, str) else query
    if not isinstance(written, Mapping) or not isinstance(written.get("statement"), str):
        raise NotReadable("query_invalid", "A query has a statement.")
    own = values.rendered(written.get("parameters") or {})
    known = {**parameters, **(own if isinstance(own, Mapping) else {})}
    bound = {key: bindable(value) for key, value in known.items()}
    table = _read(storage, written["statement"], bound)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    kind = written.get("resultType")
    if kind not in ("record", "scalar"):
        return rows
    if not rows:
        return None
    return rows[0] if kind == "record" else next(iter(rows[0].values()))


def _read(storage: Storage, statement: str, bound: Mapping[str, Any]) -> Table:
    for _made in range(MOST_TABLES):
        try:
            return storage.query(statement, bound)
        except NoSuchTable as unknown:
            storage.make_table(unknown.table)
    return storage.query(statement, bound)
