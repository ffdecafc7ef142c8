"""Who may do what, as one table a level; services ask, doors never decide."""

from collections.abc import Mapping
from enum import StrEnum

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
    SolutionAct.SEE: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR}),
    SolutionAct.PUBLISH: frozenset({SolutionRole.OWNER, SolutionRole.EDITOR}),
    SolutionAct.CONFIGURE: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR}),
    SolutionAct.DELETE: frozenset({SolutionRole.OWNER}),
}
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


def can_in_solution(user: User, act: SolutionAct, solution: Solution) -> bool:
    """Answer whether a role, in the solution or over it, allows the act.

    Building a solution takes the console, so a role in the organization that may not enter it
    gives none of those acts, whatever the role in the solution.
    """
    governing = GOVERNED_BY.get(act)
    if governing and can(user, governing, solution.organization):
        return True
    grants = SolutionMember.objects.filter(
        solution=solution,
        role__in=SOLUTION_ROLES[act],
        membership__user=user,
        membership__is_active=True,
        membership__user__is_active=True,
    )
    if act is not SolutionAct.RUN:
        grants = grants.filter(membership__role__in=ORGANIZATION_ROLES[Act.ENTER_CONSOLE])
    return grants.exists()


def require_in_solution(user: User, act: SolutionAct, solution: Solution) -> None:
    """Raise NotAllowed unless a role, in the solution or over it, allows the act."""
    if not can_in_solution(user, act, solution):
        raise NotAllowed(f"Your role does not let you {act}.")
