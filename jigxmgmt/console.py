"""Refusals as flash messages, or beside the field that they are about."""

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from jigxmgmt.errors import DomainError, NotAllowed, NotFound


@contextmanager
def refusals_as_messages(request: HttpRequest) -> Iterator[None]:
    """Show a refusal to the person in place of raising it.

    What is not theirs to do, or not there, stays a refusal of the whole page.
    """
    try:
        yield
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        messages.error(request, refusal.detail)


@contextmanager
def refusals_in_form(form: forms.BaseForm) -> Iterator[None]:
    """Put a refusal into the form, which then is no longer valid; as refusals_as_messages."""
    try:
        yield
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        add_refusal(form, refusal)


def add_refusal(form: forms.BaseForm, refusal: DomainError) -> None:
    """Put each fault at the field on its path, and above all what has none."""
    for fault in refusal.faults:
        named = (part for part in fault.pointer.split("/") if part in form.fields)
        form.add_error(next(named, None), fault.detail)
    if not refusal.faults:
        form.add_error(None, refusal.detail)
