"""What becomes of members, and of the last owner."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, MemberRemoval, Membership, Organization, User
from orgs.policies import Act, can
from orgs.services.members import (
    LastOwner,
    NoLongerAMember,
    NotAMember,
    change_member,
    change_member_role,
    disable_member,
    enable_member,
    leave_organization,
    remove_member,
    set_default_organization,
)
from orgs.services.people import admit_member
from orgs.tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    SolutionMemberFactory,
    UserFactory,
)
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def acme(owner: Membership) -> Organization:
    return owner.organization


@pytest.fixture
def admin(acme: Organization) -> Membership:
    return MembershipFactory.create(organization=acme, admin=True)


@pytest.fixture
def mia(acme: Organization) -> Membership:
    return MembershipFactory.create(organization=acme)


class TestChangeMemberRole:
    def test_gives_the_role_and_is_recorded(self, admin: Membership, mia: Membership) -> None:
        change_member_role(mia, role=Role.CREATOR, by=admin.user)

        assert Membership.objects.get(pk=mia.pk).role == mia.role == Role.CREATOR
        event = AuditEvent.objects.get()
        assert (event.act, event.actor) == ("member.set_role", admin.user)
        assert event.changes == {"role": ["USER", "CREATOR"]}

    def test_leaves_the_same_role_unrecorded(self, admin: Membership, mia: Membership) -> None:
        change_member_role(mia, role=Role.USER, by=admin.user)

        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize("role", [Role.CREATOR, Role.USER])
    def test_is_not_for_others(self, acme: Organization, mia: Membership, role: Role) -> None:
        somebody = MembershipFactory.create(organization=acme, role=role)

        with pytest.raises(NotAllowed):
            change_member_role(mia, role=Role.CREATOR, by=somebody.user)

    def test_takes_an_owner_to_make_one(self, admin: Membership, mia: Membership) -> None:
        with pytest.raises(NotAllowed):
            change_member_role(mia, role=Role.OWNER, by=admin.user)

    def test_takes_an_owner_to_demote_one(self, owner: Membership, admin: Membership) -> None:
        with pytest.raises(NotAllowed):
            change_member_role(owner, role=Role.USER, by=admin.user)

    def test_looks_at_the_role_that_stands(self, admin: Membership, mia: Membership) -> None:
        Membership.objects.filter(pk=mia.pk).update(role=Role.OWNER)

        with pytest.raises(NotAllowed):
            change_member_role(mia, role=Role.CREATOR, by=admin.user)

    def test_lets_an_owner_step_back_for_another(self, owner: Membership, mia: Membership) -> None:
        change_member_role(mia, role=Role.OWNER, by=owner.user)

        change_member_role(owner, role=Role.USER, by=owner.user)

        assert owner.organization.memberships.owners().get() == mia

    def test_knows_no_stranger(self, mia: Membership) -> None:
        with pytest.raises(NotAllowed):
            change_member_role(mia, role=Role.ADMIN, by=MembershipFactory.create(owner=True).user)


class TestDisableMember:
    def test_lets_nobody_in_until_they_are_enabled(
        self, admin: Membership, acme: Organization
    ) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True)

        disable_member(creator, by=admin.user)
        is_in_while_disabled = can(creator.user, Act.ENTER_CONSOLE, acme)
        enable_member(creator, by=admin.user, now=timezone.now())

        assert not is_in_while_disabled
        assert can(creator.user, Act.ENTER_CONSOLE, acme)
        acts = set(AuditEvent.objects.values_list("act", flat=True))
        assert acts == {"member.disable", "member.enable"}

    def test_keeps_roles_in_solutions(self, admin: Membership) -> None:
        place = SolutionMemberFactory.create(solution__organization=admin.organization)

        disable_member(place.membership, by=admin.user)

        assert place.membership.solution_roles.get() == place

    def test_happens_once(self, admin: Membership, mia: Membership) -> None:
        disable_member(mia, by=admin.user)

        disable_member(mia, by=admin.user)

        assert AuditEvent.objects.count() == 1

    def test_takes_an_owner_for_an_owner(self, owner: Membership, admin: Membership) -> None:
        with pytest.raises(NotAllowed):
            disable_member(owner, by=admin.user)

    def test_enabling_an_owner_takes_one_too(self, admin: Membership, acme: Organization) -> None:
        former = MembershipFactory.create(organization=acme, owner=True, is_active=False)

        with pytest.raises(NotAllowed):
            enable_member(former, by=admin.user, now=timezone.now())


class TestEnableMember:
    def test_takes_an_operators_word(self) -> None:
        former = MembershipFactory.create(owner=True, is_active=False)

        enable_member(former, by=None, now=timezone.now())

        assert former.organization.memberships.active().get().role == Role.OWNER
        event = AuditEvent.objects.get()
        assert (event.act, event.actor_label) == ("member.enable", "operator")
        assert (former.is_active, event.organization) == (True, former.organization)

    def test_does_nothing_for_an_active_member(self, mia: Membership) -> None:
        enable_member(mia, by=None, now=timezone.now())

        assert not AuditEvent.objects.exists()


class TestChangeMember:
    def test_changes_both_or_nothing(self, owner: Membership, mia: Membership) -> None:
        change_member(mia, role=Role.ADMIN, is_active=False, by=owner.user, now=timezone.now())

        mia.refresh_from_db()
        assert (mia.role, mia.is_active) == (Role.ADMIN, False)

    def test_takes_back_the_first_when_the_second_is_refused(self, owner: Membership) -> None:
        partner = MembershipFactory.create(
            organization=owner.organization, owner=True, is_active=False
        )

        with pytest.raises(LastOwner):
            change_member(
                owner, role=Role.OWNER, is_active=False, by=owner.user, now=timezone.now()
            )
        with pytest.raises(NotAllowed):
            change_member(
                partner,
                role=Role.USER,
                is_active=True,
                by=UserFactory.create(),
                now=timezone.now(),
            )

        assert Membership.objects.get(pk=partner.pk).role == Role.OWNER


class TestRemoveMember:
    def test_takes_roles_in_solutions_along(self, admin: Membership) -> None:
        place = SolutionMemberFactory.create(solution__organization=admin.organization)

        remove_member(place.membership, by=admin.user)

        assert not place.solution.members.exists()
        event = AuditEvent.objects.get()
        assert event.act == "member.remove"
        assert event.changes == {
            "role": ["USER", None],
            "solutions": [{place.solution.name: "USER"}, None],
        }

    def test_is_no_longer_the_person_s_default(self, admin: Membership, mia: Membership) -> None:
        set_default_organization(mia.user, organization=mia.organization, by=mia.user)

        remove_member(mia, by=admin.user)

        assert User.objects.get(pk=mia.user_id).default_organization is None

    def test_leaves_other_organizations_alone(self, admin: Membership, mia: Membership) -> None:
        elsewhere = MembershipFactory.create(user=mia.user)

        remove_member(mia, by=admin.user)

        assert mia.user.memberships.get() == elsewhere

    def test_takes_an_owner_for_an_owner(self, owner: Membership, admin: Membership) -> None:
        with pytest.raises(NotAllowed):
            remove_member(owner, by=admin.user)

    def test_tells_who_comes_second(self, admin: Membership, mia: Membership) -> None:
        remove_member(Membership.objects.get(pk=mia.pk), by=admin.user)

        for act in (remove_member, disable_member):
            with pytest.raises(NoLongerAMember):
                act(mia, by=admin.user)


class TestLeaveOrganization:
    def test_ends_ones_own_membership(self, mia: Membership) -> None:
        leave_organization(mia, by=mia.user)

        assert not mia.user.memberships.exists()
        assert AuditEvent.objects.get().act == "member.leave"
        assert MemberRemoval.objects.get().removed_by == mia.user
        assert not MemberRemoval.objects.by_others().exists()

    def test_keeps_the_newest_end_alone(self, owner: Membership, mia: Membership) -> None:
        organization, user = mia.organization, mia.user
        leave_organization(mia, by=user)
        before = MemberRemoval.objects.get().removed_at
        again = admit_member(user, organization=organization, role=Role.USER, by=None)

        remove_member(again.membership, by=owner.user)

        newest = MemberRemoval.objects.by_others().get()
        assert newest.removed_at > before
        MemberRemoval.objects.update(removed_by=None)
        assert MemberRemoval.objects.by_others().exists()

    def test_is_for_nobody_else(self, owner: Membership, mia: Membership) -> None:
        with pytest.raises(NotAllowed):
            leave_organization(mia, by=owner.user)


class TestSetDefaultOrganization:
    def test_is_remembered(self, mia: Membership) -> None:
        set_default_organization(mia.user, organization=mia.organization, by=mia.user)

        assert User.objects.get(pk=mia.user_id).default_organization == mia.organization
        assert AuditEvent.objects.get().act == "user.set_default_organization"

    def test_is_one_of_ones_own(self, mia: Membership) -> None:
        disabled = MembershipFactory.create(user=mia.user, is_active=False)

        for organization in (OrganizationFactory.create(), disabled.organization):
            with pytest.raises(NotAMember):
                set_default_organization(mia.user, organization=organization, by=mia.user)

    def test_is_for_nobody_else(self, owner: Membership, mia: Membership) -> None:
        with pytest.raises(NotAllowed):
            set_default_organization(mia.user, organization=mia.organization, by=owner.user)


Ending = Callable[[Membership, User], None]


def demote(membership: Membership, by: User) -> None:
    change_member_role(membership, role=Role.ADMIN, by=by)


def disable(membership: Membership, by: User) -> None:
    disable_member(membership, by=by)


def remove(membership: Membership, by: User) -> None:
    remove_member(membership, by=by)


def leave(membership: Membership, by: User) -> None:
    leave_organization(membership, by=by)


class TestLastOwner:
    @pytest.mark.parametrize("end", [demote, disable, remove, leave])
    def test_stays(self, owner: Membership, end: Ending) -> None:
        MembershipFactory.create(organization=owner.organization, owner=True, is_active=False)
        MembershipFactory.create(organization=owner.organization, owner=True, user__is_active=False)
        MembershipFactory.create(owner=True)

        with pytest.raises(LastOwner) as refusal:
            end(owner, owner.user)

        assert refusal.value.code == "last_owner"
        assert owner.organization.memberships.active().owners().get() == owner

    @pytest.mark.parametrize("end", [demote, disable, remove, leave])
    def test_makes_way_for_another(self, owner: Membership, end: Ending) -> None:
        partner = MembershipFactory.create(organization=owner.organization, owner=True)

        end(owner, owner.user)

        assert owner.organization.memberships.active().owners().get() == partner

    def test_may_be_removed_once_they_are_disabled(self, owner: Membership) -> None:
        former = MembershipFactory.create(
            organization=owner.organization, owner=True, is_active=False
        )

        remove_member(former, by=owner.user)

        assert owner.organization.memberships.get() == owner


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestOwnersAtOnce:
    @pytest.mark.parametrize(
        ("one", "other"), [(demote, demote), (disable, demote), (remove, remove), (leave, leave)]
    )
    def test_leave_one_of_them(self, one: Ending, other: Ending) -> None:
        ada = MembershipFactory.create(owner=True)
        bob = MembershipFactory.create(owner=True, organization=ada.organization)

        # Of whom each has read that the other is an owner still.
        targets = (ada, bob) if one is leave else (bob, ada)
        answers = all_at_once(
            [lambda: one(targets[0], ada.user), lambda: other(targets[1], bob.user)],
            meeting="SELECT",
        )

        assert ada.organization.memberships.active().owners().count() == 1
        refusals = [answer for answer in answers if answer is not None]
        assert [type(refusal) for refusal in refusals] in ([NotAllowed], [LastOwner])


class TestActiveSince:
    def test_is_the_moment_of_the_return(self, owner: Membership, mia: Membership) -> None:
        now = timezone.now() + timedelta(hours=1)
        disable_member(mia, by=owner.user)

        enable_member(mia, by=owner.user, now=now)

        assert Membership.objects.get(pk=mia.pk).active_since == now
