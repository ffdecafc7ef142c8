from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from auth_providers.models import LinkedIdentity
from auth_providers.services.admission import admit_requester, retract_decision
from auth_providers.services.identities import IdentityTaken, link_identity
from auth_providers.services.registration import AccountExists
from auth_providers.tests.factories import signed_in
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, JoinRequest, Membership, Organization, User
from orgs.services.join_requests import (
    AlreadyDecided,
    NoSuchJoinRequest,
    NotDecided,
    withdraw_join_request,
)
from orgs.services.members import remove_member
from orgs.services.people import MembershipInactive
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    DomainFactory,
    JoinRequestFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SOON = NOW + timedelta(seconds=9)


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create()


@pytest.fixture
def admin(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, admin=True).user


@pytest.fixture
def waiting(acme: Organization) -> JoinRequest:
    """Somebody who proved who they are elsewhere, and has no account here."""
    return JoinRequestFactory.create(organization=acme, offered=True)


def admit(join_request: JoinRequest, by: User) -> Membership:
    return admit_requester(join_request, grants=Grants(), by=by, now=NOW)


def again(join_request: JoinRequest) -> JoinRequest:
    """Return the same request as another administrator has it before them."""
    return JoinRequest.objects.select_related("organization", "user").get(pk=join_request.pk)


class TestAdmitRequester:
    def test_does_not_know_one_that_is_gone(self, waiting: JoinRequest, admin: User) -> None:
        JoinRequest.objects.all().delete()

        with pytest.raises(NoSuchJoinRequest):
            admit(waiting, admin)

    def test_makes_account_link_and_membership_together(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        membership = admit(waiting, admin)

        user = membership.user
        assert (user.email, user.last_name) == (waiting.email, "Outside")
        assert not user.has_usable_password()
        assert not EmailAddress.objects.get(user=user).verified
        identity = LinkedIdentity.objects.get(user=user)
        assert (identity.issuer, identity.subject) == (waiting.issuer, waiting.subject)
        stored = again(waiting)
        assert (stored.user, stored.made_account, stored.status) == (user, True, "APPROVED")
        acts = set(AuditEvent.objects.values_list("act", flat=True))
        assert acts == {"user.create", "identity.link", "member.admit", "join_request.approve"}

    def test_takes_no_address_for_proved_even_of_a_proved_domain(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        DomainFactory.create(organization=waiting.organization, proved=True)

        membership = admit(waiting, admin)

        assert not EmailAddress.objects.get(user=membership.user).verified

    def test_finds_whose_identity_it_is_whatever_the_address(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        user = UserFactory.create()
        link_identity(user, issuer=waiting.issuer, subject=waiting.subject, by=None)

        assert admit(waiting, admin).user == user
        assert not User.objects.filter(email=waiting.email).exists()

    def test_finds_nobody_whose_membership_ended_since(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        organization = waiting.organization
        waiting.issuer = f"https://idp.example#{organization.pk}#keys"
        waiting.save()
        former = MembershipFactory.create(organization=organization)
        link_identity(former.user, issuer=waiting.issuer, subject=waiting.subject, by=None)
        remove_member(former, by=admin)

        assert admit(waiting, admin).user != former.user

    @pytest.mark.parametrize("is_proved", [True, False])
    def test_links_no_account_on_the_word_of_who_decides(
        self,
        waiting: JoinRequest,
        admin: User,
        is_proved: bool,  # noqa: FBT001
    ) -> None:
        if is_proved:
            DomainFactory.create(organization=waiting.organization, proved=True)
        UserFactory.create(email=waiting.email)

        with pytest.raises(AccountExists, match="sign in with their own account first"):
            admit(waiting, admin)

        assert again(waiting).status == JoinRequest.Status.PENDING
        assert not LinkedIdentity.objects.exists()

    def test_leaves_nothing_half_done(self, waiting: JoinRequest, admin: User) -> None:
        user = UserFactory.create()
        link_identity(user, issuer=waiting.issuer, subject=waiting.subject, by=None)
        MembershipFactory.create(organization=waiting.organization, user=user, is_active=False)

        with pytest.raises(MembershipInactive):
            admit(waiting, admin)

        assert (again(waiting).status, again(waiting).user) == ("PENDING", None)

    def test_makes_no_account_for_who_may_not_approve(self, waiting: JoinRequest) -> None:
        stranger = UserFactory.create()

        with pytest.raises(NotAllowed):
            admit(waiting, stranger)

        assert not User.objects.filter(email=waiting.email).exists()


class TestLinkIdentity:
    def test_leaves_it_to_whom_it_belongs(self) -> None:
        mia, eve = UserFactory.create_batch(2)
        for _ in range(2):
            link_identity(mia, issuer="https://idp.example", subject="1", by=None)

        with pytest.raises(IdentityTaken):
            link_identity(eve, issuer="https://idp.example", subject="1", by=None)

        assert AuditEvent.objects.filter(act="identity.link").count() == 1


class TestRetractDecision:
    def test_removes_the_account_that_nobody_used(self, waiting: JoinRequest, admin: User) -> None:
        admit(waiting, admin)

        retract_decision(again(waiting), by=admin, now=SOON)

        assert (again(waiting).status, again(waiting).user) == ("PENDING", None)
        assert not User.objects.filter(email=waiting.email).exists()
        assert not LinkedIdentity.objects.exists()
        assert admit(again(waiting), admin).user.email == waiting.email

    def test_leaves_an_account_that_was_used(self, waiting: JoinRequest, admin: User) -> None:
        user = admit(waiting, admin).user
        signed_in(user)

        retract_decision(again(waiting), by=admin, now=SOON)

        assert (again(waiting).user, again(waiting).made_account) == (user, False)
        assert not Membership.objects.filter(user=user).exists()

    def test_leaves_a_request_without_an_account_as_it_came(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        user = UserFactory.create()
        link_identity(user, issuer=waiting.issuer, subject=waiting.subject, by=None)
        admit(waiting, admin)

        retract_decision(again(waiting), by=admin, now=SOON)

        assert again(waiting).user is None
        assert LinkedIdentity.objects.get().user == user
        assert not user.memberships.exists()

    def test_leaves_an_account_that_was_there_before(self, acme: Organization, admin: User) -> None:
        known = JoinRequestFactory.create(organization=acme)
        admit(known, admin)

        retract_decision(again(known), by=admin, now=SOON)

        assert again(known).user == known.user


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_one_of_two_administrators_approves(
        self, acme: Organization, admin: User, waiting: JoinRequest
    ) -> None:
        other = MembershipFactory.create(organization=acme, owner=True).user
        mine, theirs = again(waiting), again(waiting)

        answers = all_at_once(
            [lambda: admit(mine, admin), lambda: admit(theirs, other)], meeting="SELECT"
        )

        refusal = next(answer for answer in answers if isinstance(answer, AlreadyDecided))
        winner = again(waiting).decided_by
        assert winner
        assert f"{winner.display_name} has approved" in refusal.detail
        assert Membership.objects.filter(user__email=waiting.email).count() == 1
        assert LinkedIdentity.objects.count() == 1
        assert AuditEvent.objects.filter(act="join_request.approve").count() == 1

    def test_approving_or_withdrawing_wins_whole(self, admin: User, waiting: JoinRequest) -> None:
        mine, theirs = again(waiting), again(waiting)

        answers: list[Any] = all_at_once(
            [
                lambda: admit(mine, admin),
                lambda: withdraw_join_request(theirs, by=None, now=NOW),
            ],
            meeting="",
        )

        assert sum(isinstance(answer, AlreadyDecided) for answer in answers) == 1
        is_in = Membership.objects.filter(user__email=waiting.email).exists()
        assert is_in == (again(waiting).status == JoinRequest.Status.APPROVED)
        assert is_in == User.objects.filter(email=waiting.email).exists()

    def test_two_organizations_make_one_account(self, admin: User, waiting: JoinRequest) -> None:
        elsewhere = JoinRequestFactory.create(
            offered=True, email=waiting.email, issuer=waiting.issuer, subject=waiting.subject
        )
        other = MembershipFactory.create(organization=elsewhere.organization, owner=True).user

        answers = all_at_once(
            [lambda: admit(again(waiting), admin), lambda: admit(again(elsewhere), other)],
            meeting='INSERT INTO "orgs_user"',
        )

        assert sum(isinstance(answer, AccountExists) for answer in answers) == 1
        assert User.objects.filter(email=waiting.email).count() == 1
        assert JoinRequest.objects.pending().count() == 1

    def test_one_of_two_undoes(self, admin: User, waiting: JoinRequest) -> None:
        admit(waiting, admin)
        mine, same = again(waiting), again(waiting)

        answers = all_at_once(
            [
                lambda: retract_decision(mine, by=admin, now=SOON),
                lambda: retract_decision(same, by=admin, now=SOON),
            ],
            meeting="SELECT",
        )

        assert sum(isinstance(answer, NotDecided) for answer in answers) == 1
        assert AuditEvent.objects.filter(act="join_request.undo").count() == 1
        assert AuditEvent.objects.filter(act="user.delete").count() == 1
