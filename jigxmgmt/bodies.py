"""A bound on request bodies, before anything keeps them.

Django spools a large body to disk first and measures it later; what passes through here must not
touch a disk, so the excess is refused while it arrives.
"""

import json
import uuid

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPRequestEvent,
    HTTPScope,
    Scope,
)

_REFUSAL = {
    "type": "urn:jigxmgmt:problem:too_large",
    "title": "Content Too Large",
    "status": 413,
    "detail": "The body is larger than this installation takes.",
    "code": "too_large",
}


class BodyTooLarge(Exception):
    """More came than may."""


class BoundBodies:
    """ASGI middleware: answers 413 to a body of more than `most` bytes."""

    def __init__(self, application: ASGI3Application, *, most: int) -> None:
        self._application = application
        self._most = most

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await _refuse(send)
            return
        counting = self._counting(receive)
        try:
            if b"transfer-encoding" in headers:
                scope, counting = await _measured(scope, counting)
            await self._application(scope, counting, send)
        except BodyTooLarge:
            await _refuse(send)

    def _counting(self, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
        left = self._most

        async def counted() -> ASGIReceiveEvent:
            nonlocal left
            event = await receive()
            if event["type"] == "http.request":
                left -= len(event["body"])
                if left < 0:
                    raise BodyTooLarge
            return event

        return counted


async def _measured(
    scope: HTTPScope, receive: ASGIReceiveCallable
) -> tuple[HTTPScope, ASGIReceiveCallable]:
    """Read a chunked body and say how long it is; frameworks take no length for no body."""
    body, goes_on = b"", True
    while goes_on:
        event = await receive()
        if event["type"] != "http.request":
            return scope, _again(event, receive)
        body += event["body"]
        goes_on = event.get("more_body", False)
    headers = [*scope["headers"], (b"content-length", str(len(body)).encode())]
    whole: HTTPRequestEvent = {"type": "http.request", "body": body, "more_body": False}
    return {**scope, "headers": headers}, _again(whole, receive)


def _again(event: ASGIReceiveEvent, receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """Hand out this event first, then those that follow."""
    events = [event]

    async def next_event() -> ASGIReceiveEvent:
        return events.pop() if events else await receive()

    return next_event


async def _refuse(send: ASGISendCallable) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send(
        {"type": "http.response.start", "status": 413, "headers": headers, "trailers": False}
    )
    document = _REFUSAL | {"correlation_id": str(uuid.uuid4())}
    body = json.dumps(document).encode()
    await send({"type": "http.response.body", "body": body, "more_body": False})
