"""What a statement of a definition or of a caller may do: entities' rows, and for a while."""

import sqlite3
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager

from functions.device.tables import entity_names, is_reserved

# Both are SQLite's word for it: a statement that can't be run, or more than one in a text.
FAILURES = (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError)
SECONDS = 2.0
BYTES = 32_000_000
_STEPS_BETWEEN_LOOKS = 1000
_TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})
_REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer"})
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})
_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})


@contextmanager
def guarded(connection: sqlite3.Connection, *, may_write: bool) -> Iterator[None]:
    """Hold statements to the rows of entities, and to their time, until the block ends.

    What is allowed is listed: our own tables, SQLite's, ATTACH, PRAGMA, a change to a table or to
    the transaction are not.
    """
    entities = {name.lower() for name in entity_names(connection)}
    # SQLite declares a table at their first use, which no statement of others may.
    for function in _TABLE_FUNCTIONS - entities:
        connection.execute(f"SELECT 1 FROM {function}('[]')")  # noqa: S608
    deadline = time.monotonic() + SECONDS

    def authorize(
        action: int, first: str | None, second: str | None, _place: str | None, _by: str | None
    ) -> int:
        name, detail = (first or "").lower(), (second or "").lower()
        is_allowed = (
            action in _READS
            or (action == sqlite3.SQLITE_READ and _may_read(name, detail, entities))
            or (action == sqlite3.SQLITE_FUNCTION and detail not in _REFUSED_FUNCTIONS)
            or (may_write and action in _WRITES and name in entities)
        )
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    connection.set_authorizer(authorize)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)


def _may_read(name: str, column: str, entities: Set[str]) -> bool:
    # Without a column a name may be that of a WITH, whose rows are only counted.
    is_counted = not column and not is_reserved(name)
    return name in entities or name in _TABLE_FUNCTIONS or is_counted
