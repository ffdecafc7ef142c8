"""Who may do what, as one table a level; services ask, doors never decide."""

from collections.abc import Mapping
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jigxmgmt.errors import NotAllowed
from orgs.models import Membership, Organization, Solution, SolutionMember, User

Role = Membership.Role
SolutionRole = SolutionMember.Role
SupportAccess = Organization.SupportAccess


class Act(StrEnum):
    """What a role in the organization lets a person do, by the sentence that refuses it."""

    ENTER_CONSOLE = gettext_noop(
        "Your role in %(organization)s does not let you sign in to the console."
    )
    SEE_PEOPLE = gettext_noop("Your role in %(organization)s does not let you see people.")
    MANAGE_PEOPLE = gettext_noop(
        "Your role in %(organization)s does not let you invite or remove people, or decide who "
        "joins."
    )
    SEE_ALL_SOLUTIONS = gettext_noop(
        "Your role in %(organization)s does not let you see all solutions."
    )
    GOVERN_ALL_SOLUTIONS = gettext_noop(
        "Your role in %(organization)s does not let you change who may use all solutions."
    )
    CONFIGURE_ALL_SOLUTIONS = gettext_noop(
        "Your role in %(organization)s does not let you configure all solutions."
    )
    SET_UP_ORGANIZATION = gettext_noop(
        "Your role in %(organization)s does not let you change the organization's settings."
    )
    CREATE_SOLUTIONS = gettext_noop(
        "Your role in %(organization)s does not let you create solutions."
    )
    SEE_ALL_CALLS = gettext_noop("Your role in %(organization)s does not let you see all calls.")
    OVERSEE = gettext_noop(
        "Your role in %(organization)s does not let you see the audit log or change apps."
    )
    OWN_ORGANIZATION = gettext_noop(
        "Your role in %(organization)s does not let you delete the organization, change its owners "
        "or its support access."
    )


class SolutionAct(StrEnum):
    """What a role in a solution lets a person do, by the sentence that refuses it."""

    RUN = gettext_noop("Your role does not let you run this solution.")
    SEE_ON_DEVICE = gettext_noop("Your role does not let you see this solution on a device.")
    SEE = gettext_noop("Your role does not let you see this solution.")
    GOVERN = gettext_noop("Your role does not let you change who may use this solution.")
    PUBLISH = gettext_noop("Your role does not let you publish this solution.")
    CONFIGURE = gettext_noop(
        "Your role does not let you change this solution's credentials and connections, or try its "
        "functions."
    )
    DELETE = gettext_noop("Your role does not let you delete or copy this solution.")


ALL_BUT_USERS = frozenset({Role.OWNER, Role.ADMIN, Role.CREATOR})
OWNERS_AND_ADMINS = frozenset({Role.OWNER, Role.ADMIN})
ORGANIZATION_ROLES: Mapping[Act, frozenset[Role]] = {
    Act.ENTER_CONSOLE: ALL_BUT_USERS,
    Act.SEE_PEOPLE: ALL_BUT_USERS,
    Act.MANAGE_PEOPLE: OWNERS_AND_ADMINS,
    Act.SEE_ALL_SOLUTIONS: OWNERS_AND_ADMINS,
    Act.GOVERN_ALL_SOLUTIONS: OWNERS_AND_ADMINS,
    Act.CONFIGURE_ALL_SOLUTIONS: OWNERS_AND_ADMINS,
    Act.SET_UP_ORGANIZATION: OWNERS_AND_ADMINS,
    Act.CREATE_SOLUTIONS: ALL_BUT_USERS,
    Act.SEE_ALL_CALLS: OWNERS_AND_ADMINS,
    Act.OVERSEE: OWNERS_AND_ADMINS,
    Act.OWN_ORGANIZATION: frozenset({Role.OWNER}),
}
SOLUTION_ROLES: Mapping[SolutionAct, frozenset[SolutionRole]] = {
    SolutionAct.RUN: frozenset({SolutionRole.OWNER, SolutionRole.USER}),
    SolutionAct.SEE_ON_DEVICE: frozenset(SolutionRole) - {SolutionRole.DENY},
    SolutionAct.SEE: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR}),
    SolutionAct.GOVERN: frozenset({SolutionRole.OWNER, SolutionRole.ADMIN}),
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
    SolutionAct.GOVERN: Act.GOVERN_ALL_SOLUTIONS,
    SolutionAct.CONFIGURE: Act.CONFIGURE_ALL_SOLUTIONS,
}
# What an owner may open to the operators of the installation, for a time.
SUPPORT_READS = frozenset(
    {Act.ENTER_CONSOLE, Act.SEE_PEOPLE, Act.SEE_ALL_SOLUTIONS, Act.SEE_ALL_CALLS}
)
SUPPORT_ACTS: Mapping[SupportAccess, frozenset[Act]] = {
    SupportAccess.NONE: frozenset(),
    SupportAccess.READ: SUPPORT_READS,
    # Nothing by which rights are given: they would outlast the support, and could be one's own.
    SupportAccess.WRITE: frozenset(Act)
    - {Act.OWN_ORGANIZATION, Act.OVERSEE, Act.MANAGE_PEOPLE, Act.GOVERN_ALL_SOLUTIONS},
}


def acts_of(role: str) -> frozenset[Act]:
    """Return what this role in an organization lets one do there."""
    return frozenset(act for act, roles in ORGANIZATION_ROLES.items() if role in roles)


def solution_acts_of(role: str, solution_role: str | None) -> frozenset[SolutionAct]:
    """Return what these two roles, or the first alone, let one do in a solution.

    The same as `solutions_allowing` asks the database, for pages that show it of many.
    """
    acts = acts_of(role)
    builds = Act.ENTER_CONSOLE in acts
    own = {
        act
        for act, roles in SOLUTION_ROLES.items()
        if solution_role in roles and (builds or act in ON_DEVICE)
    }
    return frozenset(own | {act for act, governing in GOVERNED_BY.items() if governing in acts})


def organizations_allowing(user: User, act: Act) -> QuerySet[Organization]:
    """Return the organizations in which the person may do this, by role or as support."""
    member = Membership.objects.active().filter(user=user, role__in=ORGANIZATION_ROLES[act])
    allowed = Q(pk__in=member.values("organization"))
    if user.is_staff and user.is_active:
        allowed |= supported(act)
    return Organization.objects.filter(allowed)


def supported(act: Act) -> Q:
    """Match the organizations that have opened this to the installation's operators, for now."""
    levels = [level for level, acts in SUPPORT_ACTS.items() if act in acts]
    return Q(support_access__in=levels, support_access_until__gt=Now())


def can(user: User, act: Act, organization: Organization) -> bool:
    """Answer whether the person's role in the organization, or support, allows the act."""
    return organizations_allowing(user, act).filter(pk=organization.pk).exists()


def require(user: User, act: Act, organization: Organization) -> None:
    """Raise NotAllowed unless the person's role in the organization allows the act."""
    if not can(user, act, organization):
        raise NotAllowed(_(act.value) % {"organization": organization})


def require_to_grant(user: User, organization: Organization, *roles: str) -> None:
    """Raise NotAllowed unless the person may give or take these roles in the organization.

    Whoever manages people may give all roles but that of an owner, which takes an owner.
    """
    require(user, Act.MANAGE_PEOPLE, organization)
    if Role.OWNER in roles:
        require(user, Act.OWN_ORGANIZATION, organization)


def can_grant(user: User, organization: Organization, *roles: str) -> bool:
    """Answer as require_to_grant decides."""
    try:
        require_to_grant(user, organization, *roles)
    except NotAllowed:
        return False
    return True


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
        allowed |= Q(organization__in=organizations_allowing(user, governing).values("pk"))
    return Solution.objects.filter(allowed)


def can_in_solution(user: User, act: SolutionAct, solution: Solution) -> bool:
    """Answer whether a role, in the solution or over it, allows the act."""
    return solutions_allowing(user, act).filter(pk=solution.pk).exists()


def require_in_solution(user: User, act: SolutionAct, solution: Solution) -> None:
    """Raise NotAllowed unless a role, in the solution or over it, allows the act."""
    if not can_in_solution(user, act, solution):
        raise NotAllowed(_(act.value))
