"""What an organization's directory says of its people, done: let in, let out, put into groups.

A directory speaks for addresses whose domain the organization has proved, and for no others: else
one organization could make members of another's people, or accounts of anybody.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import ScimGroup, ScimToken, ScimUser, SingleSignOn
from auth_providers.services.ended_access import end_all_access, end_own_access
from jigxmgmt.errors import Conflict, DomainError
from orgs.models import (
    GroupMember,
    Membership,
    Organization,
    SolutionGroup,
    SolutionMember,
    User,
)
from orgs.services.audit import record_event
from orgs.services.domains import speaks_for
from orgs.services.members import disable_member, enable_member
from orgs.services.people import checked_email, kept_names
from orgs.services.provisioning import Grants, join_group, provision_member

DIRECTORY = "directory"
Finding = ScimUser.Finding


class OwnersAlone(Conflict):
    code = "owners_alone"


@transaction.atomic
def follow_person(
    person: ScimUser, *, was_active: bool, email: str, names: tuple[str, str], now: datetime
) -> None:
    """Let somebody in or out as the directory now says, and note on the row what came of it.

    Only a change is followed: whom an admin has disabled or removed here stays out until the
    directory lets them go and takes them back. Raises LastOwner or OwnersAlone.
    """
    if not person.is_active:
        if was_active:
            let_out(person, now=now)
        if person.membership is None:
            person.finding = Finding.INACTIVE
    elif person.membership is not None:
        if not was_active:
            _require_say(person.membership)
            enable_member(person.membership, by=None, now=now)
        person.finding = Finding.LINKED
    elif was_active and person.finding in (Finding.LINKED, Finding.REMOVED):
        person.finding = Finding.REMOVED
    else:
        _let_in(person, email=email, names=names, now=now)
    person.save(update_fields=["membership", "finding"])


@transaction.atomic
def let_out(person: ScimUser, *, now: datetime) -> None:
    """Disable the member whom the directory lets go, and end all by which they come in.

    Raises LastOwner or OwnersAlone.
    """
    membership = person.membership
    if membership is None:
        return
    if membership.is_active:
        _require_say(membership)
    disable_member(membership, by=None)
    organization, user = person.organization, membership.user
    if speaks_for(organization, user.email):
        end_all_access(user, organization=organization, now=now)
    else:
        end_own_access(user, organization=organization)


@transaction.atomic
def follow_group(group: ScimGroup) -> None:
    """Make the groups of solutions that this one stands for hold its members, and no others."""
    for solution_group in group.solution_groups.select_related("solution"):
        fill_solution_group(solution_group, organization=group.organization)


@transaction.atomic
def remove_group(group: ScimGroup) -> None:
    """Forget a group of the directory; its people leave the groups that it stood for."""
    standing = list(group.solution_groups.select_related("solution"))
    group.delete()
    for solution_group in standing:
        fill_solution_group(solution_group, organization=group.organization)


@transaction.atomic
def fill_solution_group(solution_group: SolutionGroup, *, organization: Organization) -> None:
    """Make a group of a solution hold whom the directory's groups for it hold.

    Somebody who was put in by hand stays, unless the directory knows them as well.
    """
    standing = ScimGroup.objects.filter(organization=organization, solution_groups=solution_group)
    wanted = Membership.objects.active().filter(scim_user__groups__in=standing).distinct()
    for membership in wanted.exclude(solution_roles__groups__group=solution_group):
        join_group(solution_group, membership=membership, by=None)
    surplus = GroupMember.objects.filter(
        group=solution_group, member__membership__scim_user__isnull=False
    ).exclude(member__membership__in=wanted)
    for place in surplus:
        if GroupMember.objects.filter(pk=place.pk).delete()[0]:  # by nobody else meanwhile
            record_event(
                "group_member.remove",
                by=None,
                subject=place,
                organization=organization,
                changes={"group": (solution_group.name, None)},
            )


def _let_in(person: ScimUser, *, email: str, names: tuple[str, str], now: datetime) -> None:
    """Make a member of somebody new, with an account where there is none."""
    organization = person.organization
    try:
        address = checked_email(email)
    except DomainError:
        person.finding = Finding.NO_ADDRESS
        return
    if not speaks_for(organization, address):
        person.finding = Finding.DOMAIN_UNPROVED
        return
    user = _account_of(address, organization) or _new_account(address, names, organization)
    if user is None:
        person.finding = Finding.ACCOUNT_UNPROVED
        return
    known = Membership.objects.filter(organization=organization, user=user).first()
    if known and not known.is_active:
        _require_say(known)
        enable_member(known, by=None, now=now)
    grants = _grants_of(organization)
    admitted = provision_member(user, organization=organization, grants=grants, by=None, now=now)
    if ScimUser.objects.filter(membership=admitted.membership).exclude(pk=person.pk).exists():
        person.finding = Finding.REMOVED
        return
    person.membership, person.finding = admitted.membership, Finding.LINKED


def _require_say(membership: Membership) -> None:
    """Raise OwnersAlone for an owner, unless the token that the directory has is an owner's.

    Else an admin could shut owners out, or let them in, by a directory of their own.
    """
    organization = membership.organization
    makers = ScimToken.objects.filter(organization=organization).values("created_by")
    owners = organization.memberships.active().owners()
    if membership.role != Membership.Role.OWNER or owners.filter(user__in=makers).exists():
        return
    sentence = _("Only an owner lets owners in or out: an owner has to make the directory's token.")
    raise OwnersAlone(sentence)


def _account_of(address: str, organization: Organization) -> User | None:
    """Return whose address this is: proved, or of somebody who is a member already."""
    members = User.objects.filter(email=address, memberships__organization=organization)
    return User.objects.who_proved(address) or members.first()


def _new_account(address: str, names: tuple[str, str], organization: Organization) -> User | None:
    """Make an account without a password; None where somebody has the address unproved."""
    if User.objects.filter(email=address).exists():
        return None
    user = User.objects.create_user(address, **kept_names(*names))
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    record_event("user.create", by=None, subject=user, organization=organization)
    return user


def _grants_of(organization: Organization) -> Grants:
    """Return what single sign-on gives whom it lets in, which the directory gives alike."""
    settings = SingleSignOn.objects.filter(organization=organization).first()
    if settings is None:
        return Grants()
    solutions = dict.fromkeys(settings.solutions.all(), SolutionMember.Role.USER)
    return Grants(solutions=solutions, groups=tuple(settings.groups.select_related("solution")))
