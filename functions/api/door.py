"""The calls' own way in, past what only pages need.

Django's handler starts a thread a request for its signals, and its middlewares for pages each hop
between loop and thread: together they cost more than the call itself. So a call goes from the
ASGI server straight to its view, through the two middlewares that it needs.
"""

import io
import re
import uuid
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from functions.api.run import run_call
from jigxmgmt.middleware import RememberOrigin, RequirePrivateWay

_HEX = "[0-9a-f]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
CALLS = re.compile(rf"^/api/v1/solutions/({_UUID})/functions/([^/\0]+)/calls$")


class CallDoor:
    """ASGI middleware: answers calls itself and hands on all else."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application
        self._answer: Any = convert_exception_to_response(RememberOrigin(RequirePrivateWay(_run)))

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http" or not CALLS.match(scope["path"]):
            await self._application(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        await _send(await self._answer(ASGIRequest(scope, io.BytesIO(body))), send)


async def _run(request: HttpRequest) -> HttpResponseBase:
    match = CALLS.match(request.path)
    assert match is not None  # noqa: S101 (the door has looked)
    request.get_host()  # raises for a host that is not ours
    response = await run_call(request, solution_id=uuid.UUID(match[1]), name=match[2])
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


async def _read(receive: ASGIReceiveCallable) -> bytes | None:
    """Return the whole body; None when the phone is gone before it is."""
    chunks = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        chunks.append(event["body"])
        if not event.get("more_body"):
            return b"".join(chunks)


async def _send(response: Any, send: ASGISendCallable) -> None:
    headers = [
        (name.lower().encode("ascii"), text.encode("latin-1")) for name, text in response.items()
    ]
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": headers,
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": response.content, "more_body": False})
