"""Who may do what, as one table a level; services ask, doors never decide."""

from collections.abc import Mapping
from enum import StrEnum

from django.db.models import Q, QuerySet

from jigxmgmt.errors import NotAllowed
from orgs.models import Membership, Organization, Solution, SolutionMember, User

Role = Membership.Role
SolutionRole = SolutionMember.Role


class Act(StrEnum):
    """What a role in the organization lets a person do."""

    ENTER_CONSOLE = "sign in to the console"
    CREATE_SOLUTIONS = "create solutions"
    SEE_ALL_SOLUTIONS = "see all solutions"
    CONFIGURE_ALL_SOLUTIONS = "configure all solutions"
    SET_UP_ORGANIZATION = "change the organization's settings"
    SEE_ALL_CALLS = "see all calls"


class SolutionAct(StrEnum):
    """What a role in a solution lets a person do."""

    RUN = "run this solution"
    SEE_ON_DEVICE = "see this solution on a device"
    SEE = "see this solution"
    PUBLISH = "publish this solution"
    CONFIGURE = "change this solution's credentials or try its functions"
    DELETE = "delete this solution"


ORGANIZATION_ROLES: Mapping[Act, frozenset[Role]] = {
    Act.ENTER_CONSOLE: frozenset({Role.OWNER, Role.ADMIN, Role.CREATOR}),
    Act.CREATE_SOLUTIONS: frozenset({Role.OWNER, Role.ADMIN, Role.CREATOR}),
    Act.SEE_ALL_SOLUTIONS: frozenset({Role.OWNER, Role.ADMIN}),
    Act.CONFIGURE_ALL_SOLUTIONS: frozenset({Role.OWNER, Role.ADMIN}),
    Act.SET_UP_ORGANIZATION: frozenset({Role.OWNER, Role.ADMIN}),
    Act.SEE_ALL_CALLS: frozenset({Role.OWNER, Role.ADMIN}),
}
SOLUTION_ROLES: Mapping[SolutionAct, frozenset[SolutionRole]] = {
    SolutionAct.RUN: frozenset({SolutionRole.OWNER, SolutionRole.USER}),
    SolutionAct.SEE_ON_DEVICE: frozenset(SolutionRole) - {SolutionRole.DENY},
    SolutionAct.SEE: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR}),
    SolutionAct.PUBLISH: frozenset({SolutionRole.OWNER, SolutionRole.EDITOR}),
    SolutionAct.CONFIGURE: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR}),
    SolutionAct.DELETE: frozenset({SolutionRole.OWNER}),
}
# All others are building, which takes the console: a role in the organization that may not enter it
# gives none of them, whatever the role in the solution.
ON_DEVICE = frozenset({SolutionAct.RUN, SolutionAct.SEE_ON_DEVICE})
# Where the role in the organization suffices without one in the solution.
GOVERNED_BY: Mapping[SolutionAct, Act] = {
    SolutionAct.SEE: Act.SEE_ALL_SOLUTIONS,
    SolutionAct.CONFIGURE: Act.CONFIGURE_ALL_SOLUTIONS,
}


def can(user: User, act: Act, organization: Organization) -> bool:
    """Answer whether the person's role in the organization allows the act."""
    return (
        organization.memberships.active()
        .filter(user=user, role__in=ORGANIZATION_ROLES[act])
        .exists()
    )


def require(user: User, act: Act, organization: Organization) -> None:
    """Raise NotAllowed unless the person's role in the organization allows the act."""
    if not can(user, act, organization):
        raise NotAllowed(f"Your role in {organization} does not let you {act}.")


def solutions_allowing(user: User, act: SolutionAct) -> QuerySet[Solution]:
    """Return the solutions in which a role, in the solution or over it, allows the act."""
    grants = SolutionMember.objects.filter(
        role__in=SOLUTION_ROLES[act],
        membership__user=user,
        membership__is_active=True,
        membership__user__is_active=True,
    )
    if act not in ON_DEVICE:
        grants = grants.filter(membership__role__in=ORGANIZATION_ROLES[Act.ENTER_CONSOLE])
    allowed = Q(pk__in=grants.values("solution"))
    if governing := GOVERNED_BY.get(act):
        roles = ORGANIZATION_ROLES[governing]
        governed = Membership.objects.active().filter(user=user, role__in=roles)
        allowed |= Q(organization__in=governed.values("organization"))
    return Solution.objects.filter(allowed)


def can_in_solution(user: User, act: SolutionAct, solution: Solution) -> bool:
    """Answer whether a role, in the solution or over it, allows the act."""
    return solutions_allowing(user, act).filter(pk=solution.pk).exists()


def require_in_solution(user: User, act: SolutionAct, solution: Solution) -> None:
    """Raise NotAllowed unless a role, in the solution or over it, allows the act."""
    if not can_in_solution(user, act, solution):
        raise NotAllowed(f"Your role does not let you {act}.")
