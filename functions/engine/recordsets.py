"""What a database answers, as JSON: rows by column name, outputs, counts, or the server's error.

Cells: bit is a boolean; a number of more digits than a double holds is a text, any other a number;
dates and times are ISO 8601; uniqueidentifier is a text in lower case; binary is base64.
"""

import base64
import datetime
import decimal
import math
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from functions.engine.batches import ERROR_MARK, ERROR_NAMES, MARK
from functions.engine.failures import BadResponse, SqlError, UpstreamTooLarge
from functions.engine.types import Limits

# A double counts whole numbers up to here (IEEE 754).
_COUNTED = 2**53
_MOST_NAMES = 5
# What a set without rows takes here; a server may send any number of them.
_SET_BYTES = 64
_ON_THE_WIRE, _BESIDES_BYTES = 4, 1_000_000


class Recordsets:
    """Collects one answer, set by set, within the limits; used on the thread that reads.

    Every method raises UpstreamTooLarge or BadResponse.
    """

    def __init__(self, limits: Limits, *, outputs: Sequence[str]) -> None:
        self._limits = limits
        self._outputs = outputs
        self._names: list[str] = []
        self._is_marked = False
        self._marked: list[dict[str, Any]] = []
        self._sets: list[list[bytes]] = []
        self._begun = self._rows = 0
        self.size = 0
        self.rows_affected = 0

    def begin(self, names: Sequence[str]) -> None:
        """Begin a result set with these columns."""
        self._names = [_text(name) for name in names]
        self._is_marked = bool(names) and names[0].startswith(MARK)
        self._marked = []  # ours come last
        self._begun += 1
        self._require_room()
        if not self._is_marked:
            _require_names(self._names)
            self._sets.append([])

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in some more rows of the set that was begun last."""
        written = [
            {name: _cell(value) for name, value in zip(self._names, row, strict=True)}
            for row in rows
        ]
        chunk = orjson.dumps(written)[1:-1]
        self.size += len(chunk)
        self._require_room()
        if self._is_marked:
            self._marked += written
            return
        self._rows += len(rows)
        if self._rows > self._limits.rows:
            raise UpstreamTooLarge("The database's answer has more rows than a call may read.")
        if chunk:
            self._sets[-1].append(chunk)

    def _require_room(self) -> None:
        if self.size + self._begun * _SET_BYTES > self._limits.response_bytes:
            raise UpstreamTooLarge("The database's answer is too large.")

    def count(self, rows: int) -> None:
        """Add the rows that a statement without a result set changed."""
        self.rows_affected = min(self.rows_affected + max(rows, 0), _COUNTED)

    @property
    def most_wire_bytes(self) -> int:
        """Bound what an answer within the limits takes on its way.

        A letter is two bytes there, a small decimal 17, and what says nothing here travels too.
        """
        return _ON_THE_WIRE * self._limits.response_bytes + _BESIDES_BYTES

    @property
    def first(self) -> str:
        """The first set as the JSON of an array; without any set an empty one."""
        return _array(self._sets[0]) if self._sets else "[]"

    @property
    def document(self) -> str:
        """The JSON of `{"recordsets": [[…]], "output": {…}, "rowsAffected": n}`."""
        sets = ",".join(map(_array, self._sets))
        output = orjson.dumps(self._output()).decode()
        return f'{{"recordsets":[{sets}],"output":{output},"rowsAffected":{self.rows_affected}}}'

    def _output(self) -> dict[str, Any]:
        row = self._marked[-1] if self._marked else {}
        return {name: row.get(f"{MARK}{place}") for place, name in enumerate(self._outputs)}

    def require_no_error(self) -> None:
        """Raise SqlError where the last set is the server's error: number, severity, state, …"""
        row = self._marked[-1] if self._marked else {}
        if ERROR_MARK in row:
            details = {name: row.get(name) for name in ERROR_NAMES}
            details["number"] = row[ERROR_MARK]
            raise SqlError(str(details["message"]), details=details)


def _array(chunks: list[bytes]) -> str:
    return f"[{b','.join(chunks).decode()}]"


def _require_names(names: Sequence[str]) -> None:
    """Refuse columns that could not be told apart in an object."""
    empty = [f"number {place}" for place, name in enumerate(names, 1) if not name]
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if empty or twice:
        named = ", ".join([*twice, *empty][:_MOST_NAMES])
        raise BadResponse(
            f"Columns of the result have no name, or that of another: {named}.",
            details={"columns": [*twice, *empty][:_MOST_NAMES]},
        )


def _cell(value: Any) -> Any:
    write = _WRITERS.get(type(value))
    return value if write is None else write(value)


def _whole(value: int) -> int | str:
    return value if -_COUNTED <= value <= _COUNTED else str(value)


def _exact(value: decimal.Decimal) -> int | float | str:
    """Write a number where a double has all of its digits, else a text."""
    if value == value.to_integral_value() and abs(value) <= _COUNTED:
        return int(value)
    near = float(value)
    return near if math.isfinite(near) and decimal.Decimal(repr(near)) == value else f"{value:f}"


def _text(value: str) -> str:
    """Make half characters marks; JSON can't hold them, and a column can."""
    return (
        value
        if value.isascii()
        else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def _octets(value: bytes) -> str:
    return base64.b64encode(value).decode()


_WRITERS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    decimal.Decimal: _exact,
    datetime.datetime: datetime.datetime.isoformat,
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
    uuid.UUID: str,
    bytes: _octets,
    bytearray: _octets,
}
