"""What this person may see here; everything else does not exist."""

import uuid
from typing import cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from functions.models import CallRecord, FunctionDefinition
from functions.services.call_log import calls_seen_by
from orgs.console.entrance import ConsoleRequest
from orgs.console.shell import shell_of
from orgs.models import Solution, User
from orgs.policies import SolutionAct, solutions_allowing


def visible_solutions(request: ConsoleRequest) -> QuerySet[Solution]:
    """Those of the organization that is open."""
    mine = solutions_allowing(request.user, SolutionAct.SEE)
    return mine.filter(organization=request.organization)


def visible_functions(request: ConsoleRequest) -> QuerySet[FunctionDefinition]:
    """The live ones, without the columns that a list does not show."""
    live = FunctionDefinition.objects.live().filter(
        version__solution__in=visible_solutions(request)
    )
    return live.select_related("version__solution").defer("text", "source", "version__archive")


def visible_calls(request: ConsoleRequest) -> QuerySet[CallRecord]:
    """Those that the call log shows this person of the organization that is open."""
    return calls_seen_by(request.user, request.organization)


def open_solution(request: HttpRequest, solution_id: uuid.UUID) -> Solution:
    """Return one solution, of whichever organization, and let the shell show that one."""
    mine = solutions_allowing(cast(User, request.user), SolutionAct.SEE)
    solution = get_object_or_404(mine.select_related("organization"), pk=solution_id)
    shell_of(request).look_at(solution.organization_id)
    return solution


def open_function(request: HttpRequest, solution_id: uuid.UUID, name: str) -> FunctionDefinition:
    """Return a function of the live version of a solution, whole."""
    solution = open_solution(request, solution_id)
    live = FunctionDefinition.objects.live().filter(version__solution=solution)
    whole = live.select_related("version__solution__organization").defer("version__archive")
    return get_object_or_404(whole, name=name)
