"""A loopback server that says exactly what a test tells it to, byte by byte."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from types import TracebackType
from typing import Self

from jigxmgmt.outbound import Client, Policy, Request, Response

LOOPBACK = Policy(allowed_networks=(ip_network("127.0.0.0/8"),))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behaviour = Callable[["Connection"], Awaitable[None]]


class Connection:
    """One client's connection, seen from the server."""

    def __init__(
        self, upstream: "Upstream", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._upstream = upstream
        self._reader = reader
        self.writer = writer

    async def hear(self) -> bytes:
        """Read one request, note it down, and return it; empty when the client hung up."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        request = head + await self._reader.readexactly(length)
        self._upstream.requests.append(request)
        return request

    async def say(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def hang_up_heard(self) -> None:
        await self._reader.read()


class Upstream:
    """Notes requests and peers; every connection follows the one behaviour given."""

    def __init__(
        self,
        behave: Behaviour,
        *,
        is_everywhere: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._behave = behave
        self._is_everywhere = is_everywhere
        self._ssl_context = ssl_context
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.requests: list[bytes] = []
        self.peers: list[str] = []

    @property
    def open_connections(self) -> int:
        return len(self._writers)

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        scheme = "http" if self._ssl_context is None else "https"
        return f"{scheme}://{host}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        listening = self._listen()
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(
            self._serve, sock=listening, ssl=self._ssl_context
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)

    def _listen(self) -> socket.socket:
        """Listen on one port, at all addresses of both families when asked to."""
        if not self._is_everywhere:
            return socket.create_server(("127.0.0.1", 0))
        if not socket.has_dualstack_ipv6():
            return socket.create_server(("", 0))
        return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.peers.append(writer.get_extra_info("peername")[0])
        try:
            await self._behave(Connection(self, reader, writer))
        except ConnectionError:
            pass  # the client hung up first, as the tests of bounds want it to
        finally:
            self._writers.discard(writer)
            writer.close()


def answering(octets: bytes) -> Behaviour:
    """Answer every request of a connection with the same octets, and keep the connection."""

    async def behave(connection: Connection) -> None:
        while await connection.hear():
            await connection.say(octets)

    return behave


def answering_once(octets: bytes) -> Behaviour:
    """Answer the first request, then hang up."""

    async def behave(connection: Connection) -> None:
        await connection.hear()
        await connection.say(octets)

    return behave


def repeating(start: bytes, again: bytes) -> Behaviour:
    """Begin an answer that never ends."""

    async def behave(connection: Connection) -> None:
        await connection.hear()
        await connection.say(start)
        while True:
            await connection.say(again)
            await asyncio.sleep(0)

    return behave


def silent_after(octets: bytes) -> Behaviour:
    """Begin an answer, then say nothing more until the client gives up."""

    async def behave(connection: Connection) -> None:
        await connection.hear()
        await connection.say(octets)
        await connection.hang_up_heard()

    return behave


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def get(client: Client, url: str, policy: Policy = LOOPBACK) -> int:
    response = await client.send(Request("GET", url), policy=policy, timeout=5, max_bytes=1000)
    return response.status


def ask(
    behave: Behaviour,
    *,
    method: str = "GET",
    path: str = "/",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
    timeout: float = 5.0,
    max_bytes: int = 10_000,
) -> tuple[Response, list[bytes]]:
    """Send one request to a server that behaves so; return the answer and what the server heard."""

    async def story() -> tuple[Response, list[bytes]]:
        async with Upstream(behave) as upstream:
            client = Client()
            try:
                response = await client.send(
                    Request(method, upstream.url(path), headers, body),
                    policy=LOOPBACK,
                    timeout=timeout,
                    max_bytes=max_bytes,
                )
            finally:
                await client.close()
            return response, upstream.requests

    return asyncio.run(story())
