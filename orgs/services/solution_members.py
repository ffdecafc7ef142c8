"""Who is in a solution, and as what: one person or many, all or none."""

from collections.abc import Collection, Mapping, Sized

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, NotAllowed, NotFound, TooLargeAnInput
from orgs import policies
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.services.audit import record_event
from orgs.services.people import MembershipInactive
from orgs.services.solutions import hold_solution, not_in_organization

Role = SolutionMember.Role
# What becomes of people: a role, or None for whoever has to leave.
Changes = Mapping[Membership, Role | None]
MOST_CHANGES = 200


class NoSuchSolutionMember(NotFound):
    code = "solution_member_unknown"


class TooManyChanges(TooLargeAnInput):
    code = "too_many_changes"


class RoleGivenMeanwhile(Conflict):
    code = "role_given_meanwhile"


@transaction.atomic
def set_solution_members(
    solution: Solution, *, changes: Changes, by: User
) -> Mapping[Membership, SolutionMember]:
    """Give people of the organization these roles, or end their part; all of it or nothing.

    Who has the role already, or is to leave and is not there, stays as they are. The places in
    groups fall with a role. Returns those who are in now. Raises NotAllowed, SolutionGone,
    NotInOrganization, MembershipInactive, TooManyChanges or RoleGivenMeanwhile.
    """
    check_number_of_changes(changes)
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.GOVERN, solution)
    people = _hold_memberships(solution, changes)
    held = _members(solution, people)
    before = {membership: Role(member.role) for membership, member in held.items()}
    after = {membership: changes[membership] for membership in people}
    _require_to_give(solution, before=before, after=after, by=by)
    _write(solution, held, after)
    _record(solution, held, before=before, after=after, by=by)
    return {person: member for person, member in held.items() if after[person] is not None}


def set_solution_member_role(
    solution: Solution, *, membership: Membership, role: Role, by: User
) -> SolutionMember:
    """Give one person of the organization this role; raises as set_solution_members does."""
    return set_solution_members(solution, changes={membership: role}, by=by)[membership]


@transaction.atomic
def remove_solution_member(member: SolutionMember, *, by: User) -> None:
    """End somebody's part in a solution, with their places in its groups.

    Raises NotAllowed, SolutionGone, or NoSuchSolutionMember when they are out already.
    """
    hold_solution(member.solution)
    policies.require_in_solution(by, policies.SolutionAct.GOVERN, member.solution)
    if not SolutionMember.objects.filter(pk=member.pk).exists():
        raise NoSuchSolutionMember(_("This person is no longer in the solution."))
    set_solution_members(member.solution, changes={member.membership: None}, by=by)


def may_make_owners(user: User, solution: Solution) -> bool:
    """Answer whether the person may make and unmake owners: who owns it, or governs all."""
    # Owners alone may end a solution, so the act tells them.
    return policies.can_in_solution(user, policies.SolutionAct.DELETE, solution) or policies.can(
        user, policies.Act.GOVERN_ALL_SOLUTIONS, solution.organization
    )


def check_number_of_changes(changes: Sized) -> None:
    """Raise TooManyChanges for more people than are changed at once."""
    if len(changes) > MOST_CHANGES:
        sentence = _("At most %(most)s people are changed at once.")
        raise TooManyChanges(sentence % {"most": MOST_CHANGES})


def person_disabled(membership: Membership) -> MembershipInactive:
    sentence = _("%(person)s is disabled; enable them first.")
    return MembershipInactive(sentence % {"person": membership.user.display_name})


def _hold_memberships(solution: Solution, changes: Changes) -> list[Membership]:
    """Lock the people in one order; raises for who is not in, or is disabled and gets a role."""
    rows = Membership.objects.filter(
        pk__in=[membership.pk for membership in changes], organization=solution.organization_id
    ).select_related("user")
    people = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    if len(people) < len(changes):
        raise not_in_organization(solution)
    for membership in people:
        if changes[membership] is not None and not membership.may_enter:
            raise person_disabled(membership)
    return people


def _members(
    solution: Solution, people: Collection[Membership]
) -> dict[Membership, SolutionMember]:
    by_id = {membership.pk: membership for membership in people}
    rows = SolutionMember.objects.filter(solution=solution, membership__in=by_id)
    held = {}
    for member in rows.order_by("pk").select_for_update():
        member.solution, member.membership = solution, by_id[member.membership_id]
        held[member.membership] = member
    return held


def _require_to_give(
    solution: Solution, *, before: Mapping[Membership, Role], after: Changes, by: User
) -> None:
    """Raise NotAllowed where an owner is made or unmade by somebody who may not."""
    touches_owners = any(
        Role.OWNER in (before.get(membership), role) and before.get(membership) != role
        for membership, role in after.items()
    )
    if touches_owners and not may_make_owners(by, solution):
        raise NotAllowed(_("Your role does not let you make or unmake owners of this solution."))


def _write(solution: Solution, held: dict[Membership, SolutionMember], after: Changes) -> None:
    leaving = [member.pk for person, member in held.items() if after[person] is None]
    SolutionMember.objects.filter(pk__in=leaving).delete()
    changed, new = [], []
    for membership, role in after.items():
        if role is None:
            continue
        member = held.get(membership)
        if member is None:
            held[membership] = SolutionMember(solution=solution, membership=membership, role=role)
            new.append(held[membership])
        elif member.role != role:
            member.role = role
            changed.append(member)
    SolutionMember.objects.bulk_update(changed, ["role"])
    try:
        with transaction.atomic():
            SolutionMember.objects.bulk_create(new)
    except IntegrityError as error:  # somebody is being let in just now, with a role here
        raise RoleGivenMeanwhile(_("Somebody else has just given one of them a role.")) from error


def _record(
    solution: Solution,
    held: Mapping[Membership, SolutionMember],
    *,
    before: Mapping[Membership, Role],
    after: Changes,
    by: User,
) -> None:
    for membership, member in held.items():
        was, becomes = before.get(membership), after[membership]
        if was != becomes:
            record_event(
                "solution_member.remove" if becomes is None else "solution_member.set_role",
                by=by,
                subject=member,
                organization=solution.organization,
                changes={"role": (was, becomes)},
            )
