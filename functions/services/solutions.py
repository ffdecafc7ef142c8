"""Which solutions a caller may see: by the phone's rights or by the console's."""

import uuid

from auth_providers.services.tokens import Caller
from functions.services.calls import NoSuchSolution
from orgs.models import Solution
from orgs.models.solutions import SolutionQuerySet


def runnable_solutions(caller: Caller) -> SolutionQuerySet:
    """Solutions that the caller may run; for a personal token, those its person may see."""
    if not caller.is_device:
        return visible_solutions(caller)
    return _within_reach(caller, Solution.objects.runnable_by(caller.user).filter(version__gt=0))


def visible_solutions(caller: Caller) -> SolutionQuerySet:
    """Solutions that the caller may know of."""
    if not caller.is_device:
        return Solution.objects.visible_in_console_to(caller.user)
    return _within_reach(caller, Solution.objects.visible_on_device_to(caller.user))


def find_solution(caller: Caller, solution_id: uuid.UUID) -> Solution:
    """Return a solution that the caller may know of; raises NoSuchSolution."""
    found = visible_solutions(caller).select_related("organization").filter(pk=solution_id).first()
    if found is None:
        raise NoSuchSolution("There is no such solution.")
    return found


def _within_reach(caller: Caller, solutions: SolutionQuerySet) -> SolutionQuerySet:
    """An organization's app stays in its organization; the installation's own goes anywhere."""
    confined_to = caller.device.app.organization_id if caller.device else None
    return solutions.filter(organization=confined_to) if confined_to else solutions
