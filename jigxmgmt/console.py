"""Refusals as flash messages."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from jigxmgmt.errors import DomainError


@contextmanager
def refusals_as_messages(request: HttpRequest) -> Iterator[None]:
    """Show a refusal to the person in place of raising it."""
    try:
        yield
    except DomainError as refusal:
        messages.error(request, refusal.detail)
