"""One signed-in session: it runs a batch, reads the whole answer, and can be used again."""

import math
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from functions.engine.batches import Batch, Kind
from functions.engine.failures import EngineFailure, UpstreamTimeout, UpstreamTooLarge
from functions.engine.recordsets import Recordsets
from functions.sql_server.faults import told
from functions.sql_server.relays import FEW_BYTES, Relay

# Rows are fetched some at a time, as many as this could hold at the columns' declared sizes.
_FETCH_BYTES = 8_000_000
_MOST_FETCHED = 500
# A column of (max) declares no size.
_LARGE = 4_000_000
_CHECK_SECONDS = 5
# Of Microsoft's ODBC driver: SQL_COPT_SS_RESET_CONNECTION.
_RESET, _RESET_YES = 1246, 1
# What ODBC calls the precision of a real.
_SINGLE_BITS = 24

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
    """For one thread at a time, but for `cut`; what the driver raises is a failure of the call.

    Where there is a relay, whoever waits for the server returns at once when it is cut.
    """

    def __init__(
        self, connection: Any, error_type: type[Exception], relay: Relay | None = None
    ) -> None:
        self._connection = connection
        self._error_type = error_type
        self._relay = relay

    def run(self, batch: Batch, recordsets: Recordsets, *, seconds: float) -> None:
        """Run and read; the server is told to cancel what takes longer.

        Also raises what the recordsets do.
        """
        ends = time.monotonic() + seconds
        self._expect(recordsets.most_wire_bytes)

        def work() -> None:
            # Whole seconds are what ODBC has, and none would be no bound at all.
            self._connection.timeout = max(1, math.ceil(seconds))
            cursor = self._connection.cursor()
            cursor.setinputsizes([_ODBC_TYPES[bound.kind] for bound in batch.values])
            cursor.execute(batch.text, [bound.value for bound in batch.values])
            self._read(cursor, recordsets, ends)
            cursor.close()

        try:
            self._do(work)
        except EngineFailure:
            if self._relay is None or not self._relay.is_exhausted:
                raise
        else:
            return
        raise UpstreamTooLarge("The database's answer is too large.")

    def _expect(self, most_bytes: int) -> None:
        """Let no more than this come: the driver holds any cell and any message of a server."""
        if self._relay is not None:
            self._relay.expect(most_bytes)

    def _read(self, cursor: Any, recordsets: Recordsets, ends: float) -> None:
        while True:
            if cursor.description:
                recordsets.begin([column[0] for column in cursor.description])
                for rows in _fetched(cursor):
                    recordsets.add(rows)
                    _require_time(ends)
            else:
                recordsets.count(cursor.rowcount)
            _require_time(ends)
            if not cursor.nextset():
                return

    def renew(self) -> None:
        """Have the server forget what was set, made or begun, before it does anything else.

        [MS-TDS] 2.2.3.1.2, RESETCONNECTION.
        """
        self._do(lambda: self._connection.set_attr(_RESET, _RESET_YES))

    def is_alive(self) -> bool:
        """Ask the server for a sign of life: after a failover it has forgotten us."""

        self._expect(FEW_BYTES)

        def work() -> None:
            self._connection.timeout = _CHECK_SECONDS
            cursor = self._connection.cursor()
            cursor.execute("SELECT 1")
            cursor.fetchmany(1)
            cursor.close()

        try:
            self._do(work)
        except EngineFailure:
            return False
        return True

    def _do(self, work: Callable[[], None]) -> None:
        told(work, self._error_type)

    def close(self) -> None:
        """End it without a word to the server, which might not answer."""
        self.cut()
        with suppress(self._error_type):
            self._connection.close()

    def cut(self) -> None:
        """End the way to the server, from any thread."""
        if self._relay is not None:
            self._relay.close()


def _require_time(ends: float) -> None:
    if time.monotonic() > ends:
        raise UpstreamTimeout("The database did not send its answer in time.")


def _fetched(cursor: Any) -> Iterator[Sequence[Sequence[Any]]]:
    """Fetch some rows at a time, as many as may be held at once."""
    declared = sum(column[3] or _LARGE for column in cursor.description)
    most = max(1, min(_MOST_FETCHED, _FETCH_BYTES // declared))
    singles = [place for place, column in enumerate(cursor.description) if _is_single(column)]
    while rows := cursor.fetchmany(most):
        yield [_shortened(row, singles) for row in rows] if singles else rows


def _is_single(column: Sequence[Any]) -> bool:
    return column[1] is float and column[4] == _SINGLE_BITS


def _shortened(row: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Write a real with its own digits: as a double it would show some that it never had."""
    values = list(row)
    for place in places:
        if values[place] is not None:
            values[place] = _shortest(values[place])
    return values


def _shortest(value: float) -> float:
    single = struct.pack("<f", value)
    for digits in (6, 7, 8):
        near = float(f"{value:.{digits}g}")
        if struct.pack("<f", near) == single:
            return near
    return float(f"{value:.9g}")
