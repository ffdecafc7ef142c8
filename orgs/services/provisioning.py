"""Letting somebody in with all that was meant for them: role, solutions, groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid
from orgs.models import (
    GroupMember,
    JoinRequest,
    Membership,
    Organization,
    Solution,
    SolutionGroup,
    SolutionMember,
    User,
)
from orgs.services.audit import record_event
from orgs.services.people import Admission, admit_member
from orgs.services.solutions import hold_solutions, let_into_solution


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
    user: User, *, organization: Organization, grants: Grants, by: User | None, now: datetime
) -> Admission:
    """Make the person a member with these grants; a role that they hold already stays.

    The caller has asked whether `by` may. A place in a group brings role *user* in its solution,
    unless another is given or held. A request of theirs that waits there ends with it. Raises
    NotOfThisOrganization, SolutionGone or MembershipInactive.
    """
    check_grants(organization, grants)
    # Requests before the membership, as whoever approves one holds them.
    _end_requests(user, organization, by=by, now=now)
    hold_solutions([*grants.solutions, *(group.solution for group in grants.groups)])
    admission = admit_member(user, organization=organization, role=grants.role, by=by, now=now)
    for solution, role in grants.solutions.items():
        let_into_solution(solution, membership=admission.membership, role=role, by=by)
    for group in grants.groups:
        join_group(group, membership=admission.membership, by=by)
    return admission


def _end_requests(
    user: User, organization: Organization, *, by: User | None, now: datetime
) -> None:
    theirs = Q(user=user) | Q(user=None, email=user.email)
    pending = JoinRequest.objects.pending().filter(theirs, organization=organization)
    for waiting in pending.order_by("pk"):
        if waiting.decide(JoinRequest.Status.WITHDRAWN, by=by, now=now):
            record_event("join_request.withdraw", by=by, subject=waiting, organization=organization)


@transaction.atomic
def join_group(group: SolutionGroup, *, membership: Membership, by: User | None) -> GroupMember:
    """Put a member of the organization into a group, and into its solution if need be."""
    member = let_into_solution(
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
        sentence = _("%(organization)s has no such solution.") % {"organization": organization}
        fault = FieldFault("/solutions", sentence, NotOfThisOrganization.code)
        raise NotOfThisOrganization(sentence, faults=[fault])
