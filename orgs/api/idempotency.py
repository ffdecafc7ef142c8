"""`Idempotency-Key` at the API's door."""

from contextlib import AbstractContextManager

import orjson
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter

from orgs.http import UserRequest
from orgs.models import IdempotentRequest
from orgs.services.idempotency import done_once

HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The same key with the same body does the thing once: a repeat is 409.",
)


def once(request: UserRequest, *, act: str) -> AbstractContextManager[IdempotentRequest]:
    """Do what follows once for this key and this body, whatever the order of its members."""
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    key = request.headers.get(HEADER)
    return done_once(request.user, act=act, key=key, body=body, now=timezone.now())
