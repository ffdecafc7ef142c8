"""Certificates and names are verified, always."""

import asyncio
import ssl

import pytest
import trustme

from jigxmgmt.outbound import Client, Unreachable
from jigxmgmt.tests.upstream import OK, Connection, Upstream, answering, get


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


async def speaking_first(connection: Connection) -> None:
    """Speak plain HTTP at once, because a TLS greeting never ends as a request does."""
    await connection.say(OK)
    await connection.hang_up_heard()


class TestTls:
    def call(self, authority: trustme.CA, *, name: str, is_trusted: bool) -> int:
        served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(served)
        trusted = ssl.create_default_context()
        if is_trusted:
            authority.configure_trust(trusted)

        async def story() -> int:
            async with Upstream(answering(OK), ssl_context=served) as upstream:
                client = Client(ssl_context=trusted)
                try:
                    return await get(client, upstream.url())
                finally:
                    await client.close()

        return asyncio.run(story())

    def test_takes_a_certificate_of_a_known_authority(self, authority: trustme.CA) -> None:
        assert self.call(authority, name="127.0.0.1", is_trusted=True) == 200

    def test_refuses_a_certificate_of_an_unknown_authority(self, authority: trustme.CA) -> None:
        with pytest.raises(Unreachable, match="certificate"):
            self.call(authority, name="127.0.0.1", is_trusted=False)

    def test_refuses_the_certificate_of_another_host(self, authority: trustme.CA) -> None:
        with pytest.raises(Unreachable, match="certificate"):
            self.call(authority, name="other.example", is_trusted=True)

    def test_refuses_a_server_without_tls(self) -> None:
        async def story() -> None:
            async with Upstream(speaking_first) as upstream:
                client = Client()
                try:
                    await get(client, upstream.url().replace("http:", "https:"))
                finally:
                    await client.close()

        with pytest.raises(Unreachable, match="TLS"):
            asyncio.run(story())

    def test_takes_no_context_that_verifies_less(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False

        with pytest.raises(ValueError, match="verify"):
            Client(ssl_context=context)
