"""Which connection carries a call, and how often one is sent."""

import asyncio
import sys
from ipaddress import ip_network

import pytest

from jigxmgmt.outbound import Client, OutboundFailure, Policy, Request, TooLarge, Unreachable
from jigxmgmt.outbound.pools import MAX_POOLS
from jigxmgmt.tests.upstream import (
    LOOPBACK,
    OK,
    Connection,
    Upstream,
    answering,
    answering_once,
    get,
    until,
)

# Linux has all of 127.0.0.0/8, macOS the first address alone.
OURS = ["127.0.0.1"] if sys.platform == "darwin" else ["127.0.0.1", "127.0.0.2"]


def bound_to(address: str) -> Policy:
    return Policy(allowed_networks=LOOPBACK.allowed_networks, bind_address=address)


def another(number: int) -> Policy:
    """Let loopback through under a policy like no other number's."""
    return Policy((*LOOPBACK.allowed_networks, ip_network(f"198.51.100.{number}/32")))


class TestConnections:
    def test_uses_a_connection_again(self) -> None:
        async def story() -> list[str]:
            async with Upstream(answering(OK)) as upstream:
                client = Client()
                await get(client, upstream.url())
                await get(client, upstream.url(), Policy((ip_network("127.0.0.0/8"),)))
                await client.close()
                return upstream.peers

        assert len(asyncio.run(story())) == 1

    def test_shares_no_connection_between_policies(self) -> None:
        async def story() -> list[str]:
            async with Upstream(answering(OK)) as upstream:
                client = Client()
                await get(client, upstream.url())
                await get(client, upstream.url(), Policy((ip_network("127.0.0.1/32"),)))
                with pytest.raises(OutboundFailure):
                    await get(client, upstream.url(), Policy())
                await client.close()
                return upstream.peers

        assert len(asyncio.run(story())) == 2

    def test_takes_no_words_spoken_unasked_for_an_answer(self) -> None:
        stray = OK.replace(b"ok", b"no")
        may_stray = asyncio.Event()

        async def behave(connection: Connection) -> None:
            await connection.hear()
            await connection.say(OK)
            await may_stray.wait()
            await connection.say(stray)
            await connection.hang_up_heard()

        async def story() -> list[bytes]:
            async with Upstream(behave) as upstream:
                client = Client()
                bodies = []
                for _ in range(2):
                    request = Request("POST", upstream.url())
                    response = await client.send(request, policy=LOOPBACK, timeout=5, max_bytes=9)
                    bodies.append(response.body)
                    may_stray.set()
                    # Loopback has delivered once a later exchange, of another pool, is over.
                    await get(client, upstream.url(), another(3))
                await client.close()
                return bodies

        assert asyncio.run(story()) == [b"ok", b"ok"]

    @pytest.mark.parametrize("address", OURS)
    def test_connects_from_the_address_that_it_is_bound_to(self, address: str) -> None:
        async def story() -> list[str]:
            async with Upstream(answering(OK)) as upstream:
                client = Client()
                await get(client, upstream.url(), bound_to(address))
                await client.close()
                return upstream.peers

        assert asyncio.run(story()) == [address]

    def test_calls_a_server_unreachable_from_an_address_that_is_not_ours(self) -> None:
        async def story() -> None:
            async with Upstream(answering(OK)) as upstream:
                client = Client()
                try:
                    await get(client, upstream.url(), bound_to("192.0.2.1"))
                finally:
                    await client.close()

        with pytest.raises(Unreachable):
            asyncio.run(story())

    def test_calls_a_closed_port_unreachable(self) -> None:
        async def story() -> None:
            async with Upstream(answering(OK)) as upstream:
                url = upstream.url()
            client = Client()
            try:
                await get(client, url)
            finally:
                await client.close()

        with pytest.raises(Unreachable):
            asyncio.run(story())

    def test_closes_idle_pools_beyond_the_bound_and_none_in_use(self) -> None:
        is_free = asyncio.Event()

        async def behave(connection: Connection) -> None:
            while request := await connection.hear():
                if request.startswith(b"GET /slow "):
                    await is_free.wait()
                await connection.say(OK)

        async def story() -> int:
            async with Upstream(behave) as upstream:
                client = Client()
                slow = asyncio.create_task(get(client, upstream.url("/slow"), another(1)))
                await until(lambda: bool(upstream.requests))
                for number in range(2, MAX_POOLS + 10):
                    await get(client, upstream.url(), another(number))
                await until(lambda: upstream.open_connections <= MAX_POOLS)
                is_free.set()
                status = await slow
                await client.close()
                return status

        assert asyncio.run(story()) == 200

    def test_opens_one_pool_more_when_all_are_in_use(self) -> None:
        is_free = asyncio.Event()

        async def behave(connection: Connection) -> None:
            while await connection.hear():
                await is_free.wait()
                await connection.say(OK)

        async def story() -> list[int]:
            async with Upstream(behave) as upstream:
                client = Client()
                calls = [
                    asyncio.create_task(get(client, upstream.url(), another(number)))
                    for number in range(1, MAX_POOLS + 3)
                ]
                await until(lambda: len(upstream.requests) == len(calls))
                is_free.set()
                statuses = await asyncio.gather(*calls)
                await client.close()
                return statuses

        assert set(asyncio.run(story())) == {200}

    def test_drops_the_connection_of_a_call_that_is_cancelled(self) -> None:
        async def behave(connection: Connection) -> None:
            await connection.hear()
            await connection.hang_up_heard()

        async def story() -> None:
            async with Upstream(behave) as upstream:
                client = Client()
                call = asyncio.create_task(get(client, upstream.url()))
                await until(lambda: bool(upstream.requests))
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                await until(lambda: upstream.open_connections == 0)
                await client.close()

        asyncio.run(story())

    def test_drops_the_connection_of_an_answer_that_is_too_large(self) -> None:
        async def story() -> None:
            async with Upstream(answering(OK)) as upstream:
                client = Client()
                with pytest.raises(TooLarge):
                    await client.send(
                        Request("GET", upstream.url()), policy=LOOPBACK, timeout=5, max_bytes=1
                    )
                assert await get(client, upstream.url()) == 200
                await client.close()

        asyncio.run(story())


async def deaf_to_the_second(connection: Connection) -> None:
    """Answer once, hear one more request, and hang up without a word."""
    await connection.hear()
    await connection.say(OK)
    await connection.hear()


class TestRepeating:
    def heard(self, method: str) -> tuple[list[bytes], list[OutboundFailure]]:
        async def story() -> tuple[list[bytes], list[OutboundFailure]]:
            failures = []
            async with Upstream(deaf_to_the_second) as upstream:
                client = Client()
                await get(client, upstream.url("/first"))
                try:
                    await client.send(
                        Request(method, upstream.url("/second"), body=b"x"),
                        policy=LOOPBACK,
                        timeout=5,
                        max_bytes=1000,
                    )
                except OutboundFailure as failure:
                    failures.append(failure)
                await client.close()
                return upstream.requests[1:], failures

        return asyncio.run(story())

    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    def test_never_sends_twice_what_may_not_be_repeated(self, method: str) -> None:
        requests, failures = self.heard(method)

        assert len(requests) == 1
        assert [type(failure) for failure in failures] == [Unreachable]

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_sends_an_idempotent_request_once_more(self, method: str) -> None:
        requests, failures = self.heard(method)

        assert requests[0] == requests[1]
        assert len(requests) == 2
        assert failures == []

    def test_sends_an_idempotent_request_no_third_time(self) -> None:
        async def story() -> int:
            async with Upstream(answering_once(b"")) as upstream:
                client = Client()
                with pytest.raises(Unreachable):
                    await get(client, upstream.url())
                await client.close()
                return len(upstream.requests)

        assert asyncio.run(story()) == 2
