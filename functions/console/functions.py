"""Functions: the list of all, and one with its definition, its day and the form to try it."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from functions.console.access import (
    open_function,
    open_solution,
    visible_calls,
    visible_functions,
    visible_solutions,
)
from functions.console.forms import TrialForm
from functions.console.highlighting import highlight
from functions.console.parameters import Parameter, parameters_of
from functions.console.statements import statement_of
from functions.console.statistics import day_of
from functions.models import CallRecord, FunctionDefinition
from functions.services.authorizations import connected_keys
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without, search_of, uuid_or_none
from orgs.models import Solution, User

PAGE_SIZE = 50
MOST_CHOICES = 200


@console_page
def functions(request: ConsoleRequest) -> HttpResponse:
    found = visible_functions(request)
    search = search_of(request)
    chosen = uuid_or_none(request.GET.get("solution"))
    if search:
        found = found.filter(name__icontains=search)
    if chosen:
        found = found.filter(version__solution=chosen)
    ordered = found.order_by("version__solution__title", "name")
    page = Paginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    _count_calls(request, list(page.object_list))
    context = {
        "page": page,
        "search": search,
        "chosen": chosen,
        "solutions": visible_solutions(request)[:MOST_CHOICES],
        "query": query_without(request, "page"),
    }
    return render(request, "functions/functions.html", context)


@console_page
def function(request: ConsoleRequest, solution_id: uuid.UUID, name: str) -> HttpResponse:
    definition = open_function(request, solution_id, name)
    return render(
        request, "functions/function.html", function_context(definition, user=request.user)
    )


def function_context(
    definition: FunctionDefinition, *, user: User, form: TrialForm | None = None
) -> dict[str, Any]:
    """Return what one function's page shows; with a form that was sent, that one."""
    solution = definition.version.solution
    parameters = parameters_of(definition)
    calls = CallRecord.objects.filter(solution=solution, function_name=definition.name)
    may_try = policies.can_in_solution(user, policies.SolutionAct.CONFIGURE, solution)
    may_publish = policies.can_in_solution(user, policies.SolutionAct.PUBLISH, solution)
    return {
        "function": definition,
        "solution": solution,
        "parameters": parameters,
        "statement": statement_of(definition),
        "lines": highlight(definition.text),
        "day": day_of(calls, now=timezone.now()),
        "may_try": may_try,
        "may_publish": may_publish,
        "unconnected": unconnected_credentials(solution, parameters, user),
        "form": form or TrialForm(parameters=parameters),
        "answer": None,
        "refusal": "",
    }


def unconnected_credentials(
    solution: Solution, parameters: Iterable[Parameter], user: User
) -> list[str]:
    """Return the credentials of a function that this person has to connect before trying it."""
    named = {parameter.credential for parameter in parameters if parameter.credential}
    if not named:
        return []
    personal = solution.credentials.filter(key__in=named, configuration__isnull=False)
    keys = list(personal.values_list("key", flat=True))
    connected = connected_keys(solution, user) if keys else frozenset()
    return [key for key in keys if key not in connected]


@console_page
def jump(request: ConsoleRequest) -> HttpResponse:
    """Go where the words point: a correlation id, a solution's id, a function's name, or search."""
    words = request.GET.get("to", "").strip()
    identity = uuid_or_none(words)
    if identity and visible_calls(request).filter(pk=identity).exists():
        return redirect("call", identity)
    if identity and visible_solutions(request).filter(pk=identity).exists():
        return redirect("solution", open_solution(request, identity).pk)
    named = list(visible_functions(request).filter(name__iexact=words)[:2])
    if len(named) == 1:
        return redirect("function", named[0].version.solution_id, named[0].name)
    return redirect(f"{reverse('functions')}?{urlencode({'search': words})}")


def _count_calls(request: ConsoleRequest, shown: list[FunctionDefinition]) -> None:
    """Note on each function how often it was called within a day."""
    recent = visible_calls(request).filter(
        started_at__gte=timezone.now() - timedelta(days=1),
        function_name__in=[function.name for function in shown],
    )
    counted = recent.order_by().values_list("solution", "function_name").annotate(Count("pk"))
    numbers = {(solution, name): number for solution, name, number in counted}
    for function in shown:
        key = (function.version.solution_id, function.name)
        function.calls_today = numbers.get(key, 0)  # type: ignore[attr-defined]
