"""One signed-in session: it runs a batch, reads the whole answer, and can be used again."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from functions.engine.batches import Batch, Kind
from functions.engine.failures import EngineFailure, UpstreamTimeout
from functions.engine.recordsets import Recordsets
from functions.sql_server.faults import Told, failures_of

# Rows are fetched some at a time, as many as this could hold at the columns' declared sizes.
_FETCH_BYTES = 8_000_000
_MOST_FETCHED = 500
# A column of (max) declares no size.
_LARGE = 4_000_000
_CHECK_SECONDS = 5

# ODBC's codes (sql.h, sqlext.h) with size and scale; 0 for what has none, and for (max).
_ODBC_TYPES: dict[Kind, tuple[int, int, int]] = {
    Kind.TEXT: (-9, 4_000, 0),
    Kind.LONG_TEXT: (-9, 0, 0),
    Kind.WHOLE: (-5, 0, 0),
    Kind.EXACT: (3, 38, 10),
    Kind.FLOAT: (8, 0, 0),
    Kind.BIT: (-7, 0, 0),
    Kind.OCTETS: (-3, 0, 0),
}


class Session:
    """For one thread at a time; every method but `close` raises what `failures_of` makes.

    `reset` asks the driver to have the server forget what the last user of the session left
    (settings, temporary tables, a transaction) before it does anything else ([MS-TDS] 2.2.3.1.2,
    RESETCONNECTION).
    """

    def __init__(
        self,
        connection: Any,
        *,
        error_type: type[Exception],
        told_by: Callable[[Exception], Told],
        reset: Callable[[Any], None],
    ) -> None:
        self._connection = connection
        self._error_type = error_type
        self._told_by = told_by
        self._reset = reset

    def run(self, batch: Batch, recordsets: Recordsets, *, seconds: float) -> None:
        """Run and read; the server is told to cancel what takes longer. Also raises TooLarge."""
        ends = time.monotonic() + seconds
        with failures_of(self._error_type, self._told_by):
            # Whole seconds are what ODBC has, and none would be no bound at all.
            self._connection.timeout = max(1, math.ceil(seconds))
            cursor = self._connection.cursor()
            cursor.setinputsizes([_ODBC_TYPES[bound.kind] for bound in batch.values])
            cursor.execute(batch.text, [bound.value for bound in batch.values])
            _read(cursor, recordsets, ends=ends)
            cursor.close()

    def renew(self) -> None:
        """Make it as new for whoever is next."""
        with failures_of(self._error_type, self._told_by):
            self._reset(self._connection)

    def is_alive(self) -> bool:
        """Ask the server for a sign of life: after a failover it has forgotten us."""
        try:
            with failures_of(self._error_type, self._told_by):
                self._connection.timeout = _CHECK_SECONDS
                cursor = self._connection.cursor()
                cursor.execute("SELECT 1")
                cursor.fetchall()
                cursor.close()
        except EngineFailure:
            return False
        return True

    def close(self) -> None:
        with suppress(self._error_type):
            self._connection.close()


def _read(cursor: Any, recordsets: Recordsets, *, ends: float) -> None:
    while True:
        if cursor.description:
            recordsets.begin([column[0] for column in cursor.description])
            most = _rows_at_once(cursor.description)
            while rows := cursor.fetchmany(most):
                recordsets.add(rows)
                if time.monotonic() > ends:
                    raise UpstreamTimeout("The database did not send its rows in time.")
        else:
            recordsets.count(cursor.rowcount)
        if not cursor.nextset():
            return


def _rows_at_once(description: Sequence[Sequence[Any]]) -> int:
    declared = sum(column[3] or _LARGE for column in description)
    return max(1, min(_MOST_FETCHED, _FETCH_BYTES // declared))
