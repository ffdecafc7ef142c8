"""The function language's schema as editors fetch it."""

import hashlib

import orjson
from django.conf import settings
from django.urls import reverse

from functions.engine.language import SCHEMA


def schema_address() -> str:
    """Return where this installation publishes the schema."""
    return f"{settings.PUBLIC_URL}{reverse('function-schema')}"


def schema_document() -> bytes:
    return orjson.dumps({"$id": schema_address(), **SCHEMA})


def schema_tag() -> str:
    """Return the document's strong ETag."""
    return f'"{hashlib.sha256(schema_document()).hexdigest()[:32]}"'
