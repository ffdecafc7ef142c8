"""Ways into the inner network, each tried through the client against a server in it."""

import asyncio
import socket
from ipaddress import ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from jigxmgmt.outbound import (
    AddressRefused,
    BadRequest,
    Client,
    OutboundFailure,
    Policy,
    Unreachable,
)
from jigxmgmt.tests.upstream import LOOPBACK, OK, Upstream, answering, answering_once, get

TO_LOOPBACK = (
    "http://127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}/",
    "http://127.0.0.2:{port}/",
    "http://127.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://localhost:{port}/",
    "http://LocalHost:{port}/",
    "http://[::]:{port}/",
    "http://[::1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/",
    "http://public.example@127.0.0.1:{port}/",
    "http://public.example:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@public.example/",
    "http://%31%32%37.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
)
TO_OTHERS = (
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://168.63.129.16/",
    "http://[fe80::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://1.1.1.1:0/",
    "file:///etc/passwd",
    "ftp://1.1.1.1/",
    "gopher://1.1.1.1:70/_x",
    "unix:///run/socket",
    "//1.1.1.1/",
    "/only/a/path",
    "http:///no-host",
    "",
)
UNREADABLE = (
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://1.1.1.1:99999/",
    "http://1.1.1.1:port/",
    "http://[1.1.1.1/",
    "http://1.1.1.1/ HTTP/1.1\r\nX: y",
    "http://1.1.1.1/\n",
)


class ScriptedResolver(AbstractResolver):
    """Give each answer once, in order, as a hostile name server does."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._answers.pop(0)
        ]

    async def close(self) -> None:
        self.is_closed = True


def attempt(template: str, *, resolver: ScriptedResolver | None = None) -> list[str]:
    """Try the URL under a policy that allows nothing; return who connected to the server."""

    async def story() -> list[str]:
        async with Upstream(answering(OK), is_everywhere=True) as upstream:
            client = Client(resolver=resolver)
            try:
                with pytest.raises(OutboundFailure) as failure:
                    await get(client, template.format(port=upstream.port), Policy())
            finally:
                await client.close()
            assert failure.type in (AddressRefused, BadRequest)
            return upstream.peers

    return asyncio.run(story())


class TestGuard:
    @pytest.mark.parametrize("template", TO_LOOPBACK)
    def test_does_not_connect_to_loopback(self, template: str) -> None:
        assert attempt(template) == []

    @pytest.mark.parametrize("url", [*TO_OTHERS, *UNREADABLE])
    def test_refuses(self, url: str) -> None:
        async def story() -> None:
            client = Client()
            try:
                await get(client, url, Policy())
            finally:
                await client.close()

        with pytest.raises((AddressRefused, BadRequest)):
            asyncio.run(story())

    @pytest.mark.parametrize(
        "addresses", [("127.0.0.1",), ("10.0.0.1", "127.0.0.1"), ("::1", "127.0.0.1", "fd00::1")]
    )
    def test_does_not_believe_a_name_that_points_inside(self, addresses: tuple[str, ...]) -> None:
        resolver = ScriptedResolver(addresses)

        assert attempt("http://public.example:{port}/", resolver=resolver) == []
        assert resolver.is_closed

    def test_vets_again_when_the_name_points_elsewhere_later(self) -> None:
        policy = Policy(allowed_networks=(ip_network("127.0.0.1/32"),))
        resolver = ScriptedResolver(("127.0.0.1",), ("127.0.0.2",))

        async def story() -> list[bytes]:
            hang_up = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            async with Upstream(answering_once(hang_up), is_everywhere=True) as upstream:
                client = Client(resolver=resolver)
                url = upstream.url(host="rebinding.example")
                try:
                    assert await get(client, url, policy) == 200
                    with pytest.raises(AddressRefused):
                        await get(client, url, policy)
                finally:
                    await client.close()
                return upstream.requests

        assert len(asyncio.run(story())) == 1

    def test_takes_the_allowed_address_of_a_mixed_answer(self) -> None:
        resolver = ScriptedResolver(("10.0.0.1", "127.0.0.1", "fd00::1"))

        async def story() -> int:
            async with Upstream(answering(OK)) as upstream:
                client = Client(resolver=resolver)
                try:
                    return await get(client, upstream.url(host="mixed.example"), LOOPBACK)
                finally:
                    await client.close()

        assert asyncio.run(story()) == 200

    def test_calls_a_name_without_address_unreachable(self) -> None:
        async def story() -> None:
            client = Client(resolver=ScriptedResolver(()))
            try:
                await get(client, "http://nowhere.example/", Policy())
            finally:
                await client.close()

        with pytest.raises(Unreachable, match="no address"):
            asyncio.run(story())

    def test_returns_a_redirect_instead_of_following_it(self) -> None:
        inside = (
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        )

        async def story() -> tuple[int, list[bytes]]:
            async with Upstream(answering(inside)) as upstream:
                client = Client()
                try:
                    return await get(client, upstream.url(), LOOPBACK), upstream.requests
                finally:
                    await client.close()

        status, requests = asyncio.run(story())

        assert status == 302
        assert len(requests) == 1

    def test_ignores_the_environment_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def story() -> list[bytes]:
            async with Upstream(answering(OK)) as proxy, Upstream(answering(OK)) as upstream:
                monkeypatch.setenv("HTTP_PROXY", proxy.url())
                monkeypatch.setenv("http_proxy", proxy.url())
                client = Client()
                try:
                    await get(client, upstream.url(), LOOPBACK)
                finally:
                    await client.close()
                return proxy.requests

        assert asyncio.run(story()) == []
