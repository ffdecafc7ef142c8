"""What a broken or hostile service answers: each has its name, and the next call runs at once."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import Bound, Stage, call, credential, get, play
from jigxmgmt import outbound
from jigxmgmt.tests.upstream import (
    LOOPBACK,
    Behaviour,
    Upstream,
    answering,
    repeating,
    silent_after,
)

LIMITS = engine.Limits(response_bytes=10_000, service_seconds=0.3)
ZEROS = bytes(5_000_000)
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BEARER = {"accessToken": {"location": "header", "value": "key"}}


def answered(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def coded(coding: bytes, body: bytes) -> bytes:
    return answered(body, b"Content-Encoding: " + coding)


def raw_deflate(octets: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(octets) + compressor.flush()


def dripping(start: bytes, drop: bytes) -> Behaviour:
    """Say a little again and again, so that the connection is never silent for long."""

    async def behave(connection: Any) -> None:
        await connection.hear()
        await connection.say(start)
        while True:
            await connection.say(drop)
            await asyncio.sleep(0.02)

    return behave


def name_of(behave: Behaviour, **keys: Any) -> str | None:
    """Call a service that behaves so, then a sound one with the same client; name the failure."""

    async def story() -> str | None:
        sound = answering(answered(b'{"a":1}'))
        client = outbound.Client()
        way = Bound(client, LOOPBACK)
        async with Upstream(behave) as hostile, Upstream(sound) as other:
            stage = Stage(limits=LIMITS)
            ended = await call(get(**keys), stage, hostile.url("").rstrip("/"), way)
            following = await call(get(), stage, other.url("").rstrip("/"), way)
            await client.close()
        assert following.output == {"a": 1}
        return ended.error["name"] if ended.error is not None else None

    return asyncio.run(story())


class TestBombs:
    @pytest.mark.parametrize(
        "octets",
        [
            coded(b"gzip", gzip.compress(ZEROS, mtime=0)),
            coded(b"deflate", zlib.compress(ZEROS)),
            coded(b"deflate", raw_deflate(ZEROS)),
            answered(b"x" * 20_000),
        ],
        ids=["gzip", "deflate", "raw deflate", "plain"],
    )
    def test_what_unfolds_to_too_much(self, octets: bytes) -> None:
        assert name_of(answering(octets)) == "UpstreamTooLarge"

    @pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"gzip, br", b"x"])
    def test_a_coding_that_was_not_asked_for(self, coding: bytes) -> None:
        twice = gzip.compress(gzip.compress(ZEROS, mtime=0), mtime=0)

        assert name_of(answering(coded(coding, twice))) == "UpstreamUnreachable"

    def test_a_bomb_within_a_bomb_is_opened_once(self) -> None:
        twice = gzip.compress(gzip.compress(ZEROS, mtime=0), mtime=0)

        assert name_of(answering(coded(b"gzip", twice))) == "BadResponse"


class TestSlowness:
    @pytest.mark.parametrize(
        "behave",
        [
            silent_after(b""),
            silent_after(b"HTTP/1.1 200 OK\r\n"),
            dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            dripping(b"HTTP/1.1 200 ", b"O"),
            dripping(JSON_HEAD + b"\r\n", b" "),
            dripping(JSON_HEAD + b"Content-Length: 9999\r\n\r\n", b"1"),
            dripping(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
            dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        ],
        ids=["mute", "half", "headers", "status", "endless", "body", "chunks", "hints"],
    )
    def test_it_ends_in_the_services_time(self, behave: Behaviour) -> None:
        assert name_of(behave) == "UpstreamTimeout"

    def test_what_never_ends_is_not_held(self) -> None:
        endless = repeating(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n" * 99)

        assert name_of(endless) == "UpstreamTooLarge"


class TestNonsense:
    @pytest.mark.parametrize(
        ("octets", "name"),
        [
            (answered(b"\xff\xfe\xff"), "BadResponse"),
            (answered(b'{"a": "\xff\xc3"}'), None),
            (answered(b'{"a": 1, "a": 2}'), None),
            (answered(b'{"a": NaN}'), "BadResponse"),
            (answered(b'{"a": -Infinity}'), "BadResponse"),
            (answered(b'{"a": 1e999}'), "BadResponse"),
            (answered(b'{"a": "\\ud800"}'), "BadResponse"),
            (answered(b"9" * 5000), "BadResponse"),
            (answered(b"\xef\xbb\xbf\xef\xbb\xbf{}"), "BadResponse"),
            (answered(b"{}", b"Content-Type: image/png"), None),
            (answered(b"{}", b"Content-Type: application/json; charset=utf-16"), "BadResponse"),
            (answered(b"{}", b"Content-Type: application/json; charset=zip"), None),
            (answered(b"{}", b'Content-Type: x; charset="'), None),
            (answered(b"{}", b"Content-Type: \xff\xfe"), None),
            (answered(b"{}" * 3), "BadResponse"),
            (answered(b"[" * 5000), "BadResponse"),
            (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "UpstreamUnreachable"),
            (answered(b"{}", b"Content-Length: 5"), "UpstreamUnreachable"),
            (answered(b"{}", status=b"999 Odd"), "UpstreamError"),
            (answered(b"{}", status=b"200 \xff\xfe"), None),
        ],
    )
    @pytest.mark.parametrize("keys", [{}, {"outputTransform": '{"a": a, "c": @ctx.response}'}])
    def test_it_is_read_or_refused(
        self, octets: bytes, name: str | None, keys: dict[str, Any]
    ) -> None:
        assert name_of(answering(octets), **keys) == name

    def test_of_a_key_that_stands_twice_the_last_counts_everywhere(self) -> None:
        source = get(outputTransform="[a, $.a + 0, @ctx.response.body.a]")

        played = play(source, service=lambda _: web.Response(text='{"a": 1, "a": 2}'))

        assert played.outcome.output == [2, 2, 2]

    @pytest.mark.parametrize("location", ["http://127.0.0.1:1/", "//evil.test/", "/rows?again=1"])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_an_answer_and_not_followed(self, status: int, location: str) -> None:
        played = play(
            get(parameters=BEARER, outputTransform="@ctx.response.status"),
            service=lambda _: web.Response(status=status, headers={"Location": location}),
            credentials=(credential("key", "abc-123-def"),),
        )

        assert played.outcome.output == status
        assert len(played.requests) == 1


class TestPages:
    @pytest.mark.parametrize(
        ("target", "name"),
        [
            ("https://elsewhere.test/rows", "ContinuationRefused"),
            ("//elsewhere.test/rows", "ContinuationRefused"),
            ("http://127.0.0.1:1/rows", "ContinuationRefused"),
            ("http://service.test@elsewhere.test/", "BadRequest"),
            ("https:elsewhere.test", "BadRequest"),
            ("file:///etc/passwd", "BadRequest"),
            ("javascript:1", "BadRequest"),
            ("\\\\elsewhere.test/rows", "ContinuationLimit"),  # a path, and a longer one each time
        ],
    )
    def test_a_bearer_goes_to_no_other_host(self, target: str, name: str) -> None:
        played = play(
            get(parameters=BEARER, continuation={"when": True, "url": "=$.next"}),
            service=lambda _: web.json_response({"next": target}),
            credentials=(credential("key", "abc-123-def"),),
            limits=engine.Limits(pages=3),
        )

        assert played.error == name
        hosts = {f"http://{request.headers['Host']}" for request in played.requests}
        assert hosts == {played.address}

    def test_pages_that_grow_end_by_their_bytes(self) -> None:
        played = play(
            get(continuation={"when": True, "url": "=$.next"}),
            service=lambda request: web.json_response(
                {"next": f"/rows?after={'x' * len(request.path)}", "rows": "y" * len(request.path)}
            ),
            limits=engine.Limits(total_bytes=20_000, pages=10_000),
        )

        assert played.error == "ContinuationLimit"
        assert len(played.requests) < 100


class TestEchoes:
    SECRET = "abc-123-def"

    @pytest.mark.parametrize(
        ("form", "body"),
        [
            ("json", '{"a": "abc-123-def", "abc-123-def": ["Bearer abc-123-def"]}'),
            ("text", "abc-123-def"),
            ("xml", '<a b="abc-123-def"><abc-123-def/>abc-123-def<!-- abc-123-def --></a>'),
            ("pdf", "abc-123-def"),
        ],
    )
    @pytest.mark.parametrize("status", [200, 401, 500])
    def test_a_secret_comes_back_from_nowhere(self, form: str, body: str, status: int) -> None:
        source = get(
            format=form,
            parameters=BEARER,
            output={"all": "=@ctx", "text": "=$string(@ctx)", "b": "=$base64encode($string(@ctx))"},
            errorTransform="[$string($), @ctx]",
            error=[{"title": "=$string(@ctx)", "details": "=@ctx"}],
            operations=[{"type": "x", "table": "=$string(@ctx)", "records": "=$"}],
            disableTokenRefresh=True,
        )

        played = play(
            source,
            service=lambda _: web.Response(
                text=body,
                status=status,
                reason="no abc-123-def",
                headers={"X-Echo": self.SECRET, "X-abc-123-def": "1"},
            ),
            credentials=(credential("key", self.SECRET),),
        )

        outcome = played.outcome
        whole = [outcome.output, outcome.records, outcome.operations, outcome.error]
        assert self.SECRET not in f"{whole} {outcome.warnings} {outcome}"
        assert "YWJjLTEyMy1kZWY" not in str(whole)
        assert "***" in str(whole)
