"""Writes an answer as tokens, and stops where the client cancels it."""

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from pysqlbridge.tds.packet import PacketType

from tests.tds.answers import (
    Answer,
    Count,
    Drop,
    EndlessCell,
    EndlessRows,
    Error,
    Info,
    Part,
    Rows,
    Silence,
    WaitForCancel,
    describe,
    encode_message,
    encode_row,
)
from tests.tds.kinds import INT, Column
from tests.tds.wire import Gone, Wire

_DONE, _DONE_PROCEDURE, _DONE_IN_PROCEDURE = 0xFD, 0xFE, 0xFF
_MORE, _ERROR, _COUNT, _ATTENTION = 0x01, 0x02, 0x10, 0x20
_SELECT, _UPDATE = 0xC1, 0xC5


class Cancelled(Exception):
    """The client does not want the rest of the answer."""


def done(status: int = 0, *, token: int = _DONE, command: int = 0, rows: int = 0) -> bytes:
    return struct.pack("<BHHQ", token, status, command, rows)


class Response:
    """The answer to one request; `handle` is what a statement was prepared under."""

    def __init__(
        self,
        wire: Wire,
        note_attention: Callable[[], None],
        *,
        is_to_procedure: bool,
        handle: int | None,
    ) -> None:
        self._wire = wire
        self._note_attention = note_attention
        self._is_to_procedure = is_to_procedure
        self._handle = handle
        # What ends the statement before; only its successor tells whether more follows.
        self._pending: tuple[int, int, int] | None = None

    def send(self, answer: Answer) -> None:
        """Send the answer whole, or as far as the client wants it."""
        try:
            for part in answer if isinstance(answer, Sequence) else [answer]:
                self._send_part(part)
            self._end()
        except Cancelled:
            self._wire.write(done(_ATTENTION))
        self._wire.end_message()

    def _send_part(self, part: Part) -> None:
        self._end_statement(_MORE)
        match part:
            case Rows():
                self._send_rows(part.columns, part.rows)
            case EndlessRows():
                self._send_rows(part.columns, repeat(part.row), pause=part.seconds_between)
            case EndlessCell():
                self._send_endless_cell(part.column)
            case Count():
                self._pending = (_COUNT, _UPDATE, part.rows)
            case Error():
                self._send_error(part)
            case Drop():
                self._wire.drop(after=part.after)
            case WaitForCancel():
                self._wire.flush()
                self._wait_for_cancel()
            case Silence():
                self._wire.flush()
                while True:
                    self._listen(None)
            case Info():
                self._wire.write(encode_message(part))

    def _send_rows(
        self, columns: Sequence[Column], rows: Iterable[Sequence[Any]], pause: float = 0
    ) -> None:
        sent = 0
        self._wire.write(describe(columns))
        for row in rows:
            sent += 1
            has_left = self._wire.write(encode_row(columns, row))
            if pause:
                self._wire.flush()
            if (has_left or pause) and self._listen(pause):
                raise Cancelled
        self._pending = (_COUNT, _SELECT, sent)

    def _send_endless_cell(self, column: Column) -> None:
        """Send chunks ([MS-TDS] 2.2.5.2.3, PLP) of which no one is the last."""
        self._wire.write(describe([column]) + b"\xd1" + struct.pack("<q", -2))
        while True:
            self._wire.write(struct.pack("<I", 4000) + b"a\0" * 2000)

    def _send_error(self, error: Error) -> None:
        self._wire.write(encode_message(error))
        if error.is_fatal:
            self._wire.write(done(_ERROR))
            self._wire.end_message()
            raise Gone
        self._pending = (_ERROR, 0, 0)

    def _end_statement(self, more: int) -> None:
        if self._pending is None:
            return
        status, command, rows = self._pending
        token = _DONE_IN_PROCEDURE if self._is_to_procedure else _DONE
        self._wire.write(done(status | more, token=token, command=command, rows=rows))
        self._pending = None

    def _end(self) -> None:
        if not self._is_to_procedure:
            self._pending = self._pending or (0, 0, 0)
            self._end_statement(0)
            return
        failed = self._pending is not None and self._pending[0] & _ERROR
        self._end_statement(_MORE)
        self._wire.write(struct.pack("<Bi", 0x79, 0))
        if self._handle is not None:
            value = INT.declaration + INT.encode(self._handle)
            self._wire.write(struct.pack("<BHBBIH", 0xAC, 0, 0, 1, 0, 0) + value)
        self._wire.write(done(_ERROR if failed else 0, token=_DONE_PROCEDURE))

    def _wait_for_cancel(self) -> None:
        while not self._listen(None):
            pass
        raise Cancelled

    def _listen(self, wait: float | None) -> bool:
        """Answer whether the client has cancelled by now."""
        message = self._wire.received(wait=wait)
        if message is None:
            return False
        assert message.type is PacketType.ATTENTION, f"{message.type.name} amid an answer"
        self._note_attention()
        return True
