"""The session of `requests` keeps the guard's rules, and says nothing of the library's own."""

import asyncio
import gzip
import ssl
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_network
from typing import Any

import pytest
import requests
import trustme

from jigxmgmt.outbound import (
    AddressRefused,
    BadRequest,
    OutboundFailure,
    Policy,
    TimedOut,
    TooLarge,
    Unreachable,
)
from jigxmgmt.outbound.blocking import GuardedAdapter, guarded_session
from jigxmgmt.tests.test_outbound_guard import TO_LOOPBACK, TO_OTHERS, UNREADABLE, ScriptedResolver
from jigxmgmt.tests.upstream import (
    LOOPBACK,
    OK,
    Behaviour,
    Upstream,
    answering,
    answering_once,
    repeating,
    silent_after,
)

Act = Callable[[requests.Session, Upstream], Any]


def at(
    upstream: AbstractAsyncContextManager[Upstream],
    act: Act,
    *,
    policy: Policy = LOOPBACK,
    timeout: float = 5.0,
    max_bytes: int = 10_000,
    **more: Any,
) -> tuple[Any, Upstream]:
    """Act in a thread, as a caller that blocks does; return what came of it, and the server."""

    def blocking(running: Upstream) -> Any:
        with guarded_session(policy, timeout=timeout, max_bytes=max_bytes, **more) as session:
            return act(session, running)

    async def story() -> tuple[Any, Upstream]:
        async with upstream as running:
            return await asyncio.to_thread(blocking, running), running

    return asyncio.run(story())


def get(session: requests.Session, upstream: Upstream) -> requests.Response:
    return session.get(upstream.url())


def ask(behave: Behaviour, **bounds: Any) -> requests.Response:
    response, _ = at(Upstream(behave), get, **bounds)
    assert isinstance(response, requests.Response)
    return response


class TestExchange:
    def test_brings_status_headers_and_body(self) -> None:
        answer = (
            b"HTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nContent-Type: application/json\r\n"
            b"Content-Length: 7\r\n\r\n{}     "
        )

        response = ask(answering(answer))

        assert (response.status_code, response.reason, response.json()) == (201, "Made", {})
        assert response.headers["x-a"] == "1, 2"

    def test_sends_a_form_with_its_headers(self) -> None:
        def post(session: requests.Session, upstream: Upstream) -> Any:
            return session.post(upstream.url(), data={"a": "b c"}, auth=("id", "secret"))

        _, upstream = at(Upstream(answering(OK)), post)

        [sent] = upstream.requests
        assert sent.endswith(b"\r\n\r\na=b+c")
        assert b"Content-Type: application/x-www-form-urlencoded\r\n" in sent
        assert b"Authorization: Basic " in sent
        assert sent.lower().count(b"content-length") == 1

    def test_decodes_what_was_compressed(self) -> None:
        body = gzip.compress(b"text")
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

        assert ask(answering(head % len(body) + body)).text == "text"

    def test_can_be_made_from_the_thread_of_a_loop(self) -> None:
        """It stands still then, but does not fail: some test tools keep a loop in every thread."""

        async def story() -> None:
            session = guarded_session(LOOPBACK, timeout=1, max_bytes=1)
            with session, pytest.raises(Unreachable):
                session.get("http://127.0.0.1:1/")

        asyncio.run(story())


class TestGuard:
    @pytest.mark.parametrize("template", TO_LOOPBACK)
    def test_does_not_connect_to_loopback(self, template: str) -> None:
        def attempt(session: requests.Session, upstream: Upstream) -> None:
            with pytest.raises((AddressRefused, BadRequest)):
                session.get(template.format(port=upstream.port))

        _, upstream = at(Upstream(answering(OK), is_everywhere=True), attempt, policy=Policy())

        assert upstream.peers == []

    @pytest.mark.parametrize("url", [*TO_OTHERS, *UNREADABLE])
    def test_refuses(self, url: str) -> None:
        session = guarded_session(Policy(), timeout=5, max_bytes=10)
        with session, pytest.raises((AddressRefused, BadRequest)):
            session.get(url)

    def test_vets_again_when_the_name_points_elsewhere_later(self) -> None:
        policy = Policy(allowed_networks=(ip_network("127.0.0.1/32"),))
        answers = ScriptedResolver(("127.0.0.1",), ("127.0.0.2",))

        def twice(session: requests.Session, upstream: Upstream) -> None:
            url = upstream.url(host="rebinding.example")
            assert session.get(url).status_code == 200
            with pytest.raises(AddressRefused):
                session.get(url)

        _, upstream = at(
            Upstream(answering(OK), is_everywhere=True),
            twice,
            policy=policy,
            resolver=lambda: answers,
        )

        assert len(upstream.requests) == 1

    @pytest.mark.parametrize("wanted", [True, False])
    def test_follows_no_redirect(self, wanted: bool) -> None:  # noqa: FBT001
        inside = b"HTTP/1.1 302 Found\r\nLocation: /inside\r\nContent-Length: 0\r\n\r\n"

        def ask_for(session: requests.Session, upstream: Upstream) -> int:
            return session.get(upstream.url(), allow_redirects=wanted).status_code

        status, upstream = at(Upstream(answering(inside)), ask_for)

        assert status == 302
        assert len(upstream.requests) == 1

    def test_keeps_no_cookie(self) -> None:
        cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n")

        def twice(session: requests.Session, upstream: Upstream) -> None:
            session.get(upstream.url())
            session.get(upstream.url())

        _, upstream = at(Upstream(answering(cookie)), twice)

        assert b"cookie" not in upstream.requests[1].lower()

    def test_reads_nothing_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

        _, upstream = at(Upstream(answering(OK)), get)

        assert b"authorization" not in upstream.requests[0].lower()

    def test_takes_no_context_that_verifies_less(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        session = guarded_session(LOOPBACK, timeout=5, max_bytes=10, ssl_context=context)

        with session, pytest.raises(ValueError, match="verify"):
            session.send(session.prepare_request(requests.Request("GET", "http://127.0.0.1:1/")))

    def test_takes_no_orders_to_be_careless(self) -> None:
        def careless(session: requests.Session, upstream: Upstream) -> Any:
            session.verify = False
            session.proxies = {"http": "http://127.0.0.1:1"}
            return session.get(upstream.url(), timeout=60).status_code

        with pytest.raises(TimedOut):
            at(Upstream(silent_after(b"")), careless, timeout=0.1)

    def test_goes_with_any_session_of_the_library(self) -> None:
        def mounted(_: requests.Session, upstream: Upstream) -> None:
            with requests.Session() as session:
                session.mount("http://", GuardedAdapter(Policy(), timeout=5, max_bytes=10))
                with pytest.raises(AddressRefused):
                    session.get(upstream.url())

        _, upstream = at(Upstream(answering(OK)), mounted)

        assert upstream.peers == []


class TestBounds:
    def test_hold_for_the_body(self) -> None:
        with pytest.raises(TooLarge):
            ask(answering(OK.replace(b"2\r\n\r\nok", b"11\r\n\r\n12345678901")), max_bytes=10)

    def test_hold_for_what_was_compressed(self) -> None:
        bomb = gzip.compress(b"\0" * 1_000_000)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"

        with pytest.raises(TooLarge):
            ask(answering(head % len(bomb) + bomb))

    def test_hold_for_a_body_without_end(self) -> None:
        start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

        with pytest.raises(TooLarge):
            ask(repeating(start, b"5\r\nhello\r\n"))

    @pytest.mark.parametrize("again", [b"X-A: b\r\n", b"x" * 100])
    def test_hold_for_headers(self, again: bytes) -> None:
        flood = b"HTTP/1.1 200 OK\r\nX: " + again * 1_000

        with pytest.raises((TooLarge, Unreachable)):
            ask(repeating(flood, again))

    @pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"])
    def test_hold_for_a_slow_drip(self, start: bytes) -> None:
        with pytest.raises(TimedOut):
            ask(silent_after(start), timeout=0.1)

    def test_hold_for_a_drip_that_never_pauses(self) -> None:
        """Each piece comes in good time; together they would take for ever."""
        start = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"

        with pytest.raises(TimedOut):
            ask(repeating(start, b"x"), timeout=0.1, max_bytes=2_000_000_000)


class TestTls:
    def call(self, *, name: str) -> int:
        authority = trustme.CA()
        served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(served)
        trusted = ssl.create_default_context()
        authority.configure_trust(trusted)
        answers = ScriptedResolver(("127.0.0.1",))

        def by_name(session: requests.Session, upstream: Upstream) -> int:
            return session.get(upstream.url(host="login.example"), verify=False).status_code

        status, _ = at(
            Upstream(answering(OK), ssl_context=served),
            by_name,
            ssl_context=trusted,
            resolver=lambda: answers,
        )
        assert isinstance(status, int)
        return status

    def test_goes_to_the_vetted_address_under_the_name(self) -> None:
        assert self.call(name="login.example") == 200

    @pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
    def test_refuses_the_certificate_of_another_name(self, name: str) -> None:
        with pytest.raises(Unreachable, match="certificate"):
            self.call(name=name)


class TestFailures:
    @pytest.mark.parametrize(
        ("url", "headers"),
        [
            ("http://[SECRET", {}),
            ("gopher://SECRET.example/", {}),
            ("http://127.0.0.1:{port}/SECRET", {}),
            ("http://127.0.0.1:{port}/", {"X-A": "SECRET\r\nX: y"}),
        ],
    )
    def test_do_not_repeat_what_was_sent(self, url: str, headers: dict[str, str]) -> None:
        def attempt(session: requests.Session, upstream: Upstream) -> str:
            with pytest.raises(OutboundFailure) as failure:
                session.get(url.format(port=upstream.port), headers=headers)
            error = failure.value
            parts = (error, error.__cause__, error.__context__)
            return "".join(str(part) for part in parts) + "".join(
                traceback.format_exception_only(error)
            )

        said, _ = at(Upstream(answering_once(b"SECRET\r\n")), attempt)

        assert "SECRET" not in said

    def test_of_a_body_that_is_no_text(self) -> None:
        session = guarded_session(LOOPBACK, timeout=5, max_bytes=10)
        with session, pytest.raises(BadRequest):
            session.post("http://127.0.0.1:1/", data=iter([b"x"]))
