"""The calls' way past what only pages need."""

import re
import uuid
from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from functions.api.run import run_call

AsyncNext = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_HEX = "[0-9a-f]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
CALLS = re.compile(rf"^/api/v1/solutions/({_UUID})/functions/([^/]+)/calls$")


class CallShortcut:
    """Hand a call to its view at once.

    Sessions, locale, messages and the rest are no use to it, and each would cost two hops
    between loop and thread: together more than the call itself.
    """

    # Asynchronous alone: a middleware that can be both follows the one below it, and one of those
    # is not ours to change and synchronous.
    sync_capable, async_capable = False, True

    def __init__(self, get_response: AsyncNext) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = CALLS.match(request.path)
        if match is None:
            return await self.get_response(request)
        response = await run_call(request, solution_id=uuid.UUID(match[1]), name=match[2])
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
