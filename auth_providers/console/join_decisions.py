"""Deciding who joins: one click lets in or turns down, ten seconds undo it."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_providers.console.join_request_forms import DenialForm
from auth_providers.console.join_requests import (
    PAGE_SIZE,
    look_at_join_request,
    show_join_request,
)
from auth_providers.services.admission import admit_requester, retract_decision
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from jigxmgmt.errors import DomainError, NotAllowed
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.console.filters import uuid_or_none
from orgs.console.grants import GrantsForm
from orgs.http import UserHttpRequest
from orgs.models import JoinRequest
from orgs.services.join_requests import deny_join_request
from orgs.services.provisioning import Grants

MOST_REFUSALS = 5


@console_page
def approve(request: ConsoleRequest, request_id: uuid.UUID) -> HttpResponse:
    """Let in with role *user*, or with what the form of the request's own page grants."""
    if request.method != "POST":
        return redirect("join-request", request_id)
    wanted = look_at_join_request(request, request_id)
    if "role" not in request.POST:
        with refusals_as_messages(request):
            admit_requester(wanted, grants=Grants(), by=request.user, now=timezone.now())
        return _back(request, wanted)
    form = GrantsForm(request.POST, organization=wanted.organization, by=request.user)
    if form.is_valid():
        with refusals_in_form(form):
            admit_requester(wanted, grants=form.grants(), by=request.user, now=timezone.now())
    return _back(request, wanted) if form.is_valid() else _refused(request, wanted, grants=form)


@console_page
def deny(request: ConsoleRequest, request_id: uuid.UUID) -> HttpResponse:
    if request.method != "POST":
        return redirect("join-request", request_id)
    wanted = look_at_join_request(request, request_id)
    form = DenialForm(request.POST)
    if not form.is_valid():
        return _refused(request, wanted, denial=form)
    reason = form.cleaned_data["reason"]
    with refusals_as_messages(request):
        deny_join_request(wanted, reason=reason, by=request.user, now=timezone.now())
    return _back(request, wanted)


@posted_from("join-requests")
def approve_chosen(request: UserHttpRequest) -> HttpResponse:
    now, user = timezone.now(), request.user
    return _each(request, lambda wanted: admit_requester(wanted, grants=Grants(), by=user, now=now))


@posted_from("join-requests")
def deny_chosen(request: UserHttpRequest) -> HttpResponse:
    now, user = timezone.now(), request.user
    return _each(request, lambda wanted: deny_join_request(wanted, reason="", by=user, now=now))


@posted_from("join-requests")
def undo(request: UserHttpRequest) -> HttpResponse:
    now, user = timezone.now(), request.user
    return _each(
        request,
        lambda wanted: retract_decision(wanted, by=user, now=now),
        said=lambda number: ngettext(
            "%(number)s request waits again.", "%(number)s requests wait again.", number
        ),
    )


def _each(
    request: UserHttpRequest,
    act: Callable[[JoinRequest], Any],
    *,
    said: Callable[[int], str] | None = None,
) -> HttpResponse:
    """Do it to each of those that were chosen, by itself, and say where it could not be done."""
    chosen, refusals = _chosen(request), []
    for wanted in chosen:
        try:
            act(wanted)
        except NotAllowed:
            raise
        except DomainError as refusal:
            refusals.append(f"{wanted.display_name}: {refusal.detail}")
    if not chosen:
        messages.error(request, _("Choose at least one request."))
    done = len(chosen) - len(refusals)
    if said and done:
        messages.success(request, said(done) % {"number": done})
    for sentence in refusals[:MOST_REFUSALS]:
        messages.error(request, sentence)
    if more := len(refusals[MOST_REFUSALS:]):
        messages.error(request, _("And %(number)s more.") % {"number": more})
    return _back(request, chosen[0] if chosen else None)


def _chosen(request: UserHttpRequest) -> Sequence[JoinRequest]:
    """Return what was chosen; raises Http404 when nothing of it is there for this person."""
    ids = [identity for text in request.POST.getlist("chosen") if (identity := uuid_or_none(text))]
    mine = policies.organizations_allowing(request.user, policies.Act.ENTER_CONSOLE)
    known = JoinRequest.objects.filter(organization__in=mine, pk__in=ids[:PAGE_SIZE])
    found = list(known.select_related("organization", "user"))
    if ids and not found:
        raise Http404
    return found


def _refused(request: ConsoleRequest, wanted: JoinRequest, **forms: Any) -> HttpResponse:
    """Show the page again, of the request as it is: what a refused act wrote was rolled back."""
    wanted.refresh_from_db()
    return show_join_request(request, wanted, **forms)


def _back(request: HttpRequest, wanted: JoinRequest | None) -> HttpResponse:
    """Return to the list as it was, or to the page of the one request that was decided there."""
    if "list" not in request.POST and wanted:
        return redirect("join-request", wanted.pk)
    query = QueryDict(request.POST.get("list", ""), mutable=True)
    row = request.POST.get("row", "")
    if request.htmx and row.isdecimal():  # type: ignore[attr-defined]
        query["row"] = row
    return redirect(f"{reverse('join-requests')}?{query.urlencode()}")
