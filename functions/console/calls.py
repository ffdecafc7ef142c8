"""The call log: who called what, when, how long and how it ended. It holds no values."""

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from functions.console.access import visible_calls, visible_solutions
from functions.models import CallRecord, FunctionDefinition
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without, uuid_or_none
from orgs.console.shell import shell_of

PAGE_SIZE = 50
MOST_CHOICES = 200


FILTERS = ("solution", "function", "status", "correlation")


@dataclass(frozen=True, slots=True)
class Timing:
    """A part of a call's time, and its place on a bar of 1000 units."""

    label: str
    milliseconds: int
    left: int
    width: int


@console_page
def calls(request: ConsoleRequest) -> HttpResponse:
    found = _filtered(visible_calls(request), request)
    before = uuid_or_none(request.GET.get("before"))
    shown = list(_page(found, before).select_related("solution", "user")[: PAGE_SIZE + 1])
    has_more = len(shown) > PAGE_SIZE
    shown = shown[:PAGE_SIZE]
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    context = {
        "calls": shown,
        "filters": filters,
        "is_narrowed": any(filters.values()),
        "is_first_page": before is None,
        "newest": query_without(request, "before"),
        "older": query_without(request, before=str(shown[-1].pk)) if has_more else "",
        "statuses": CallRecord.Status.choices,
        "solutions": visible_solutions(request)[:MOST_CHOICES],
    }
    return render(request, "functions/calls.html", context)


@console_page
def call(request: ConsoleRequest, call_id: uuid.UUID) -> HttpResponse:
    call = _find(request, call_id)
    live = FunctionDefinition.objects.live().filter(
        version__solution=call.solution_id, name=call.function_name
    )
    context = {"call": call, "timings": _timings(call), "has_function": live.exists()}
    return render(request, "functions/call.html", context)


def _filtered(calls: QuerySet[CallRecord], request: ConsoleRequest) -> QuerySet[CallRecord]:
    solution = uuid_or_none(request.GET.get("solution"))
    function = request.GET.get("function", "").strip()
    status = request.GET.get("status", "")
    correlation = request.GET.get("correlation", "").strip()
    if solution:
        calls = calls.filter(solution=solution)
    if function:
        calls = calls.filter(function_name__icontains=function)
    if status in CallRecord.Status.values:
        calls = calls.filter(status=status)
    if correlation:
        identity = uuid_or_none(correlation)
        calls = calls.filter(pk=identity) if identity else calls.none()
    return calls


def _page(calls: QuerySet[CallRecord], before: uuid.UUID | None) -> QuerySet[CallRecord]:
    """Continue below a row; its place is found by time, so a page costs the same however deep."""
    ordered = calls.order_by("-started_at", "-pk")
    if before is None:
        return ordered
    moment = calls.filter(pk=before).values_list("started_at", flat=True).first()
    if moment is None:
        return ordered
    return ordered.filter(Q(started_at__lt=moment) | Q(started_at=moment, pk__lt=before))


def _find(request: ConsoleRequest, call_id: uuid.UUID) -> CallRecord:
    """Find it in whichever organization this person is in, and let the shell show that one."""
    shell = shell_of(request)
    everywhere = CallRecord.objects.filter(organization__in=shell.organizations)
    whole = everywhere.select_related("organization", "solution", "user")
    call = get_object_or_404(whole, pk=call_id)
    shell.look_at(call.organization_id)
    request.organization = call.organization
    get_object_or_404(visible_calls(request), pk=call_id)
    return call


def _timings(call: CallRecord) -> list[Timing]:
    whole = max(call.total_ms, call.queue_ms + call.upstream_ms + call.transform_ms, 1)
    parts = [
        (_("Queue"), call.queue_ms),
        (_("Service"), call.upstream_ms),
        (_("Transform"), call.transform_ms),
    ]
    timings, left = [], 0
    for label, milliseconds in parts:
        width = 1000 * milliseconds // whole
        timings.append(Timing(label, milliseconds, left, width))
        left += width
    return timings
