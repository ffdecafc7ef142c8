"""What stands over each page of one solution: its tabs, and what this person may do there."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from functions.console.access import open_solution
from orgs.http import UserHttpRequest
from orgs.models import Solution, User
from orgs.policies import SolutionAct, can_in_solution, require_in_solution


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    is_current: bool


def tabs_of(request: HttpRequest, solution: Solution, user: User) -> dict[str, Any]:
    """Return the part of a page's context that all pages of a solution share."""
    may_configure = can_in_solution(user, SolutionAct.CONFIGURE, solution)
    pages: list[tuple[str, tuple[str, ...]]] = [
        (_("Overview"), ("solution", "function-new", "function-file")),
        (_("Versions"), ("solution-versions", "solution-version", "solution-publish")),
        (_("Members"), ("solution-members", "solution-members-add")),
        (_("Groups"), ("solution-groups", "solution-group")),
    ]
    if may_configure:
        pages[2:2] = [
            (_("Credentials"), _below("solution-credential")),
            (_("Connections"), _below("solution-connection")),
        ]
        pages.append((_("Settings"), ("solution-settings",)))
    here = request.resolver_match.url_name if request.resolver_match else None
    tabs = [
        Tab(label, reverse(names[0], args=[solution.pk]), here in names) for label, names in pages
    ]
    return {
        "solution": solution,
        "tabs": tabs,
        "may_configure": may_configure,
        "may_publish": can_in_solution(user, SolutionAct.PUBLISH, solution),
        "may_govern": can_in_solution(user, SolutionAct.GOVERN, solution),
        "may_end": can_in_solution(user, SolutionAct.DELETE, solution),
    }


def _below(name: str) -> tuple[str, ...]:
    """Return the names of a list, of the page for a new one, and of what leads back to one."""
    return (f"{name}s", f"{name}-new", name, f"{name}-test", f"{name}-remove")


def open_for(request: UserHttpRequest, solution_id: uuid.UUID, act: SolutionAct) -> Solution:
    """Return a solution that the person sees, for a page that takes this act.

    Raises Http404, or NotAllowed.
    """
    solution = open_solution(request, solution_id)
    require_in_solution(request.user, act, solution)
    return solution
