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
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await _refuse(send)
            return
        try:
            await self._application(scope, self._counting(receive), send)
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


async def _refuse(send: ASGISendCallable) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send(
        {"type": "http.response.start", "status": 413, "headers": headers, "trailers": False}
    )
    document = _REFUSAL | {"correlation_id": str(uuid.uuid4())}
    body = json.dumps(document).encode()
    await send({"type": "http.response.body", "body": body, "more_body": False})
