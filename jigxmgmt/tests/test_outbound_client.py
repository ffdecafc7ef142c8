"""What is sent, what comes back, and what is never said aloud."""

import asyncio
import traceback

import pytest

from jigxmgmt.outbound import (
    BadRequest,
    Client,
    OutboundFailure,
    Request,
)
from jigxmgmt.tests.upstream import (
    LOOPBACK,
    OK,
    Upstream,
    answering,
    ask,
    get,
)


class TestSending:
    def test_sends_the_url_as_it_is_written(self) -> None:
        _, requests = ask(answering(OK), path="/a%2Fb/../%7e?x=%3A+%20|^&y[]=%c3%a4#fragment")

        assert requests[0].startswith(b"GET /a%2Fb/../%7e?x=%3A+%20|^&y[]=%c3%a4 HTTP/1.1\r\n")

    def test_sends_repeated_headers_text_beyond_ascii_and_the_body(self) -> None:
        headers = (("X-Tag", "one"), ("X-Tag", " two "), ("Content-Type", "text/plain; ä"))

        _, requests = ask(answering(OK), method="PATCH", headers=headers, body=b"\0body")

        head, _, body = requests[0].partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert [line for line in lines if line.startswith(b"X-Tag")] == [
            b"X-Tag: one",
            b"X-Tag: two",
        ]
        assert "Content-Type: text/plain; ä".encode() in lines
        assert body == b"\0body"

    def test_adds_nothing_that_the_caller_decides(self) -> None:
        _, requests = ask(answering(OK), method="POST", body=b"x")

        names = {line.partition(b":")[0] for line in requests[0].split(b"\r\n")[1:-2]}
        assert names == {b"Host", b"User-Agent", b"Accept-Encoding", b"Accept", b"Content-Length"}

    def test_asks_only_for_codings_that_it_bounds(self) -> None:
        _, requests = ask(answering(OK), headers=(("accept-encoding", "br"),))

        assert b"Accept-Encoding: gzip, deflate\r\n" in requests[0]
        assert requests[0].lower().count(b"accept-encoding") == 1

    def test_sends_no_cookie_that_a_server_set(self) -> None:
        cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n")

        async def story() -> list[bytes]:
            async with Upstream(answering(cookie)) as upstream:
                client = Client()
                await get(client, upstream.url())
                await get(client, upstream.url())
                await client.close()
                return upstream.requests

        requests = asyncio.run(story())

        assert len(requests) == 2
        assert b"cookie" not in requests[1].lower()

    @pytest.mark.parametrize(
        "header",
        [
            ("X-A", "b\r\nX-C: d"),
            ("X-A", "b\nX-C: d"),
            ("X-A", "b\rc"),
            ("X-A", "b\0"),
            ("X-A", "b\x7f"),
            ("X-A", "\ud800"),
            ("X-A: b\r\nX-C", "d"),
            ("X A", "b"),
            ("X-Ä", "b"),
            ("", "b"),
            ("Host", "inside.example"),
            ("content-length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("CONNECTION", "upgrade"),
            ("Upgrade", "h2c"),
            ("TE", "trailers"),
            ("Trailer", "X-A"),
            ("Keep-Alive", "timeout=9"),
            ("Expect", "100-continue"),
            ("Proxy-Authorization", "Basic eA=="),
            ("Proxy-Connection", "close"),
        ],
    )
    def test_refuses_headers_that_could_bend_the_request(self, header: tuple[str, str]) -> None:
        with pytest.raises(BadRequest):
            ask(answering(OK), headers=(header,))

    @pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "", "GET / HTTP/1.1\r\nX: y"])
    def test_refuses_methods_that_it_does_not_know(self, method: str) -> None:
        with pytest.raises(BadRequest):
            ask(answering(OK), method=method)


class TestReceiving:
    def test_returns_status_reason_headers_and_body(self) -> None:
        octets = b"HTTP/1.1 404 Nicht gefunden\r\nX-A: 1\r\nx-a: \xc3\xa4\r\nX-B: \xff\r\n"

        response, _ = ask(answering(octets + b"Content-Length: 2\r\n\r\nno"))

        assert (response.status, response.reason, response.body) == (404, "Nicht gefunden", b"no")
        assert response.headers[:2] == (("X-A", "1"), ("x-a", "ä"))
        assert response.headers_by_name == {"x-a": "1, ä", "x-b": "\ufffd", "content-length": "2"}

    @pytest.mark.parametrize(
        ("method", "octets"),
        [
            ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Encoding: gzip\r\n\r\n"),
            ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
            ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        ],
    )
    def test_waits_for_no_body_where_there_is_none(self, method: str, octets: bytes) -> None:
        response, _ = ask(answering(octets), method=method)

        assert response.body == b""


class TestSilence:
    def test_prints_no_secret_of_a_request(self) -> None:
        request = Request(
            "GET",
            "https://u:s3cret@a.example:1/s3cret?s3cret#s3cret",
            (("K", "s3cret"),),
            b"s3cret",
        )

        assert repr(request) == "Request(GET https://a.example:1)"
        assert "s3cret" not in repr(Request("GET", "s3cret", (), None))

    def test_prints_no_secret_of_a_response(self) -> None:
        response, _ = ask(answering(OK.replace(b"OK", b"s3cret").replace(b"ok", b"s3")))

        assert repr(response) == "Response(200, 2 bytes)"

    @pytest.mark.parametrize(
        "url",
        [
            "http://10.0.0.1/s3cret?s3cret",
            "http://127.0.0.1:1/s3cret?s3cret",
            "http://127.0.0.1:s3cret/",
            "http://s3cret@127.0.0.1/",
            "s3cret://127.0.0.1/",
            "http://127.0.0.1/ s3cret",
        ],
    )
    def test_says_no_secret_in_a_failure(self, url: str) -> None:
        async def story() -> None:
            client = Client()
            request = Request("GET", url, (("X-Key", "s3cret"),))
            try:
                await client.send(request, policy=LOOPBACK, timeout=5, max_bytes=10)
            finally:
                await client.close()

        with pytest.raises(OutboundFailure) as failure:
            asyncio.run(story())

        assert "s3cret" not in "".join(traceback.format_exception(failure.value))
        assert failure.value.__context__ is None
