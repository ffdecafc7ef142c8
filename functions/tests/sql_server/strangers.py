"""What may listen where a SQL Server is said to be."""

import asyncio
import contextlib
import socket
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from pysqlbridge.tds.packet import PacketType, build_packet
from pysqlbridge.tds.prelogin import Encryption, server_response

Stranger = Callable[[Reader, Writer], Awaitable[None]]

EMPTY_PACKET = build_packet(PacketType.PRELOGIN, b"")


def _greeting(encryption: Encryption) -> bytes:
    answer = server_response(encryption=encryption).build()
    packet: bytes = build_packet(PacketType.TABULAR_RESULT, answer)
    return packet


async def silent(reader: Reader, writer: Writer) -> None:
    """Listen until the other one goes."""
    await reader.read()


async def rude(reader: Reader, writer: Writer) -> None:
    """Hang up at once."""


async def web_server(reader: Reader, writer: Writer) -> None:
    """Answer as HTTP does."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def flood(reader: Reader, writer: Writer) -> None:
    """Send what never ends, and what would be a huge packet."""
    await _pour(writer, b"\x04\x01\xff\xff\x00\x00\x01\x00" + b"\x00" * 65527)


async def empty_greeting(reader: Reader, writer: Writer) -> None:
    """Answer with a packet that holds nothing."""
    await reader.read(1)
    writer.write(build_packet(PacketType.TABULAR_RESULT, b""))
    await reader.read()


async def plain_server(reader: Reader, writer: Writer) -> None:
    """Offer no encryption."""
    await reader.read(1)
    writer.write(_greeting(Encryption.NOT_SUPPORTED))
    await reader.read()


async def silent_in_tls(reader: Reader, writer: Writer) -> None:
    """Answer the greeting and nothing more."""
    await reader.read(1)
    writer.write(_greeting(Encryption.ON))
    await reader.read()


async def babbling_in_tls(reader: Reader, writer: Writer) -> None:
    """Never come to the point of the handshake."""
    await reader.read(1)
    writer.write(_greeting(Encryption.ON))
    await _pour(writer, EMPTY_PACKET * 1000)


async def nonsense_in_tls(reader: Reader, writer: Writer) -> None:
    """Answer the handshake with what is none."""
    await reader.read(1)
    writer.write(_greeting(Encryption.ON) + build_packet(PacketType.PRELOGIN, b"nonsense"))
    await reader.read()


async def _pour(writer: Writer, drop: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(drop)
            await writer.drain()


@contextlib.asynccontextmanager
async def listening(stranger: Stranger) -> AsyncIterator[int]:
    """Let the stranger listen, and give the port; wait until the last talk is over."""
    talks: list[asyncio.Task[None]] = []

    def meet(reader: Reader, writer: Writer) -> None:
        talks.append(asyncio.create_task(_talk(stranger, reader, writer)))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*talks)


async def _talk(stranger: Stranger, reader: Reader, writer: Writer) -> None:
    with contextlib.suppress(ConnectionError):
        await stranger(reader, writer)
    writer.transport.abort()


@contextlib.contextmanager
def busy_port() -> Iterator[int]:
    """Hold a port where nobody is let in any more, and nobody is turned away either."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
