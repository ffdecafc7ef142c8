"""Request types that have a signed-in person, and an answer that is written bit by bit."""

import uuid
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.request import Request

from orgs.models import User


class UserHttpRequest(HttpRequest):
    user: User
    correlation_id: uuid.UUID


class UserRequest(Request):
    user: User


class StreamedFile(StreamingHttpResponse):
    """A file of any length, to be saved under a name.

    Its pieces come from the database; where the server runs a loop each is fetched in the
    request's own thread, since Django would first gather them all.
    """

    def __init__(self, pieces: Iterator[bytes], *, name: str, content_type: str) -> None:
        super().__init__(pieces, content_type=content_type)
        self.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        self.headers["Cache-Control"] = "no-store"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)
        fetch = sync_to_async(lambda: next(pieces, b""))
        while piece := await fetch():
            yield piece
