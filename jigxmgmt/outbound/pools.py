"""Keeps one pool of connections per policy: none opened under one is ever used under another."""

import socket
import ssl
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.resolver import DefaultResolver
from aiohttp.tracing import Trace

from jigxmgmt.outbound.addresses import Policy, vet, vetted
from jigxmgmt.outbound.bodies import ACCEPT_ENCODING

MAX_POOLS = 64
MAX_HEADERS = 128
MAX_HEADER_BYTES = 16_384
# Node, Apache and uvicorn hang up after 5 s of silence, and a POST that meets the hang-up fails.
KEEP_ALIVE_SECONDS = 4.0


class VettedResolver(AbstractResolver):
    """Answer only with addresses that may be connected to.

    Happy Eyeballs would swallow a refusal by the socket factory when a name has several addresses.
    """

    def __init__(self, resolver: AbstractResolver, policy: Policy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._resolver.resolve(host, port, family)
        kept = set(vetted([answer["host"] for answer in answers], self._policy))
        if not kept:
            raise OSError("no address")
        return [answer for answer in answers if answer["host"] in kept]

    async def close(self) -> None:
        """The resolver is shared by all pools; whoever made it closes it."""


def open_vetted_socket(policy: Policy, target: AddrInfoType) -> socket.socket:
    """Vet the very address that is connected next, so that no later answer can replace it."""
    family, kind, protocol, _, address = target
    vet(str(address[0]), policy)
    return socket.socket(family, kind, protocol)


class Connector(aiohttp.TCPConnector):
    """Reuse no connection on which the server spoke unasked.

    The library takes such words for the answer to the next request, which is somebody else's.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is not None and not connection.protocol.should_close:
                break
            connection.close()
        return connection


@dataclass(slots=True)
class Pool:
    """The session of one policy, and how many calls use it now."""

    session: aiohttp.ClientSession
    calls: int = 0


class Pools:
    """The pools of one event loop, least recently used first."""

    def __init__(
        self,
        *,
        user_agent: str,
        max_connections: int,
        resolver: AbstractResolver | None,
        ssl_context: ssl.SSLContext,
    ) -> None:
        self._user_agent = user_agent
        self._max_connections = max_connections
        self._given_resolver = resolver
        self._resolver: AbstractResolver | None = resolver
        self._ssl_context = ssl_context
        self._pools: OrderedDict[Policy, Pool] = OrderedDict()

    async def find(self, policy: Policy) -> Pool:
        """Return the policy's pool; the caller counts itself in `calls` before it awaits again."""
        if policy not in self._pools:
            await self._make_room()
        pool = self._pools.get(policy)
        if pool is None:
            pool = self._pools[policy] = Pool(self._open(policy))
        self._pools.move_to_end(policy)
        return pool

    async def close(self) -> None:
        while self._pools:
            _, pool = self._pools.popitem()
            await pool.session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def _make_room(self) -> None:
        """Close idle pools; those in use stay, even when that is one too many for a while."""
        while len(self._pools) >= MAX_POOLS:
            idle = next((policy for policy, pool in self._pools.items() if not pool.calls), None)
            if idle is None:
                return
            await self._pools.pop(idle).session.close()

    def _open(self, policy: Policy) -> aiohttp.ClientSession:
        if self._resolver is None:
            self._resolver = DefaultResolver()
        connector = Connector(
            ssl=self._ssl_context,
            resolver=VettedResolver(self._resolver, policy),
            # Whoever brings a resolver decides how long its answers hold.
            use_dns_cache=self._given_resolver is None,
            local_addr=(policy.bind_address, 0) if policy.bind_address else None,
            limit=self._max_connections,
            # So that one slow service leaves connections for the others.
            limit_per_host=max(1, self._max_connections // 2),
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            socket_factory=partial(open_vetted_socket, policy),
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": ACCEPT_ENCODING},
            skip_auto_headers=("Content-Type",),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )
