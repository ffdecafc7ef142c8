"""Solutions: the list, a new one, and one with what is published and which credentials it has."""

import uuid
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from functions.console.access import open_solution, visible_solutions
from functions.console.solution_forms import NewSolutionForm
from functions.console.solution_tabs import tabs_of
from functions.models import (
    CallRecord,
    Connection,
    Credential,
    FunctionDefinition,
    PublishedVersion,
)
from functions.services.publishing import live_version
from jigxmgmt.console import refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without, search_of
from orgs.console.shell import shell_of
from orgs.models import Solution, SolutionGroup, SolutionMember
from orgs.services.solutions import create_solution

PAGE_SIZE = 50
MOST_ROWS = 200


@console_page
def solutions(request: ConsoleRequest) -> HttpResponse:
    search = search_of(request)
    found = visible_solutions(request)
    if search:
        found = found.filter(Q(title__icontains=search) | Q(name__icontains=search))
    own = SolutionMember.objects.filter(membership__user=request.user)
    live = FunctionDefinition.objects.live()
    counted = found.order_by("title", "name").annotate(
        functions=number_of(live, of="version__solution"),
        people=number_of(SolutionMember.objects.all(), of="solution"),
    )
    counted = counted.prefetch_related(Prefetch("members", own, to_attr="own_roles"))
    page = Paginator(counted, PAGE_SIZE).get_page(request.GET.get("page"))
    place = shell_of(request).place
    context = {
        "page": page,
        "solutions": page.object_list,
        "search": search,
        "query": query_without(request, "page"),
        "may_create": place is not None and policies.Act.CREATE_SOLUTIONS in place.acts,
    }
    return render(request, "functions/solutions.html", context)


@console_page
def new_solution(request: ConsoleRequest) -> HttpResponse:
    policies.require(request.user, policies.Act.CREATE_SOLUTIONS, request.organization)
    form = NewSolutionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in_form(form):
            solution = create_solution(request.organization, by=request.user, **form.cleaned_data)
            messages.success(request, _("%(title)s was created.") % {"title": solution.title})
            return redirect("solution", solution.pk)
    status = 422 if form.errors else 200
    return render(request, "functions/solution_new.html", {"form": form}, status=status)


@console_page
def solution(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_solution(request, solution_id)
    live = FunctionDefinition.objects.live().filter(version__solution=solution)
    published = PublishedVersion.objects.filter(solution=solution).defer("archive")
    credentials = solution.credentials.select_related("saved_by", "configuration").defer("sealed")
    context = tabs_of(request, solution, request.user) | {
        "published": published.select_related("published_by").first(),
        "functions": live.defer("text", "source")[:MOST_ROWS],
        "credentials": credentials[:MOST_ROWS],
        "egress_addresses": settings.EGRESS_ADDRESSES,
        "counts": what_hangs_on(solution),
    }
    return render(request, "functions/solution.html", context)


@require_safe
@console_page
def download(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    """Answer with the folder that is live, as it was published."""
    solution = open_solution(request, solution_id)
    return zip_of(solution, live_version(solution))


def zip_of(solution: Solution, version: PublishedVersion) -> HttpResponse:
    """Return a version's folder as a file to keep."""
    response = HttpResponse(bytes(version.archive), content_type="application/zip")
    name = f"{solution.name}-{version.number}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def what_hangs_on(solution: Solution) -> dict[str, int]:
    """Count, in one query, what would go with the solution."""
    rows: dict[str, tuple[QuerySet[Any], str]] = {
        "people": (SolutionMember.objects.all(), "solution"),
        "circles": (SolutionGroup.objects.all(), "solution"),
        "uploads": (PublishedVersion.objects.all(), "solution"),
        "functions": (FunctionDefinition.objects.live(), "version__solution"),
        "secrets": (Credential.objects.all(), "solution"),
        "servers": (Connection.objects.all(), "solution"),
        "log": (CallRecord.objects.all(), "solution"),
    }
    counts = {name: number_of(found, of=column) for name, (found, column) in rows.items()}
    return cast(dict[str, int], Solution.objects.filter(pk=solution.pk).values(**counts).get())


def number_of(rows: QuerySet[Any], *, of: str) -> Coalesce:
    """Count rows in a query of their own: joined, each of one kind would meet each of another."""
    own = rows.filter(**{of: OuterRef("pk")}).order_by().values(of)
    return Coalesce(Subquery(own.annotate(number=Count("pk")).values("number")), 0)
