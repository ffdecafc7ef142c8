from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, JoinRequest, Membership, Organization, User
from orgs.services.join_requests import (
    AccountInactive,
    AlreadyDecided,
    AlreadyRequested,
    CannotJoin,
    NoSuchJoinRequest,
    NotDecided,
    NothingToTakeBack,
    TooLate,
    approve_join_request,
    deny_join_request,
    request_to_join,
    undo_decision,
    withdraw_join_request,
    withdraw_own_requests,
)
from orgs.services.joining import AlreadyMember
from orgs.services.organizations import NoSuchOrganization
from orgs.services.people import MembershipInactive
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    DomainFactory,
    JoinRequestFactory,
    MembershipFactory,
    SolutionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

type_of_commit = Callable[..., Any]
NOW = timezone.now()
SOON = NOW + timedelta(seconds=9)
Status = JoinRequest.Status


@pytest.fixture
def acme(db: None) -> Organization:
    """An organization that shows itself to addresses at acme.example."""
    domain = DomainFactory.create(organization__request_email="desk@acme.example")
    return domain.organization


@pytest.fixture
def admin(acme: Organization) -> User:
    return MembershipFactory.create(
        organization=acme, admin=True, user__first_name="Ada", user__last_name="Admin"
    ).user


@pytest.fixture
def waiting(acme: Organization) -> JoinRequest:
    return JoinRequestFactory.create(organization=acme)


def ask(user: User, organization: Organization, message: str = "Site 14") -> JoinRequest:
    return request_to_join(
        user,
        organization=organization,
        message=message,
        source=JoinRequest.Source.APP,
        device="iPhone 15",
        now=NOW,
    )


def approve(join_request: JoinRequest, by: User, **grants: Any) -> Membership:
    return approve_join_request(join_request, grants=Grants(**grants), by=by, now=NOW)


class TestRequestToJoin:
    def test_waits_for_who_decides_and_tells_them_by_mail(
        self,
        acme: Organization,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        user = UserFactory.create(first_name="Mia", last_name="Moon")

        with django_capture_on_commit_callbacks(execute=True):
            made = ask(user, acme)

        assert made.status == Status.PENDING
        assert (made.email, made.display_name, made.device) == (
            user.email,
            "Mia Moon",
            "iPhone 15",
        )
        assert AuditEvent.objects.get(act="join_request.create").actor == user
        assert [mail.to for mail in mailoutbox] == [["desk@acme.example"]]
        assert f"/join-requests/{made.pk}" in mailoutbox[0].body
        assert "Site 14" in mailoutbox[0].body

    def test_tells_nobody_where_no_address_is_set(
        self,
        acme: Organization,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        Organization.objects.update(request_email="")

        with django_capture_on_commit_callbacks(execute=True):
            ask(UserFactory.create(), acme)

        assert mailoutbox == []

    def test_knows_no_organization_that_the_domain_does_not_offer(self, acme: Organization) -> None:
        with pytest.raises(NoSuchOrganization):
            ask(UserFactory.create(email="eve@other.example"), acme)

    def test_is_open_once(self, acme: Organization) -> None:
        user = UserFactory.create()
        ask(user, acme)

        with pytest.raises(AlreadyRequested):
            ask(user, acme)

    def test_may_be_made_again_after_it_was_denied(self, acme: Organization, admin: User) -> None:
        user = UserFactory.create()
        deny_join_request(ask(user, acme), reason="", by=admin, now=NOW)

        assert ask(user, acme).status == Status.PENDING

    def test_is_not_for_members(self, acme: Organization, admin: User) -> None:
        with pytest.raises(AlreadyMember):
            ask(admin, acme)

    def test_tells_who_was_let_go_no_more_than_that(self, acme: Organization) -> None:
        former = MembershipFactory.create(organization=acme, is_active=False).user

        with pytest.raises(CannotJoin, match="can't join"):
            ask(former, acme)


class TestWithdrawJoinRequest:
    def test_takes_ones_own_back_and_stays_quiet_the_second_time(
        self, waiting: JoinRequest
    ) -> None:
        for _ in range(2):
            withdraw_join_request(waiting, by=waiting.user, now=NOW)

        assert waiting.status == Status.WITHDRAWN
        assert AuditEvent.objects.filter(act="join_request.withdraw").count() == 1

    def test_refuses_somebody_elses(self, waiting: JoinRequest) -> None:
        with pytest.raises(NotAllowed):
            withdraw_join_request(waiting, by=UserFactory.create(), now=NOW)

    def test_comes_too_late_after_the_decision(self, waiting: JoinRequest, admin: User) -> None:
        deny_join_request(waiting, reason="", by=admin, now=NOW)

        with pytest.raises(AlreadyDecided, match="Ada Admin has denied"):
            withdraw_join_request(waiting, by=waiting.user, now=NOW)

    def test_takes_all_that_are_open_back(self, waiting: JoinRequest, admin: User) -> None:
        assert waiting.user
        elsewhere = JoinRequestFactory.create(user=waiting.user)
        decided = JoinRequestFactory.create(user=waiting.user, status=Status.DENIED)

        withdraw_own_requests(waiting.user, organization_id=None, now=NOW)

        states = dict(JoinRequest.objects.values_list("pk", "status"))
        assert states == {
            waiting.pk: Status.WITHDRAWN,
            elsewhere.pk: Status.WITHDRAWN,
            decided.pk: Status.DENIED,
        }


class TestApproveJoinRequest:
    def test_lets_the_person_in_with_the_grants_and_welcomes_them(
        self,
        waiting: JoinRequest,
        admin: User,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        solution = SolutionFactory.create(organization=waiting.organization)

        with django_capture_on_commit_callbacks(execute=True):
            membership = approve(waiting, admin, solutions={solution: "USER"})

        waiting.refresh_from_db()
        assert (waiting.status, waiting.decided_by) == (Status.APPROVED, admin)
        assert waiting.membership == membership
        assert (membership.user, membership.role) == (waiting.user, Membership.Role.USER)
        assert membership.solution_roles.get().solution == solution
        assert [mail.to for mail in mailoutbox] == [[waiting.email]]
        assert "Welcome" in mailoutbox[0].subject
        event = AuditEvent.objects.get(act="join_request.approve")
        assert event.changes == {"status": ["PENDING", "APPROVED"], "role": [None, "USER"]}

    @pytest.mark.parametrize("role", ["CREATOR", "USER"])
    def test_is_for_who_manages_people(self, waiting: JoinRequest, role: str) -> None:
        member = MembershipFactory.create(organization=waiting.organization, role=role)

        with pytest.raises(NotAllowed):
            approve(waiting, member.user)

        assert JoinRequest.objects.pending().exists()

    def test_takes_an_owner_to_make_an_owner(self, waiting: JoinRequest, admin: User) -> None:
        with pytest.raises(NotAllowed):
            approve(waiting, admin, role=Membership.Role.OWNER)

    def test_names_who_was_first(self, waiting: JoinRequest, admin: User) -> None:
        other = MembershipFactory.create(organization=waiting.organization, owner=True).user
        approve(waiting, admin)

        with pytest.raises(AlreadyDecided, match="Ada Admin has approved"):
            approve(waiting, other)

    def test_says_so_when_the_person_withdrew(self, waiting: JoinRequest, admin: User) -> None:
        withdraw_join_request(waiting, by=waiting.user, now=NOW)

        with pytest.raises(AlreadyDecided, match="withdrawn"):
            approve(waiting, admin)

    def test_does_not_know_one_that_is_gone(self, waiting: JoinRequest, admin: User) -> None:
        JoinRequest.objects.all().delete()

        with pytest.raises(NoSuchJoinRequest):
            approve(waiting, admin)

    def test_lets_nobody_back_in_who_was_let_go(self, waiting: JoinRequest, admin: User) -> None:
        MembershipFactory.create(
            organization=waiting.organization, user=waiting.user, is_active=False
        )

        with pytest.raises(MembershipInactive):
            approve(waiting, admin)

        assert JoinRequest.objects.pending().exists()

    def test_is_no_use_to_an_account_that_is_off(self, waiting: JoinRequest, admin: User) -> None:
        assert waiting.user
        waiting.user.is_active = False

        with pytest.raises(AccountInactive):
            approve(waiting, admin)


class TestDenyJoinRequest:
    def test_tells_the_person_why(
        self,
        waiting: JoinRequest,
        admin: User,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            deny_join_request(waiting, reason="Ask Site 14", by=admin, now=NOW)

        assert JoinRequest.objects.get().status == Status.DENIED
        assert [mail.to for mail in mailoutbox] == [[waiting.email]]
        assert "Ask Site 14" in mailoutbox[0].body
        assert AuditEvent.objects.filter(act="join_request.deny").exists()

    def test_is_for_who_manages_people(self, waiting: JoinRequest) -> None:
        with pytest.raises(NotAllowed):
            deny_join_request(waiting, reason="", by=UserFactory.create(), now=NOW)


class TestUndoDecision:
    def test_takes_the_membership_away_again_and_tells_nobody(
        self,
        waiting: JoinRequest,
        admin: User,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            approve(waiting, admin)
            undo_decision(waiting, by=admin, now=SOON)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.decided_by, waiting.decided_at) == ("PENDING", None, None)
        assert not Membership.objects.filter(user=waiting.user).exists()
        assert mailoutbox == []
        event = AuditEvent.objects.get(act="join_request.undo")
        assert event.changes == {"status": ["APPROVED", "PENDING"]}

    def test_does_not_tell_twice_when_it_is_decided_anew(
        self,
        waiting: JoinRequest,
        admin: User,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: type_of_commit,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            approve(waiting, admin)
            undo_decision(waiting, by=admin, now=SOON)
            deny_join_request(waiting, reason="", by=admin, now=SOON)

        assert len(mailoutbox) == 1
        assert "not approved" in mailoutbox[0].body

    def test_is_for_whoever_decided(self, waiting: JoinRequest, admin: User) -> None:
        other = MembershipFactory.create(organization=waiting.organization, owner=True).user
        deny_join_request(waiting, reason="", by=admin, now=NOW)

        with pytest.raises(NotAllowed):
            undo_decision(waiting, by=other, now=SOON)

    def test_comes_too_late_after_ten_seconds(self, waiting: JoinRequest, admin: User) -> None:
        approve(waiting, admin)

        with pytest.raises(TooLate):
            undo_decision(waiting, by=admin, now=NOW + timedelta(seconds=10))

        assert Membership.objects.filter(user=waiting.user).exists()

    def test_has_nothing_to_undo_twice(self, waiting: JoinRequest, admin: User) -> None:
        deny_join_request(waiting, reason="", by=admin, now=NOW)
        undo_decision(waiting, by=admin, now=SOON)

        with pytest.raises(NotDecided):
            undo_decision(waiting, by=admin, now=SOON)

    def test_leaves_a_membership_that_was_there_before(
        self, waiting: JoinRequest, admin: User
    ) -> None:
        MembershipFactory.create(organization=waiting.organization, user=waiting.user)
        approve(waiting, admin)

        with pytest.raises(NothingToTakeBack):
            undo_decision(waiting, by=admin, now=SOON)

        assert Membership.objects.filter(user=waiting.user).exists()

    def test_gives_way_to_a_newer_request(self, waiting: JoinRequest, admin: User) -> None:
        deny_join_request(waiting, reason="", by=admin, now=NOW)
        JoinRequestFactory.create(organization=waiting.organization, user=waiting.user)

        with pytest.raises(AlreadyRequested):
            undo_decision(waiting, by=admin, now=SOON)
