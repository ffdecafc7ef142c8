"""Solutions: what is published, who may use it, which credentials it has."""

import uuid

from django.conf import settings
from django.db.models import Count, F, Q
from django.http import HttpResponse
from django.shortcuts import render

from functions.console.access import open_solution, visible_solutions
from functions.models import FunctionDefinition, PublishedVersion
from orgs.console.entrance import ConsoleRequest, console_page

MOST_ROWS = 200


@console_page
def solutions(request: ConsoleRequest) -> HttpResponse:
    live = Q(versions__number=F("version"))
    counted = visible_solutions(request).annotate(
        functions=Count("versions__functions", filter=live, distinct=True),
        people=Count("members", distinct=True),
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
