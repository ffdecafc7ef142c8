"""Solutions: what is published, who may use it, which credentials it has."""

import uuid
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import render

from functions.console.access import open_solution, visible_solutions
from functions.models import FunctionDefinition, PublishedVersion
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import SolutionMember

MOST_ROWS = 200


@console_page
def solutions(request: ConsoleRequest) -> HttpResponse:
    live = FunctionDefinition.objects.live()
    counted = visible_solutions(request).annotate(
        functions=_number(live, of="version__solution"),
        people=_number(SolutionMember.objects.all(), of="solution"),
    )
    return render(request, "functions/solutions.html", {"solutions": counted[:MOST_ROWS]})


@console_page
def solution(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_solution(request, solution_id)
    live = FunctionDefinition.objects.live().filter(version__solution=solution)
    published = PublishedVersion.objects.filter(solution=solution).defer("archive")
    members = solution.members.select_related("membership__user")
    credentials = solution.credentials.select_related("saved_by").defer("sealed")
    context = {
        "solution": solution,
        "published": published.select_related("published_by").first(),
        "functions": live.defer("text", "source")[:MOST_ROWS],
        "members": members[:MOST_ROWS],
        "credentials": credentials[:MOST_ROWS],
        "egress_addresses": settings.EGRESS_ADDRESSES,
    }
    return render(request, "functions/solution.html", context)


def _number(rows: QuerySet[Any], *, of: str) -> Coalesce:
    """Count rows in a query of their own: joined, each of one kind would meet each of another."""
    own = rows.filter(**{of: OuterRef("pk")}).order_by().values(of)
    return Coalesce(Subquery(own.annotate(number=Count("pk")).values("number")), 0)
