"""The first words with a SQL Server, as far as its certificate: TDS 7 ([MS-TDS] 2.2.6.5, 3.2.5.2).

Whoever is at the other end is trusted with nothing: what it may say is bounded here, and how long
it may take by whoever calls.
"""

import asyncio
import ssl
import struct
from typing import Self

# Packet types; the last packet of a message has the status 1.
_PRELOGIN, _RESPONSE = 0x12, 0x04
_HEADER = struct.Struct(">BBHHBB")
_PACKET_BYTES = 4096
MOST_BYTES = 65_536

# Options of PRELOGIN: each one's value stands at an offset in the message.
_VERSION, _ENCRYPTION, _INSTANCE, _THREAD, _MARS, _END = 0x00, 0x01, 0x02, 0x03, 0x04, 0xFF
_OPTION = struct.Struct(">BHH")
_ENCRYPTION_ON, _ENCRYPTION_REQUIRED = 1, 3
_GREETING = {
    _VERSION: bytes(6),
    _ENCRYPTION: bytes([_ENCRYPTION_ON]),
    _INSTANCE: bytes(1),
    _THREAD: bytes(4),
    _MARS: bytes(1),
}


class NotSqlServer(Exception):
    """What answers there does not speak TDS."""


class TlsRefused(Exception):
    """The server ends the handshake, or does not encrypt at all."""


class Wire:
    """One connection. Every method may raise OSError as well."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._left = MOST_BYTES

    @classmethod
    async def connect(cls, address: str, port: int, *, bind_address: str | None) -> Self:
        source = (bind_address, 0) if bind_address else None
        return cls(*await asyncio.open_connection(address, port, local_addr=source))

    def close(self) -> None:
        """Hang up at once, whatever was not sent yet."""
        self._writer.transport.abort()

    async def greet(self) -> str:
        """Agree that all shall be encrypted, and return the server's version.

        Raises NotSqlServer or TlsRefused.
        """
        self._send(_write_options(_GREETING))
        try:
            answered = _read_options(await self._receive(_RESPONSE))
            major, minor, build = struct.unpack_from(">BBH", answered[_VERSION])
            encryption = answered[_ENCRYPTION][0]
        except (asyncio.IncompleteReadError, KeyError, IndexError, struct.error):
            raise NotSqlServer from None
        if encryption not in (_ENCRYPTION_ON, _ENCRYPTION_REQUIRED):
            raise TlsRefused
        return f"{major}.{minor}.{build}"

    async def secure(self, context: ssl.SSLContext, *, name: str) -> ssl.SSLObject:
        """Shake hands inside TDS packets.

        Raises TlsRefused, ssl.SSLCertVerificationError when the context verifies, and ValueError
        for a name that no server can have.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
        try:
            while not _is_done(tls):
                self._send(outgoing.read())
                incoming.write(await self._receive(_PRELOGIN, _RESPONSE))
        except ssl.SSLCertVerificationError:
            raise
        except (ssl.SSLError, asyncio.IncompleteReadError, NotSqlServer):
            raise TlsRefused from None
        return tls

    def _send(self, body: bytes) -> None:
        room = _PACKET_BYTES - _HEADER.size
        parts = [body[start : start + room] for start in range(0, len(body), room)]
        for number, part in enumerate(parts, 1):
            header = (_PRELOGIN, number == len(parts), _HEADER.size + len(part), 0, number, 0)
            self._writer.write(_HEADER.pack(*header) + part)

    async def _receive(self, *types: int) -> bytes:
        """Read one packet of these types; raises NotSqlServer at any other and at too many."""
        kind, _, length, *_ = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
        self._left -= length
        if kind not in types or length < _HEADER.size or self._left < 0:
            raise NotSqlServer
        return await self._reader.readexactly(length - _HEADER.size)


def _is_done(tls: ssl.SSLObject) -> bool:
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _write_options(options: dict[int, bytes]) -> bytes:
    table, values = b"", b""
    for option, value in options.items():
        start = len(options) * _OPTION.size + 1 + len(values)
        table += _OPTION.pack(option, start, len(value))
        values += value
    return table + bytes([_END]) + values


def _read_options(message: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    position = 0
    while message[position] != _END:
        option, start, length = _OPTION.unpack_from(message, position)
        options[option] = message[start : start + length]
        position += _OPTION.size
    return options
