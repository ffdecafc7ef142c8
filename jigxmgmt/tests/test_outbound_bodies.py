"""What a hostile or broken server may answer, and what is left of it."""

import gzip
import zlib

import pytest

from jigxmgmt.outbound import TimedOut, TooLarge, Unreachable
from jigxmgmt.tests.upstream import (
    Behaviour,
    answering,
    answering_once,
    ask,
    repeating,
    silent_after,
)

TEXT = b"hello, world" * 50
BOMB = b"\0" * 5_000_000


def gzipped(content: bytes) -> bytes:
    """Compress without the time of day, which would be in the name of a test."""
    return gzip.compress(content, mtime=0)


def raw_deflate(octets: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(octets) + compressor.flush()


def answer(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def encoded(coding: bytes, body: bytes) -> bytes:
    return answer(body, b"Content-Encoding: " + coding)


class TestDecoding:
    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            (b"identity", TEXT),
            (b"gzip", gzipped(TEXT)),
            (b"GZip", gzipped(TEXT)),
            (b"x-gzip", gzipped(TEXT)),
            (b"gzip", gzipped(TEXT[:100]) + gzipped(TEXT[100:])),
            (b"deflate", zlib.compress(TEXT)),
            (b"deflate", raw_deflate(TEXT)),
        ],
    )
    def test_returns_what_was_encoded(self, coding: bytes, body: bytes) -> None:
        response, _ = ask(answering(encoded(coding, body)))

        assert response.body == TEXT

    @pytest.mark.parametrize("body", [TEXT, b""])
    def test_takes_a_body_of_exactly_the_bound(self, body: bytes) -> None:
        response, _ = ask(answering(encoded(b"gzip", gzipped(body))), max_bytes=len(body))

        assert response.body == body

    def test_takes_an_empty_body_that_claims_a_coding(self) -> None:
        response, _ = ask(answering(encoded(b"gzip", b"")))

        assert response.body == b""

    @pytest.mark.parametrize("coding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"gzip, br"])
    def test_does_not_guess_a_coding_that_was_not_asked_for(self, coding: bytes) -> None:
        with pytest.raises(Unreachable):
            ask(answering(encoded(coding, gzipped(TEXT))))

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            (b"gzip", TEXT),
            (b"gzip", gzipped(TEXT)[:-1]),
            (b"gzip", gzipped(TEXT)[:-8] + b"checksum"),
            (b"deflate", zlib.compress(TEXT)[:-1]),
            (b"deflate", zlib.compress(TEXT) * 2),
            (b"deflate", b"\xff" * 30),
        ],
    )
    def test_does_not_return_half_a_body(self, coding: bytes, body: bytes) -> None:
        with pytest.raises(Unreachable):
            ask(answering(encoded(coding, body)))


class TestBounds:
    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            (b"identity", b"x" * 10_001),
            (b"gzip", gzipped(BOMB)),
            (b"deflate", zlib.compress(BOMB)),
            (b"deflate", raw_deflate(BOMB)),
            (b"gzip", gzipped(TEXT) * 17),
            (b"gzip", gzipped(b"") * 300),
        ],
    )
    def test_stops_at_the_bound(self, coding: bytes, body: bytes) -> None:
        with pytest.raises(TooLarge):
            ask(answering(encoded(coding, body)))

    @pytest.mark.parametrize(
        ("start", "again"),
        [
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
            (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzipped(b"")[:10],
                b"\0\0\0\xff\xff" * 1000,  # stored blocks of nothing
            ),
            (b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n" * 100),
            (b"HTTP/1.1 200 OK\r\nX-Header: ", b"y" * 1000),
            (b"HTTP/1.1 200 OK\r\n", b"y" * 1000),
            (b"HTTP/1.1 200 ", b"y" * 1000),
        ],
        ids=["until close", "chunked", "empty blocks", "headers", "value", "name", "reason"],
    )
    def test_does_not_hold_what_never_ends(self, start: bytes, again: bytes) -> None:
        with pytest.raises(TooLarge):
            ask(repeating(start, again))

    @pytest.mark.parametrize(
        "behave",
        [
            silent_after(b""),
            silent_after(b"HTTP/1.1 200 OK\r\n"),
            silent_after(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"),
            silent_after(b"HTTP/1.1 100 Continue\r\n\r\n"),
            repeating(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        ],
        ids=["nothing", "half a head", "half a body", "continue", "interim responses"],
    )
    def test_gives_up_in_time(self, behave: Behaviour) -> None:
        with pytest.raises(TimedOut):
            ask(behave, timeout=0.1)

    @pytest.mark.parametrize(
        "octets",
        [
            b"",
            b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
            b"HTTP/1.1 200",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx",
        ],
    )
    def test_does_not_return_what_is_not_a_whole_response(self, octets: bytes) -> None:
        with pytest.raises(Unreachable):
            ask(answering_once(octets))
