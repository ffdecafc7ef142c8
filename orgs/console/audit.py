"""The audit log: what everybody did in the organization, kept for ever."""

import datetime
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_stubs_ext import StrPromise

from orgs.console.acts import choices, words_of
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.http import StreamedFile
from orgs.models import AuditEvent
from orgs.models.audit import AuditEventQuerySet
from orgs.services.audit_export import ExportFormat, export_events
from orgs.services.audit_log import Narrowing, chain_of, events_of

PAGE_SIZE = 50
A_DAY = datetime.timedelta(days=1)


class AuditFilters(forms.Form):
    """What narrows the log; the last three come by links in it."""

    search = forms.CharField(label=_("Who or whom"), required=False, max_length=200)
    act = forms.ChoiceField(label=_("What"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    actor = forms.UUIDField(required=False, widget=forms.HiddenInput)
    subject = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    correlation = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        act = self.fields["act"]
        assert isinstance(act, forms.ChoiceField)  # noqa: S101 (for types)
        act.choices = [("", _("Everything")), *choices()]

    def narrowing(self) -> Narrowing:
        """Return what is wanted; a field that is at fault narrows nothing."""
        self.full_clean()
        wanted = {name: value for name, value in self.cleaned_data.items() if value}
        for name in ("since", "until"):
            if name in wanted:
                wanted[name] = _midnight(wanted[name])
        if "until" in wanted:  # with all of that day
            with suppress(OverflowError):  # after the last of all days there is none
                wanted["until"] += A_DAY
        return Narrowing(**wanted)


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the page shows it."""

    event: AuditEvent

    @property
    def words(self) -> StrPromise | str:
        return words_of(self.event.act)

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        return [
            (field.replace("_", " "), *_pair(pair)) for field, pair in self.event.changes.items()
        ]

    @property
    def number(self) -> int | None:
        link = getattr(self.event, "link", None)
        return link.number if link else None


@console_page
def audit_events(request: ConsoleRequest) -> HttpResponse:
    filters = AuditFilters(request.GET)
    narrowing = filters.narrowing()
    events = events_of(request.organization, narrowing=narrowing, by=request.user)
    before = request.GET.get("before", "")
    shown = list(_page(events, before)[: PAGE_SIZE + 1])
    rest = request.GET.copy()
    rest.pop("before", None)
    newest = rest.urlencode()
    if len(shown) > PAGE_SIZE:
        rest["before"] = str(shown[PAGE_SIZE - 1].pk)
    context = {
        "rows": [Row(event) for event in shown[:PAGE_SIZE]],
        "filters": filters,
        "is_narrowed": bool(narrowing),
        "narrowed_to": _narrowed_to(request, narrowing),
        "is_first_page": not before,
        "newest": newest,
        "older": rest.urlencode() if len(shown) > PAGE_SIZE else "",
        "chain": chain_of(request.organization, by=request.user),
    }
    return render(request, "orgs/audit_events.html", context)


@require_POST
@console_page  # type: ignore[arg-type]  # a file is an answer, though no HttpResponse to the stubs
def audit_export(request: ConsoleRequest) -> HttpResponseBase:
    wanted = ExportFormat.JSON if "json" in request.POST.get("format", "") else ExportFormat.CSV
    narrowing = AuditFilters(request.POST).narrowing()
    pieces = export_events(
        request.organization, wanted=wanted, narrowing=narrowing, by=request.user
    )
    return StreamedFile(pieces, name=f"audit-events.{wanted}", content_type=wanted.content_type)


def _page(events: AuditEventQuerySet, before: str) -> AuditEventQuerySet:
    """Continue below an event; its place is found by time, so a page costs the same anywhere."""
    ordered = events.order_by("-created_at", "-pk")
    try:
        last = AuditEvent.objects.filter(pk=uuid.UUID(before)).first()
    except ValueError:
        last = None
    if last is None:
        return ordered
    return ordered.filter(
        Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
    )


def _narrowed_to(request: ConsoleRequest, narrowing: Narrowing) -> list[tuple[StrPromise, str]]:
    """Return what links narrowed the log to, each with the address that takes it away."""
    labels = {
        "actor": _("One person's acts"),
        "subject": _("Acts on one thing"),
        "correlation": _("One request's acts"),
    }
    narrowed = []
    for name, label in labels.items():
        if getattr(narrowing, name):
            without = request.GET.copy()
            without.pop(name, None)
            without.pop("before", None)
            narrowed.append((label, without.urlencode()))
    return narrowed


def _pair(pair: Any) -> tuple[Any, Any]:
    before, after = pair
    return _shown(before), _shown(after)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return str(value)


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=timezone.get_current_timezone())
