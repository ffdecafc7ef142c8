"""Reads a message from its beginning to its end."""

import struct


class Reader:
    def __init__(self, message: bytes) -> None:
        self._message = message
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position >= len(self._message)

    def take(self, length: int) -> bytes:
        taken = self._message[self._position : self._position + length]
        assert len(taken) == length, "the message ends too early"
        self._position += length
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def long(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def text(self, characters: int) -> str:
        return self.take(characters * 2).decode("utf-16-le")

    def chunks(self) -> bytes | None:
        """Read a value that has no bound ([MS-TDS] 2.2.5.2.3)."""
        [total] = struct.unpack("<Q", self.take(8))
        if total == 2**64 - 1:
            return None
        read = b""
        while length := self.long():
            read += self.take(length)
        return read
