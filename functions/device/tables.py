"""One SQLite table an entity: `id`, `data` and `timestamp`.

The names are SQLite's: `Customers` and `customers` are one table. Names that begin with `_jigx_`
are our own tables'.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from functions.device.refusals import NotStorable
from functions.device.rows import (
    Row,
    holds,
    id_text,
    read_object,
    replaced,
    require_keys,
    write_json,
)

RESERVED = "_jigx_"
Condition = Callable[[str, Mapping[str, Any]], bool]

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
# The checks hold what a definition's own statements write to what the rest of us can read.
_COLUMNS = f"""(
    id TEXT PRIMARY KEY NOT NULL CHECK (typeof(id) = 'text'),
    data TEXT NOT NULL CHECK (typeof(data) = 'text' AND json_valid(data)
        AND json_type(data) = 'object'),
    timestamp TEXT NOT NULL DEFAULT ({_NOW})
)"""


def is_reserved(name: str) -> bool:
    """Whether a table of this name is SQLite's or ours."""
    return name.lower().startswith(("sqlite_", RESERVED))


def entity_names(connection: sqlite3.Connection) -> list[str]:
    """Name the tables that hold rows of entities."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in found if not is_reserved(name)]


def quoted(name: Any) -> str:
    """Write an entity's name for a statement. Raises NotStorable."""
    if not isinstance(name, str) or not name.strip() or is_reserved(name):
        raise NotStorable("entity_invalid", "No table can have this name.")
    if "\x00" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        raise NotStorable("entity_invalid", "No table can have this name.")
    return '"' + name.replace('"', '""') + '"'


class EntityTable:
    """The rows of one entity, within a transaction of the caller's. Makes the table if need be."""

    # A table's name can't be bound; `quoted` is the only way into these statements.
    # ruff: noqa: S608

    def __init__(self, connection: sqlite3.Connection, name: Any) -> None:
        self._connection = connection
        self._name = quoted(name)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {self._name} {_COLUMNS}")

    def keys(self) -> set[str]:
        return {key for (key,) in self._connection.execute(f"SELECT id FROM {self._name}")}

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        found = self._connection.execute(f"SELECT id, data FROM {self._name}").fetchall()
        return ((key, read_object(text)) for key, text in found)

    def clear(self, condition: Condition | None) -> None:
        """Remove the rows for which the condition is true, all of them without one."""
        if condition is None:
            self._connection.execute(f"DELETE FROM {self._name}")
            return
        gone = [(key,) for key, content in self.rows() if condition(key, content)]
        self._connection.executemany(f"DELETE FROM {self._name} WHERE id = ?", gone)

    def put(self, rows: Iterable[Row]) -> int:
        """Write each row in place of the one with its id. Raises NotStorable."""
        written = [(row.key, write_json(row.content), row.timestamp) for row in rows]
        self._connection.executemany(
            f"INSERT INTO {self._name} (id, data, timestamp) VALUES (?, ?, COALESCE(?, {_NOW}))"
            " ON CONFLICT (id) DO UPDATE SET data = excluded.data, timestamp = excluded.timestamp",
            written,
        )
        return len(written)

    def merge(self, rows: Iterable[Row]) -> int:
        """Lay each row's fields over those of the row with its id. Raises NotStorable."""
        listed = list(rows)
        require_keys(listed)
        for row in listed:
            content = {**(self._content(row.key) or {}), **row.content}
            self.put([Row(row.key, content, row.timestamp)])
        return len(listed)

    def find_replace(self, wanted: Any, replacement: Any) -> int:
        """Put the replacement in place of what is wanted, as an id and at any depth.

        Where a row has the new id already the two become one, in which that row's fields win.
        Raises NotStorable.
        """
        old, new = id_text(wanted), id_text(replacement)
        held = {key: content for key, content in self.rows() if _holds(content, wanted)}
        for key, content in held.items():
            self._update("data", write_json(replaced(content, wanted, replacement)), key)
        renamed = self._content(old) if old != new else None
        if renamed is not None:
            self._rename(old, new, renamed)
        return len(held.keys() | ({old} if renamed is not None else set()))

    def _rename(self, old: str, new: str, content: Mapping[str, Any]) -> None:
        known = self._content(new)
        if known is None:
            self._update("id", new, old)
            return
        self._connection.execute(f"DELETE FROM {self._name} WHERE id = ?", (old,))
        self._update("data", write_json({**content, **known}), new)

    def _update(self, column: str, value: str, key: str) -> None:
        statement = f"UPDATE {self._name} SET {column} = ? WHERE id = ?"
        self._connection.execute(statement, (value, key))

    def _content(self, key: str | None) -> dict[str, Any] | None:
        statement = f"SELECT data FROM {self._name} WHERE id = ?"
        found = self._connection.execute(statement, (key,)).fetchone()
        return None if found is None else read_object(found[0])


def _holds(content: Mapping[str, Any], wanted: Any) -> bool:
    try:
        return holds(content, wanted)
    except RecursionError:  # only a definition's own statement writes a row as deep as this
        return False
