"""What a statement of a definition or of a caller may do: entities' rows, and for a while."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from functions.device.tables import entity_names

# Both are SQLite's word for it: a statement that can't be run, or more than one in a text.
FAILURES = (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError)
SECONDS = 5.0
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
    entities = frozenset(entity_names(connection))
    deadline = time.monotonic() + SECONDS

    def is_allowed(action: int, first: str | None, second: str | None) -> bool:
        if action in _READS:
            return True
        if action == sqlite3.SQLITE_READ:
            return first in entities or first in _TABLE_FUNCTIONS
        if action == sqlite3.SQLITE_FUNCTION:
            return second is not None and second.lower() not in _REFUSED_FUNCTIONS
        return may_write and action in _WRITES and first in entities

    def authorize(
        action: int, first: str | None, second: str | None, _place: str | None, _by: str | None
    ) -> int:
        is_fine = is_allowed(action, first, second)
        return sqlite3.SQLITE_OK if is_fine else sqlite3.SQLITE_DENY

    connection.set_authorizer(authorize)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
