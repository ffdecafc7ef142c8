"""What becomes of members: their role, being let in or not, and the end of it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, NotAllowed
from orgs import policies
from orgs.models import MemberRemoval, Membership, Organization, User
from orgs.models.organizations import MembershipQuerySet
from orgs.services.audit import Changes, record_event


class LastOwner(Conflict):
    code = "last_owner"


class NoLongerAMember(Conflict):
    code = "member_gone"


class NotAMember(Conflict):
    code = "not_a_member"


def members_of(organization: Organization, *, by: User) -> MembershipQuerySet:
    """Return the people of an organization, disabled ones too; raises NotAllowed."""
    policies.require(by, policies.Act.SEE_PEOPLE, organization)
    return Membership.objects.filter(organization=organization).select_related("user")


@transaction.atomic
def change_member_role(membership: Membership, *, role: Membership.Role, by: User) -> None:
    """Give a member this role in place of their own.

    Raises NotAllowed, LastOwner or NoLongerAMember.
    """
    current, owners = _lock_with_owners(membership)
    policies.require_to_grant(by, current.organization, current.role, role)
    if current.role != role:
        _require_another_owner(current, owners)
        Membership.objects.filter(pk=current.pk).update(role=role)
        _record("member.set_role", current, by=by, changes={"role": (current.role, role)})
    membership.role = role


@transaction.atomic
def disable_member(membership: Membership, *, by: User | None) -> None:
    """Let a member in no more, with role and solutions kept; nothing when they were out already.

    Devices of the organization's own apps end with it, also when the person comes back. `by` is
    None for the organization's directory. Raises NotAllowed, LastOwner or NoLongerAMember.
    """
    current, owners = _lock_with_owners(membership)
    if by:
        policies.require_to_grant(by, current.organization, current.role)
    if current.is_active:
        _require_another_owner(current, owners)
        current.disable()
        _record("member.disable", current, by=by, changes={"is_active": (True, False)})
    membership.is_active = False


@transaction.atomic
def enable_member(membership: Membership, *, by: User | None, now: datetime) -> None:
    """Let a disabled member in again, in the role that they had; nothing when they are in.

    `by` is None for an operator's command and for the directory. Raises NotAllowed or
    NoLongerAMember.
    """
    current, _owners = _lock_with_owners(membership)
    if by:
        policies.require_to_grant(by, current.organization, current.role)
    if current.enable(now):
        _record("member.enable", current, by=by, changes={"is_active": (False, True)})
    membership.is_active = True


@transaction.atomic
def change_member(
    membership: Membership,
    *,
    role: Membership.Role | None = None,
    is_active: bool | None = None,
    by: User,
    now: datetime,
) -> None:
    """Change both at once, or one: None stays. Raises as the single acts do."""
    if role is not None:
        change_member_role(membership, role=role, by=by)
    if is_active:
        enable_member(membership, by=by, now=now)
    elif is_active is not None:
        disable_member(membership, by=by)


@transaction.atomic
def remove_member(membership: Membership, *, by: User) -> None:
    """End a membership with its roles in solutions and its places in groups.

    Devices of the organization's own apps end with it, also when the person comes back, which
    then takes a person who lets them in. Raises NotAllowed, LastOwner or NoLongerAMember.
    """
    current, owners = _lock_with_owners(membership)
    policies.require_to_grant(by, current.organization, current.role)
    _end(current, owners, act="member.remove", by=by)


@transaction.atomic
def leave_organization(membership: Membership, *, by: User) -> None:
    """End one's own membership, also a disabled one.

    Raises NotAllowed for somebody else's, LastOwner or NoLongerAMember.
    """
    if membership.user_id != by.pk:
        raise NotAllowed(_("Only the person themself can leave."))
    current, owners = _lock_with_owners(membership)
    _end(current, owners, act="member.leave", by=by)


def hold_membership(user: User, organization: Organization) -> None:
    """Let nobody end or disable this membership in the transaction; raises NotAMember."""
    rows = Membership.objects.active().filter(user=user, organization=organization)
    if not rows.select_for_update(no_key=True).exists():
        raise NotAMember(_("You are not in %(organization)s.") % {"organization": organization})


@transaction.atomic
def set_default_organization(user: User, *, organization: Organization, by: User) -> None:
    """Choose which of one's organizations the console opens first.

    Raises NotAllowed for somebody else, or NotAMember.
    """
    if user.pk != by.pk:
        raise NotAllowed(_("Only the person themself can choose this."))
    if not user.memberships.active().filter(organization=organization).exists():
        raise NotAMember(_("You are not in %(organization)s.") % {"organization": organization})
    before = user.default_organization_id
    if before == organization.pk:
        return
    user.default_organization = organization
    user.save(update_fields=["default_organization"])
    record_event(
        "user.set_default_organization",
        by=by,
        subject=user,
        changes={"default_organization": (before and str(before), str(organization.pk))},
    )


def _lock_with_owners(membership: Membership) -> tuple[Membership, list[Membership]]:
    """Hold a membership, and all owners of its organization, until the transaction ends.

    All in one statement and one order: two who take an ownership each wait for one another
    here, and the second then counts what the first has left. Raises NoLongerAMember.
    """
    rows = Membership.objects.filter(
        Q(pk=membership.pk) | Q(role=Membership.Role.OWNER),
        organization=membership.organization_id,
    )
    # Not the key: who makes a solution meanwhile gives its owners roles, in another order.
    gently = rows.select_related("user").select_for_update(of=("self",), no_key=True)
    held = list(gently.order_by("pk"))
    current = next((row for row in held if row.pk == membership.pk), None)
    if current is None:
        raise NoLongerAMember(_("This person is no longer in the organization."))
    return current, [row for row in held if row.role == Membership.Role.OWNER]


def _require_another_owner(membership: Membership, owners: list[Membership]) -> None:
    """Raise LastOwner where this one is what makes somebody able to own the organization."""
    others = [owner for owner in owners if owner.pk != membership.pk and owner.may_enter]
    is_an_owner = membership.role == Membership.Role.OWNER and membership.may_enter
    if is_an_owner and not others:
        sentence = _("%(person)s is the last owner; make another first.")
        raise LastOwner(sentence % {"person": membership.user.display_name})


def _end(membership: Membership, owners: list[Membership], *, act: str, by: User) -> None:
    _require_another_owner(membership, owners)
    roles = membership.solution_roles.values_list("solution__name", "role")
    changes = {
        "role": (membership.role, None),
        "solutions": (dict(sorted(roles)), None),
    }
    _record(act, membership, by=by, changes=changes)
    User.objects.filter(
        pk=membership.user_id, default_organization=membership.organization_id
    ).update(default_organization=None)
    Membership.objects.filter(pk=membership.pk).delete()
    # The moment comes last: what somebody held the membership for until now lies before it.
    MemberRemoval.objects.update_or_create(
        organization=membership.organization,
        user=membership.user,
        defaults={"removed_by": by, "removed_at": timezone.now()},
    )


def _record(act: str, membership: Membership, *, by: User | None, changes: Changes) -> None:
    record_event(
        act, by=by, subject=membership, organization=membership.organization, changes=changes
    )
