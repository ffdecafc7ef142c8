"""A bound on request bodies, before anything keeps them."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from jigxmgmt.bodies import BoundBodies

MOST = 10


class Application:
    """Reads the whole body and answers with its length; says whether it was reached."""

    def __init__(self) -> None:
        self.read: int | None = None
        self.declared: bytes | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.read = 0
        self.declared = dict(scope["headers"]).get(b"content-length")
        while True:
            event = await receive()
            self.read += len(event.get("body", b""))
            if not event.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def request(
    *chunks: bytes, length: bytes | None = None, kind: str = "http", is_chunked: bool = False
) -> tuple[Application, list[dict[str, Any]]]:
    """Send a body in these chunks; return the application and what was answered."""
    application, sent = Application(), list[dict[str, Any]]()
    events = iter(
        {"type": f"{kind}.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    )

    async def receive() -> dict[str, Any]:
        return next(events)

    async def send(event: Any) -> None:
        sent.append(event)

    headers = [] if length is None else [(b"content-length", length)]
    if is_chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    bound: Any = BoundBodies(application, most=MOST)
    asyncio.run(bound({"type": kind, "headers": headers}, receive, send))
    return application, sent


def assert_refused(sent: list[dict[str, Any]]) -> None:
    start, body = sent
    document = json.loads(body["body"])
    headers = dict(start["headers"])
    assert (start["status"], document["status"], document["code"]) == (413, 413, "too_large")
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"  # what follows of the body is no next request
    assert str(uuid.UUID(document["correlation_id"])) == document["correlation_id"]


class TestBoundBodies:
    @pytest.mark.parametrize("chunks", [[b""], [b"x" * MOST], [b"x" * 4, b"x" * 6]])
    def test_hands_on_what_fits(self, chunks: list[bytes]) -> None:
        application, sent = request(*chunks, length=str(sum(map(len, chunks))).encode())

        assert sent[0]["status"] == 200
        assert application.read == sum(map(len, chunks))

    def test_says_how_long_a_chunked_body_is(self) -> None:
        application, _ = request(b"x" * 4, b"x" * 3, is_chunked=True)

        assert (application.read, application.declared) == (7, b"7")

    def test_refuses_a_chunked_excess(self) -> None:
        application, sent = request(b"x" * 6, b"x" * 6, is_chunked=True)

        assert_refused(sent)
        assert application.read is None

    def test_refuses_a_declared_excess_unread(self) -> None:
        application, sent = request(b"x" * 11, length=b"11")

        assert_refused(sent)
        assert application.read is None

    def test_refuses_an_excess_that_nobody_declared(self) -> None:
        application, sent = request(b"x" * 6, b"x" * 6, b"x" * 6)

        assert_refused(sent)
        assert application.read == 6

    def test_believes_no_declaration_that_is_too_small(self) -> None:
        _, sent = request(b"x" * 11, length=b"1")

        assert_refused(sent)

    @pytest.mark.parametrize("length", [b"-1", b"1e3", b"", b"0x1"])
    def test_refuses_a_length_that_is_no_number(self, length: bytes) -> None:
        application, sent = request(b"x", length=length)

        assert_refused(sent)
        assert application.read is None

    def test_leaves_all_but_http_alone(self) -> None:
        application, _ = request(b"x" * 11, length=b"11", kind="websocket")

        assert application.read == 11
