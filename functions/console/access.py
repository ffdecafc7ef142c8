"""What this person may see here; everything else does not exist."""

import uuid
from typing import cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from functions.models import CallRecord, FunctionDefinition
from orgs import policies
from orgs.console.entrance import ConsoleRequest
from orgs.console.shell import shell_of
from orgs.models import Solution, User


def visible_solutions(request: ConsoleRequest) -> QuerySet[Solution]:
    """Those of the organization that is open."""
    mine = Solution.objects.visible_in_console_to(request.user)
    return mine.filter(organization=request.organization)


def visible_functions(request: ConsoleRequest) -> QuerySet[FunctionDefinition]:
    """The live ones, without the columns that a list does not show."""
    live = FunctionDefinition.objects.live().filter(
        version__solution__in=visible_solutions(request)
    )
    return live.select_related("version__solution").defer("text", "source", "version__archive")


def visible_calls(request: ConsoleRequest) -> QuerySet[CallRecord]:
    """All of the organization, or those of the solutions that this person builds."""
    calls = CallRecord.objects.filter(organization=request.organization)
    if policies.can(request.user, policies.Act.SEE_ALL_CALLS, request.organization):
        return calls
    return calls.filter(solution__in=visible_solutions(request))


def open_solution(request: HttpRequest, solution_id: uuid.UUID) -> Solution:
    """Return one solution, of whichever organization, and let the shell show that one."""
    mine = Solution.objects.visible_in_console_to(cast(User, request.user))
    solution = get_object_or_404(mine.select_related("organization"), pk=solution_id)
    shell_of(request).look_at(solution.organization_id)
    return solution


def open_function(request: HttpRequest, solution_id: uuid.UUID, name: str) -> FunctionDefinition:
    """Return a function of the live version of a solution, whole."""
    solution = open_solution(request, solution_id)
    live = FunctionDefinition.objects.live().filter(version__solution=solution)
    whole = live.select_related("version__solution__organization").defer("version__archive")
    return get_object_or_404(whole, name=name)
