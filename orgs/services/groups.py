"""Groups of a solution's people: made, named, filled, emptied, ended."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import GroupMember, Membership, Solution, SolutionGroup, SolutionMember, User
from orgs.services.audit import record_event
from orgs.services.provisioning import join_group
from orgs.services.solution_members import person_disabled
from orgs.services.solutions import NameTaken, hold_solution, not_in_organization

NAME_LENGTH = 100
MOST_GROUPS = 200


class NotAGroupName(Invalid):
    code = "name_invalid"


class TooManyGroups(Conflict):
    code = "too_many_groups"


class NoSuchGroup(NotFound):
    code = "group_unknown"


class NotInGroup(NotFound):
    code = "group_member_unknown"


@transaction.atomic
def create_group(solution: Solution, *, name: str, by: User) -> SolutionGroup:
    """Make an empty group.

    Raises NotAllowed, SolutionGone, NotAGroupName, NameTaken or TooManyGroups.
    """
    _begin(solution, by=by)
    name = _checked(name)
    if solution.groups.count() >= MOST_GROUPS:
        sentence = _("A solution has at most %(most)s groups.")
        raise TooManyGroups(sentence % {"most": MOST_GROUPS})
    group = SolutionGroup(solution=solution, name=name)
    _save(group)
    record_event("group.create", by=by, subject=group, organization=solution.organization)
    return group


@transaction.atomic
def rename_group(group: SolutionGroup, *, name: str, by: User) -> None:
    """Give a group another name.

    Raises NotAllowed, SolutionGone, NoSuchGroup, NotAGroupName or NameTaken.
    """
    before = _hold(group, by=by)
    group.name = _checked(name)
    if group.name == before:
        return
    _save(group)
    record_event(
        "group.rename",
        by=by,
        subject=group,
        organization=group.solution.organization,
        changes={"name": (before, group.name)},
    )


@transaction.atomic
def delete_group(group: SolutionGroup, *, by: User) -> None:
    """End a group; its people stay in the solution.

    Raises NotAllowed, SolutionGone or NoSuchGroup.
    """
    _hold(group, by=by)
    people = group.members.count()
    SolutionGroup.objects.filter(pk=group.pk).delete()
    record_event(
        "group.delete",
        by=by,
        subject=group,
        organization=group.solution.organization,
        changes={"members": (people, 0)},
    )


@transaction.atomic
def add_to_group(group: SolutionGroup, *, membership: Membership, by: User) -> GroupMember:
    """Put somebody of the organization into a group; who has no role in the solution becomes user.

    Raises NotAllowed, SolutionGone, NoSuchGroup, NotInOrganization or MembershipInactive.
    """
    _hold(group, by=by)
    people = Membership.objects.filter(organization=group.solution.organization_id)
    held = people.select_related("user").select_for_update(of=("self",), no_key=True)
    person = held.filter(pk=membership.pk).first()
    if person is None:
        raise not_in_organization(group.solution)
    if not person.may_enter:
        raise person_disabled(person)
    return join_group(group, membership=person, by=by)


@transaction.atomic
def remove_from_group(group: SolutionGroup, *, member: SolutionMember, by: User) -> None:
    """Take somebody out of a group; they stay in the solution.

    Raises NotAllowed, SolutionGone, NoSuchGroup, or NotInGroup when they are out already.
    """
    _hold(group, by=by)
    place = group.members.filter(member=member).first()
    if place is None or not GroupMember.objects.filter(pk=place.pk).delete()[0]:
        raise NotInGroup(_("This person is not in %(group)s.") % {"group": group.name})
    record_event(
        "group_member.remove",
        by=by,
        subject=place,
        organization=group.solution.organization,
        changes={"group": (group.name, None)},
    )


def _begin(solution: Solution, *, by: User) -> None:
    """Hold the solution, and with it all its groups: every change of one begins here."""
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.GOVERN, solution)


def _hold(group: SolutionGroup, *, by: User) -> str:
    """Begin a change of a group, and return the name that it has now; raises NoSuchGroup."""
    _begin(group.solution, by=by)
    name = SolutionGroup.objects.filter(pk=group.pk).values_list("name", flat=True).first()
    if name is None:
        raise NoSuchGroup(_("This group is no longer there."))
    return name


def _checked(name: str) -> str:
    name = name.strip()
    if not (name and name.isprintable() and len(name) <= NAME_LENGTH):
        sentence = _("A name has 1 to %(most)s printable characters.") % {"most": NAME_LENGTH}
        raise NotAGroupName(sentence, faults=[FieldFault("/name", sentence, "invalid")])
    return name


def _save(group: SolutionGroup) -> None:
    """Keep a name, which the constraint lets stand once in a solution; raises NameTaken."""
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        sentence = _("%(solution)s already has a group named %(group)s.")
        sentence %= {"solution": group.solution, "group": group.name}
        fault = FieldFault("/name", sentence, NameTaken.code)
        raise NameTaken(sentence, faults=[fault]) from error
