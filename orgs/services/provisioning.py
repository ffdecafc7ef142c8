"""Letting somebody in with all that was meant for them: role, solutions, groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from jigxmgmt.errors import FieldFault, Invalid
from orgs.models import (
    GroupMember,
    Membership,
    Organization,
    Solution,
    SolutionGroup,
    SolutionMember,
    User,
)
from orgs.services.audit import record_event
from orgs.services.people import admit_member
from orgs.services.solutions import give_solution_role


class NotOfThisOrganization(Invalid):
    code = "solution_unknown"


@dataclass(frozen=True, slots=True)
class Grants:
    """What somebody gets who is let in: a role, roles in solutions, places in groups."""

    role: Membership.Role = Membership.Role.USER
    solutions: Mapping[Solution, SolutionMember.Role] = field(default_factory=dict)
    groups: Sequence[SolutionGroup] = ()


@transaction.atomic
def provision_member(
    user: User, *, organization: Organization, grants: Grants, by: User | None
) -> Membership:
    """Make the person a member with these grants; whoever is one already keeps their role.

    The caller has asked whether `by` may. A place in a group brings role *user* in its solution,
    unless another is given or held. Raises NotOfThisOrganization or MembershipInactive.
    """
    check_grants(organization, grants)
    membership = admit_member(user, organization=organization, role=grants.role, by=by)
    for solution, role in grants.solutions.items():
        give_solution_role(solution, membership=membership, role=role, by=by)
    for group in grants.groups:
        join_group(group, membership=membership, by=by)
    return membership


@transaction.atomic
def join_group(group: SolutionGroup, *, membership: Membership, by: User | None) -> GroupMember:
    """Put a member of the organization into a group, and into its solution if need be."""
    member = SolutionMember.objects.filter(
        solution=group.solution_id, membership=membership
    ).first() or give_solution_role(
        group.solution, membership=membership, role=SolutionMember.Role.USER, by=by
    )
    place, is_new = GroupMember.objects.get_or_create(group=group, member=member)
    if is_new:
        record_event(
            "group_member.add",
            by=by,
            subject=place,
            organization=membership.organization,
            changes={"group": (None, group.name)},
        )
    return place


def check_grants(organization: Organization, grants: Grants) -> None:
    """Raise NotOfThisOrganization for a solution, or a group's, of another organization."""
    foreign = [
        solution for solution in grants.solutions if solution.organization_id != organization.pk
    ]
    foreign += [
        group.solution
        for group in grants.groups
        if group.solution.organization_id != organization.pk
    ]
    if foreign:
        sentence = f"{organization} has no such solution."
        fault = FieldFault("/solutions", sentence, NotOfThisOrganization.code)
        raise NotOfThisOrganization(sentence, faults=[fault])
