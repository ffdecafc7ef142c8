"""Which solutions a caller may see: by the phone's rights or by the console's."""

import uuid

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from auth_providers.services.tokens import Caller
from functions.services.calls import MayNotRun, NoSuchSolution
from jigxmgmt.errors import NotAllowed
from orgs import policies
from orgs.models import Solution
from orgs.policies import SolutionAct, solutions_allowing


class NotForDevices(NotAllowed):
    code = "not_for_devices"


def runnable_solutions(caller: Caller) -> QuerySet[Solution]:
    """Solutions that the caller may run; for a personal token, those its person may see."""
    if not caller.is_device:
        return visible_solutions(caller)
    return _within_reach(
        caller, solutions_allowing(caller.user, SolutionAct.RUN).filter(version__gt=0)
    )


def visible_solutions(caller: Caller) -> QuerySet[Solution]:
    """Solutions that the caller may know of.

    Support enters by the console alone, where each entry is recorded.
    """
    if not caller.is_device:
        own = caller.user.memberships.active().values("organization")
        return solutions_allowing(caller.user, SolutionAct.SEE).filter(organization__in=own)
    return _within_reach(caller, solutions_allowing(caller.user, SolutionAct.SEE_ON_DEVICE))


def find_solution(caller: Caller, solution_id: uuid.UUID) -> Solution:
    """Return a solution that the caller may know of; raises NoSuchSolution."""
    found = visible_solutions(caller).select_related("organization").filter(pk=solution_id).first()
    if found is None:
        raise NoSuchSolution(_("There is no such solution."))
    return found


def find_runnable_solution(caller: Caller, solution_id: uuid.UUID) -> Solution:
    """Return a solution that the caller may run; raises NoSuchSolution or MayNotRun."""
    solution = find_solution(caller, solution_id)
    if not policies.can_in_solution(caller.user, policies.SolutionAct.RUN, solution):
        raise MayNotRun(_("Your role does not let you run this solution."))
    return solution


def require_scripts(caller: Caller) -> None:
    """Raise NotForDevices for the app on a phone, whatever role its person has."""
    if caller.is_device:
        raise NotForDevices(_("This is for the console and for scripts."))


def _within_reach(caller: Caller, solutions: QuerySet[Solution]) -> QuerySet[Solution]:
    if caller.confined_to is None:
        return solutions
    return solutions.filter(organization=caller.confined_to)
