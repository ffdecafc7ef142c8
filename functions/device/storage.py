"""The device's one SQLite file: a table an entity, and the queue of commands.

Written in one transaction a call, read through a connection that can't write. One object may be
used by several threads, one file by several processes.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.device import commands
from functions.device.guarding import BYTES, FAILURES, guarded
from functions.device.refusals import NoSuchTable, NotReadable, NotStorable
from functions.device.tables import EntityTable, entity_names, is_reserved
from functions.device.writing import Answer, write_answer

__all__ = ["NotReadable", "NotStorable", "Storage", "Table"]

MOST_ROWS = 50_000
_BUSY_SECONDS = 30.0
_OF_STATEMENTS = ("no such", "near ", "ambiguous column", "incomplete input", "wrong number of")
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)", re.DOTALL)
_BESIDE = ("-wal", "-shm", "-journal", "-sending")


@dataclass(frozen=True, slots=True)
class Table:
    """What a statement found."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(repr=False)


class Storage:
    """The rows and the queue of one person's device. Open it once, close or wipe it at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._is_closed = False
        # SQLite gives the files beside it the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BYTES)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A command's parameters are gone once it was delivered, not only out of sight.
            self._connection.execute("PRAGMA secure_delete = ON")
            with self.transaction() as connection:
                connection.execute(commands.SCHEMA)
        except BaseException:
            self._connection.close()
            raise

    def store(
        self,
        source: Mapping[str, Any],
        *,
        entity: str,
        records: Sequence[Any],
        operations: Sequence[Mapping[str, Any]],
        parameters: Mapping[str, Any],
        is_first_page: bool = True,
    ) -> int:
        """Write what a call that ended well brought, or the operations of one that did not.

        Returns how many rows were written. Raises NotStorable, and then nothing was.
        """
        answer = Answer(
            source=source,
            entity=entity,
            records=records,
            operations=operations,
            parameters=parameters,
            is_first_page=is_first_page,
        )
        with self.transaction() as connection:
            return write_answer(connection, answer)

    def query(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Table:
        """Read entities' rows with one statement. Raises NotReadable, as NoSuchTable for one."""
        try:
            with closing(self._reader()) as reader, guarded(reader, may_write=False):
                found = reader.execute(statement, values)
                rows = found.fetchmany(MOST_ROWS + 1)
                columns = tuple(column[0] for column in found.description or ())
        except FAILURES as failure:
            unknown = _NO_TABLE.fullmatch(str(failure))
            if unknown is not None and not is_reserved(unknown[1]):
                raise NoSuchTable(unknown[1]) from None
            raise NotReadable("not_readable", f"This can't be read ({_reason(failure)}).") from None
        if len(rows) > MOST_ROWS:
            raise NotReadable("too_many_rows", f"A query may give {MOST_ROWS} rows.")
        return Table(columns, rows)

    def make_table(self, entity: str) -> None:
        """Make an entity's table, if it is not there. Raises NotStorable."""
        with self.transaction() as connection:
            EntityTable(connection, entity)

    def entity_names(self) -> list[str]:
        """Name the entities of which rows were stored here."""
        with self.transaction() as connection:
            return entity_names(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; other writers wait. Raises NotStorable."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                raise NotStorable("storage_failed", "The device's file can't be written.") from None

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._is_closed = True

    def wipe(self) -> None:
        """Close, and leave no file behind."""
        self.close()
        for suffix in ("", *_BESIDE):
            self.beside(suffix).unlink(missing_ok=True)

    def beside(self, suffix: str) -> Path:
        """Name a file that belongs to this one."""
        return self.path.with_name(self.path.name + suffix)

    def _reader(self) -> sqlite3.Connection:
        if self._is_closed:
            raise NotReadable("closed", "The device's file is closed.")
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        reader = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        reader.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BYTES)
        return reader


def _reason(failure: Exception) -> str:
    """Name what is wrong with a statement to who wrote it, and of all else only the kind."""
    text = str(failure)
    if text.startswith(_OF_STATEMENTS):
        return text
    return str(getattr(failure, "sqlite_errorname", type(failure).__name__))
