"""The words in the address that narrow a list."""

import uuid

from django.http import HttpRequest

LONGEST_SEARCH = 200


def search_of(request: HttpRequest) -> str:
    return request.GET.get("search", "").strip()[:LONGEST_SEARCH]


def uuid_or_none(text: str | None) -> uuid.UUID | None:
    """Read an id; whatever is none is treated as not given."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def query_without(request: HttpRequest, *names: str, **added: str) -> str:
    """Return the address's query without some names, for links that change just those."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    for name, text in added.items():
        query[name] = text
    return query.urlencode()
