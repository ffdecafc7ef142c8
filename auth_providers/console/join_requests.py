"""The queue of who asks to join: who waits, and what became of the others."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zlib import crc32

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_stubs_ext import StrPromise

from auth_providers.console.join_request_forms import DenialForm
from orgs import policies
from orgs.console.acts import words_of
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without, search_of
from orgs.console.grants import GrantsForm
from orgs.console.shell import initials, shell_of
from orgs.models import AuditEvent, JoinRequest, User
from orgs.models.join_requests import JoinRequestQuerySet
from orgs.services.join_requests import UNDOABLE_FOR, join_requests_of

PAGE_SIZE = 50
TONES = 5
Status = JoinRequest.Status


@dataclass(frozen=True, slots=True)
class Tab:
    status: str
    label: str
    count: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A request in the list, with the tile that stands for the person."""

    join_request: JoinRequest

    @property
    def initials(self) -> str:
        return initials(self.join_request.display_name)

    @property
    def tone(self) -> int:
        return crc32(self.join_request.email.encode()) % TONES + 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What this person decided a moment ago, in one act, and may still undo."""

    join_requests: list[JoinRequest]
    now: datetime

    @property
    def seconds(self) -> int:
        """How long it may still be undone."""
        decided_at = self.join_requests[0].decided_at or self.now
        return max(int((decided_at + UNDOABLE_FOR - self.now).total_seconds()), 1)

    @property
    def sentence(self) -> str:
        first, number = self.join_requests[0], len(self.join_requests)
        if number == 1 and first.status == Status.APPROVED:
            return _("%(person)s joined %(organization)s.") % {
                "person": first.display_name,
                "organization": first.organization,
            }
        if number == 1:
            return _("The request of %(person)s was denied.") % {"person": first.display_name}
        if first.status == Status.APPROVED:
            return ngettext("%(number)s person joined.", "%(number)s people joined.", number) % {
                "number": number
            }
        return ngettext(
            "%(number)s request was denied.", "%(number)s requests were denied.", number
        ) % {"number": number}


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of a request's history."""

    label: StrPromise | str
    who: str
    at: datetime


@console_page
def join_requests(request: ConsoleRequest) -> HttpResponse:
    everything = join_requests_of(request.organization, by=request.user)
    status, search = _status(request), search_of(request)
    found = everything.filter(status=status).matching(search)
    page = _page(found.select_related("decided_by"), request.GET.get("page", ""))
    counts = _counts(everything)
    context = {
        "rows": [Row(join_request) for join_request in page.object_list],
        "page": page,
        "tabs": [
            Tab(value, str(label), counts.get(value, 0), value == status)
            for value, label in Status.choices
        ],
        "status": status,
        "is_pending": status == Status.PENDING,
        "search": search,
        "query": query_without(request, "row", "page"),
        "list": query_without(request, "row"),
        "pending": counts.get(Status.PENDING, 0),
        "decisions": _undoable(everything, request.user),
        "focused": _focused(request, len(page.object_list)),
    }
    part = "_join_requests" if request.htmx else "join_requests"  # type: ignore[attr-defined]
    return render(request, f"auth_providers/{part}.html", context)


@console_page
def join_request(request: ConsoleRequest, request_id: uuid.UUID) -> HttpResponse:
    return show_join_request(request, look_at_join_request(request, request_id))


def look_at_join_request(request: ConsoleRequest, request_id: uuid.UUID) -> JoinRequest:
    """Return a request to any of this person's organizations, and let the shell show that one."""
    mine = policies.organizations_allowing(request.user, policies.Act.ENTER_CONSOLE)
    known = JoinRequest.objects.filter(organization__in=mine)
    whole = known.select_related("organization", "user", "decided_by", "membership")
    wanted = get_object_or_404(whole, pk=request_id)
    shell_of(request).look_at(wanted.organization_id)
    request.organization = wanted.organization
    policies.require(request.user, policies.Act.MANAGE_PEOPLE, wanted.organization)
    return wanted


def show_join_request(
    request: ConsoleRequest,
    wanted: JoinRequest,
    *,
    grants: GrantsForm | None = None,
    denial: DenialForm | None = None,
) -> HttpResponse:
    """Show one request; a form that was refused is shown as it was filled in."""
    organization = wanted.organization
    itself = JoinRequest.objects.filter(pk=wanted.pk)
    context = {
        "row": Row(wanted),
        "join_request": wanted,
        "is_pending": wanted.status == Status.PENDING,
        "grants": grants or GrantsForm(organization=organization, by=request.user),
        "denial": denial or DenialForm(),
        "decisions": _undoable(itself, request.user),
        "history": _history(wanted),
    }
    status = 422 if grants or denial else 200
    return render(request, "auth_providers/join_request.html", context, status=status)


def _status(request: ConsoleRequest) -> str:
    wanted = request.GET.get("status", "")
    return wanted if wanted in Status.values else Status.PENDING


def _page(found: QuerySet[JoinRequest], wanted: str) -> Page[JoinRequest]:
    return Paginator(found.order_by("-created_at", "pk"), PAGE_SIZE).get_page(wanted)


def _counts(everything: QuerySet[JoinRequest]) -> dict[str, int]:
    return dict(everything.order_by().values_list("status").annotate(Count("pk")))


def _focused(request: ConsoleRequest, rows: int) -> int | None:
    """Return the row that took the place of the one that was decided."""
    row = request.GET.get("row", "")
    return min(int(row), rows - 1) if row.isdecimal() and len(row) < 4 else None


def _undoable(requests: JoinRequestQuerySet, by: User) -> list[Decision]:
    """Return what this person decided within the last ten seconds, an act each."""
    now = timezone.now()
    recent = requests.decided().filter(decided_by=by, decided_at__gt=now - UNDOABLE_FOR)
    mine = recent.exclude(status=Status.WITHDRAWN).select_related("organization")
    ordered = mine.order_by("-decided_at", "pk")[:PAGE_SIZE]
    acts = groupby(ordered, key=lambda decided: (decided.decided_at, decided.status))
    return [Decision(list(decided), now) for _moment, decided in acts]


def _history(wanted: JoinRequest) -> Iterator[Moment]:
    events = AuditEvent.objects.filter(subject_id=str(wanted.pk)).select_related("actor")
    for event in events.order_by("-created_at")[:PAGE_SIZE]:
        who = event.actor.display_name if event.actor else event.actor_label
        yield Moment(words_of(event.act), who, event.created_at)
