"""What a call brought, written as its definition says (section 9 of the language).

The engine has evaluated most of an operation (`operations.EVALUATED`), and that is used as it
comes: a text of the service's that begins with `=` is a text. The rest is read here, and a
`primaryKey` that is made of each record. An operation without a table is about the call's entity,
one without records about the call's. Where both are given, matching ids win over values and ranges.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from functions.device import commands
from functions.device.guarding import FAILURES, guarded
from functions.device.matching import condition_of
from functions.device.refusals import NotStorable
from functions.device.rows import Row, bindable, id_text, read_rows, require_keys, with_keys
from functions.device.tables import EntityTable
from functions.device.values import Values
from functions.engine.compiling import is_yes
from functions.engine.operations import rows_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call brought, and the definition that says what becomes of it."""

    source: Mapping[str, Any] = field(repr=False)
    entity: str
    records: Sequence[Any] = field(default=(), repr=False)
    operations: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_first_page: bool = True


def has_rule(source: Mapping[str, Any]) -> bool:
    """Whether a definition says which rows its result is about."""
    rules = ("operations", "forRowsWithMatchingIds", "forRowsWithValues", "forRowsInRange")
    return any(source.get(rule) for rule in rules)


def write_answer(connection: sqlite3.Connection, answer: Answer) -> int:
    """Write an answer within the caller's transaction, and count rows. Raises NotStorable."""
    writer = _Writer(connection, answer)
    # Operations whose `when` was false are not among the answer's, but the rule stays theirs.
    if not answer.operations and not answer.source.get("operations"):
        return writer.write_by_rule(answer.source, read_rows(answer.records), answer.entity)
    return sum(writer.operate(operation) for operation in answer.operations)


class _Writer:
    def __init__(self, connection: sqlite3.Connection, answer: Answer) -> None:
        self._connection = connection
        self._answer = answer
        self._values = Values(answer.source, parameters=answer.parameters, entity=answer.entity)

    def write_by_rule(self, rule: Mapping[str, Any], rows: Sequence[Row], name: Any) -> int:
        """Replace the rows that the rule names, or merge those with matching ids."""
        table = EntityTable(self._connection, name)
        if is_yes(rule.get("forRowsWithMatchingIds")):
            return table.merge(rows)
        keeps_temporary = is_yes(self._answer.source.get("keepTempIds"))
        condition = condition_of(rule, self._values, keeps_temporary=keeps_temporary)
        if self._answer.is_first_page:
            table.clear(condition)
        taken = frozenset() if self._answer.is_first_page else table.keys()
        return table.put(with_keys(rows, taken=taken))

    def operate(self, operation: Mapping[str, Any]) -> int:
        """Apply one operation."""
        kind = str(operation.get("type")).lower().replace("_", "-")
        if kind not in _OPERATIONS:
            raise NotStorable("operation_unknown", "An operation's type is not known.")
        return _OPERATIONS[kind](self, operation)

    def delete_insert(self, operation: Mapping[str, Any]) -> int:
        return self.write_by_rule(operation, self._rows(operation), self._name(operation))

    def upsert_replace(self, operation: Mapping[str, Any]) -> int:
        rows = self._rows(operation)
        require_keys(rows)
        return self._table(operation).put(rows)

    def upsert_merge(self, operation: Mapping[str, Any]) -> int:
        return self._table(operation).merge(self._rows(operation))

    def find_replace(self, operation: Mapping[str, Any]) -> int:
        wanted = operation.get("find")
        if wanted is None:
            return 0
        replacement = operation.get("replace")
        if replacement is None:
            raise NotStorable("replacement_missing", "There is nothing to replace the value with.")
        tables = self._tables(operation) or [self._table(operation)]
        changed = sum(table.find_replace(wanted, replacement) for table in tables)
        if is_yes(operation.get("includeCommandQueue")):
            commands.find_replace(self._connection, wanted, replacement)
        return changed

    def execute_sql(self, operation: Mapping[str, Any]) -> int:
        self._tables(operation)  # made, where no row of theirs was ever stored
        prepared = [
            self._statement(statement, operation) for statement in _listed(operation, "statements")
        ]
        try:
            with guarded(self._connection, may_write=True):
                return sum(self._execute(text, values) for text, values in prepared)
        except FAILURES:
            raise NotStorable("statement_failed", "A statement can't be executed.") from None

    def _execute(self, text: str, values: Mapping[str, Any]) -> int:
        cursor = self._connection.execute(text, values)
        for _row in cursor:
            pass  # a statement with RETURNING ends, and counts, only when it is read
        changed = cursor.rowcount
        cursor.close()
        return max(changed, 0)

    def _statement(
        self, written: Any, operation: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, Any]]:
        own = written if isinstance(written, Mapping) else {"statement": written}
        text = own.get("statement")
        shared = self._values.rendered(operation.get("parameters") or {})
        given = [shared, own.get("parameters") or {}]
        if not isinstance(text, str) or not all(isinstance(values, Mapping) for values in given):
            raise NotStorable("statement_invalid", "A statement is a text, with named values.")
        return text, {name: bindable(value) for values in given for name, value in values.items()}

    def _rows(self, operation: Mapping[str, Any]) -> list[Row]:
        own = "records" in operation
        records = rows_of(operation["records"]) if own else self._answer.records
        key = operation.get("primaryKey")
        if key is not None and not isinstance(key, str):
            raise NotStorable("primary_key_invalid", "A primary key must name a field.")
        rows = read_rows(records, key=key or "id")
        if key is not None and key.startswith("="):
            rows = [replace(row, key=self._made_key(key, row)) for row in rows]
        elif key is not None:
            require_keys(rows)
        return self._timed(rows, operation.get("timestamp", operation.get("timeStamp")))

    def _made_key(self, written: str, row: Row) -> str:
        return id_text(self._values.rendered(written, record=row.content))

    def _timed(self, rows: list[Row], written: Any) -> list[Row]:
        """Take each row's time from the field, or the expression over `record`, that names it."""
        if not isinstance(written, str):
            return rows
        is_expression = written.startswith("=")
        times = [
            self._values.rendered(written, record=row.content)
            if is_expression
            else row.content.get(written)
            for row in rows
        ]
        return [
            row if time is None else replace(row, timestamp=str(bindable(time)))
            for row, time in zip(rows, times, strict=True)
        ]

    def _name(self, operation: Mapping[str, Any]) -> Any:
        return operation.get("table") or self._answer.entity

    def _table(self, operation: Mapping[str, Any]) -> EntityTable:
        return EntityTable(self._connection, self._name(operation))

    def _tables(self, operation: Mapping[str, Any]) -> list[EntityTable]:
        names = _listed(operation, "tables")
        return [EntityTable(self._connection, name) for name in names]


def _listed(operation: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = operation.get(key) or []
    if not isinstance(found, list | tuple):
        raise NotStorable("operation_invalid", f"{key} must be a list.")
    return found


_OPERATIONS: dict[str, Callable[[_Writer, Mapping[str, Any]], int]] = {
    "operation.delete-insert": _Writer.delete_insert,
    "operation.upsert-replace": _Writer.upsert_replace,
    "operation.upsert-merge": _Writer.upsert_merge,
    "operation.find-replace": _Writer.find_replace,
    "operation.execute-sql": _Writer.execute_sql,
}
