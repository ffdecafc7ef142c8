"""Who can do what: the table of roles, and what it comes to for one person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import uuid_or_none
from orgs.models import Membership, Solution, SolutionMember
from orgs.policies import GOVERNED_BY, ORGANIZATION_ROLES, SOLUTION_ROLES, Act, SolutionAct
from orgs.services.members import members_of

MOST_SOLUTIONS = 200
WORDS: Mapping[Act, StrPromise] = {
    Act.ENTER_CONSOLE: _("Sign in to the console"),
    Act.SEE_PEOPLE: _("See people"),
    Act.MANAGE_PEOPLE: _("Invite and remove people, decide who joins"),
    Act.SEE_ALL_SOLUTIONS: _("See all solutions"),
    Act.GOVERN_ALL_SOLUTIONS: _("Change who may use any solution"),
    Act.CONFIGURE_ALL_SOLUTIONS: _(
        "Credentials, connections and trying functions, in any solution"
    ),
    Act.SET_UP_ORGANIZATION: _("Sign-in, domains, invitations and the organization's settings"),
    Act.CREATE_SOLUTIONS: _("Create a solution"),
    Act.SEE_ALL_CALLS: _("See the calls of all solutions"),
    Act.OVERSEE: _("Audit log and apps"),
    Act.OWN_ORGANIZATION: _("Delete the organization, change its owners, open it to support"),
}
SOLUTION_WORDS: Mapping[SolutionAct, StrPromise] = {
    SolutionAct.RUN: _("Run it on a device"),
    SolutionAct.SEE_ON_DEVICE: _("Find it on a device"),
    SolutionAct.SEE: _("See it in the console"),
    SolutionAct.GOVERN: _("Change its people and groups"),
    SolutionAct.PUBLISH: _("Publish a version"),
    SolutionAct.CONFIGURE: _("Credentials, connections and trying functions"),
    SolutionAct.DELETE: _("Delete or copy it"),
}
GOVERNED = _("Owners and admins of the organization may, without a role here.")


@dataclass(frozen=True, slots=True)
class Cell:
    role: StrPromise | str
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An act, and for each role whether it allows it."""

    words: StrPromise
    note: StrPromise | str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Part:
    """A solution, the person's role in it, and what comes of that."""

    solution: Solution
    role: str
    acts: list[StrPromise]


@console_page
def roles(request: ConsoleRequest) -> HttpResponse:
    people = members_of(request.organization, by=request.user)
    person = None
    if request.GET.get("person"):
        wanted = uuid_or_none(request.GET["person"])
        person = people.filter(pk=wanted).first() if wanted else None
        if person is None:
            raise Http404
    context = {
        "person": person,
        "allowed": _allowed(person) if person else [],
        "parts": _parts(request, person) if person else [],
        "organization_roles": Membership.Role.choices,
        "solution_roles": SolutionMember.Role.choices,
        "organization_lines": [
            Line(WORDS[act], "", _cells(Membership.Role, allowed.__contains__))
            for act, allowed in ORGANIZATION_ROLES.items()
        ],
        "solution_lines": [
            Line(
                SOLUTION_WORDS[act],
                GOVERNED if act in GOVERNED_BY else "",
                _cells(SolutionMember.Role, allowed.__contains__),
            )
            for act, allowed in SOLUTION_ROLES.items()
        ],
    }
    return render(request, "orgs/roles.html", context)


def _cells(
    roles: type[Membership.Role] | type[SolutionMember.Role], is_allowed: Callable[[object], bool]
) -> list[Cell]:
    return [Cell(role.label, is_allowed(role)) for role in roles]


def _allowed(person: Membership) -> list[StrPromise]:
    """Return what the role in the organization lets this person do; nothing while disabled."""
    acts = policies.acts_of(person.role) if person.may_enter else frozenset()
    return [words for act, words in WORDS.items() if act in acts]


def _parts(request: ConsoleRequest, person: Membership) -> list[Part]:
    """Return the solutions in which this person may do anything, of those that one may see."""
    own = SolutionMember.objects.filter(membership=person, solution=OuterRef("pk"))
    seen = policies.solutions_allowing(request.user, SolutionAct.SEE)
    found = seen.filter(organization=request.organization).annotate(
        own_role=Subquery(own.values("role")[:1])
    )
    if Act.SEE_ALL_SOLUTIONS not in policies.acts_of(person.role):
        found = found.filter(own_role__isnull=False)
    return [_part(person, solution) for solution in found[:MOST_SOLUTIONS]]


def _part(person: Membership, solution: Solution) -> Part:
    role: str | None = solution.own_role  # type: ignore[attr-defined]
    acts = policies.solution_acts_of(person.role, role) if person.may_enter else frozenset()
    return Part(
        solution=solution,
        role=str(SolutionMember.Role(role).label) if role else "",
        acts=[words for act, words in SOLUTION_WORDS.items() if act in acts],
    )
