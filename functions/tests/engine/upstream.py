"""A service on loopback, and one call against it through the real way out."""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from aiohttp import web

from functions import engine
from jigxmgmt import outbound

LOOPBACK = outbound.Policy(allowed_networks=(ipaddress.IPv4Network("127.0.0.0/8"),))


@dataclass(frozen=True)
class Received:
    method: str
    path: str  # as it was sent, query included
    headers: Mapping[str, str]
    body: bytes
    query: list[tuple[str, str]]

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.query)


Service = Callable[[Received], web.Response | Awaitable[web.Response]]


@dataclass(frozen=True)
class Played:
    """The outcome of a call, and what the service saw of it."""

    outcome: engine.Outcome
    requests: list[Received]
    address: str

    @property
    def request(self) -> Received:
        assert len(self.requests) == 1
        return self.requests[0]

    @property
    def error(self) -> str | None:
        return self.outcome.error["name"] if self.outcome.error is not None else None


@dataclass(frozen=True)
class Bound:
    """Sends through the outbound client, under the policy that lets loopback through."""

    client: outbound.Client
    policy: outbound.Policy

    async def send(
        self, request: outbound.Request, *, timeout: float, max_bytes: int
    ) -> outbound.Response:
        return await self.client.send(
            request, policy=self.policy, timeout=timeout, max_bytes=max_bytes
        )


class Unused:
    """A way out that must not be taken."""

    async def send(
        self, request: outbound.Request, *, timeout: float, max_bytes: int
    ) -> outbound.Response:
        raise AssertionError(f"{request} was sent")


@dataclass(frozen=True)
class Stage:
    """Everything of a call that is not its definition; `ADDRESS` stands for the service's."""

    service: Service = field(default=lambda _request: web.json_response({}))
    parameters: Mapping[str, Any] = field(default_factory=dict)
    credentials: tuple[engine.Credential, ...] = ()
    limits: engine.Limits = field(default_factory=engine.Limits)
    seconds: float = 10.0
    policy: outbound.Policy = LOOPBACK
    call: Mapping[str, Any] = field(default_factory=dict)
    refresh: engine.Refresh | None = None
    mint: engine.Mint | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)


ADDRESS = "http://service.test"


def credential(
    key: str, secret: str, *, type: str = "api_key", origins: tuple[str, ...] = (ADDRESS,)
) -> engine.Credential:
    return engine.Credential(key, type, engine.Secret(secret), origins)


def check(
    source: Mapping[str, Any], scripts: Mapping[str, str] = MappingProxyType({})
) -> engine.Definition:
    checked = engine.check_definition(source, name="function", scripts=scripts)
    assert checked.faults == []
    assert checked.definition is not None
    return checked.definition


def get(**keys: Any) -> dict[str, Any]:
    """Define a function that gets from the service, with these keys besides."""
    return {"provider": "DATA_PROVIDER_REST", "method": "GET", "url": f"{ADDRESS}/rows", **keys}


def serve(body: Any, *, headers: dict[str, str] | None = None) -> Service:
    """Answer every request with this as JSON."""
    return lambda _request: web.json_response(body, headers=headers)


def post(**keys: Any) -> dict[str, Any]:
    return get(**{"method": "POST", **keys})


def play(source: Mapping[str, Any], stage: Stage | None = None, **staged: Any) -> Played:
    """Call a function once against the service."""
    return asyncio.run(_play(source, stage or Stage(**staged)))


async def _play(source: Mapping[str, Any], stage: Stage) -> Played:
    requests: list[Received] = []

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        received = Received(
            request.method,
            request.raw_path,
            request.headers,
            await request.read(),
            list(request.query.items()),
        )
        requests.append(received)
        answer = stage.service(received)
        return answer if isinstance(answer, web.Response) else await answer

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = outbound.Client()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        given = replace(stage, parameters=at(address, stage.parameters))
        outcome = await call(source, given, address, Bound(client, stage.policy))
    finally:
        await client.close()
        await runner.cleanup()
    return Played(outcome, requests, address)


async def call(
    source: Mapping[str, Any], stage: Stage, address: str, transport: engine.Transport
) -> engine.Outcome:
    """Run a function once; `ADDRESS` in its definition becomes this address."""
    held = {
        known.key: engine.Credential(
            known.key,
            known.type,
            known.secret,
            tuple(at(address, origin) for origin in known.origins),
        )
        for known in stage.credentials
    }

    async def find(key: str) -> engine.Credential | None:
        return held.get(key)

    processes = engine.ScriptProcesses()
    surroundings = engine.Surroundings(
        credentials=find,
        transport=transport,
        deadline=time.monotonic() + stage.seconds,
        scripts=processes.of("owner"),
        limits=stage.limits,
        refresh=stage.refresh,
        mint=stage.mint,
    )
    one = engine.Call(
        definition=check(at(address, source), stage.scripts),
        parameters=stage.parameters,
        **stage.call,
    )
    try:
        return await engine.run(one, surroundings=surroundings)
    finally:
        processes.close()


def at(address: str, value: Any) -> Any:
    """Put the service's real address wherever `ADDRESS` stands."""
    if isinstance(value, str):
        return value.replace(ADDRESS, address)
    if isinstance(value, Mapping):
        return {key: at(address, item) for key, item in value.items()}
    if isinstance(value, list):
        return [at(address, item) for item in value]
    return value
