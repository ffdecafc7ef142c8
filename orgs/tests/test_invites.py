from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from jigxmgmt.errors import NotAllowed
from orgs import tasks
from orgs.models import AuditEvent, Invite, Membership, SolutionMember, User
from orgs.models.invites import INVITE_LIFETIME
from orgs.services.invites import (
    AlreadyInvited,
    AlreadyMember,
    InviteEnded,
    NotAnInvitation,
    SentJustNow,
    expire_invites,
    invite_person,
    note_bounce,
    resend_invite,
    revoke_invite,
)
from orgs.services.people import MembershipInactive
from orgs.services.provisioning import Grants, NotOfThisOrganization
from orgs.tests.factories import (
    InviteFactory,
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionGroupFactory,
)
from orgs.tests.mail_servers import link_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LATER = NOW + timedelta(days=15)


def invite(by: User, email: str = "lars@acme.example", **more: Any) -> Invite:
    membership = by.memberships.get()
    more.setdefault("grants", Grants())
    return invite_person(membership.organization, email=email, by=by, now=NOW, **more)


@pytest.fixture
def owner() -> User:
    return MembershipFactory.create(owner=True).user


@pytest.fixture
def admin(owner: User) -> User:
    organization = owner.memberships.get().organization
    return MembershipFactory.create(organization=organization, admin=True).user


class TestInvitePerson:
    def test_keeps_what_is_meant_for_them(self, owner: User) -> None:
        solution = SolutionFactory.create(organization=owner.memberships.get().organization)
        group = SolutionGroupFactory.create(solution=solution)
        grants = Grants(
            role=Membership.Role.CREATOR,
            solutions={solution: SolutionMember.Role.EDITOR},
            groups=[group],
        )

        made = invite(owner, " Lars@Acme.Example ", language="de", grants=grants)

        made.refresh_from_db()
        assert (made.email, made.language, made.role) == ("lars@acme.example", "de", "CREATOR")
        assert made.state == Invite.State.SENT
        assert made.expires_at - NOW == timedelta(days=14)
        assert list(made.solutions.values_list("solution", "role")) == [(solution.pk, "EDITOR")]
        assert list(made.groups.all()) == [group]
        event = AuditEvent.objects.get(act="invite.create")
        assert (event.actor, event.subject_id) == (owner, str(made.pk))
        assert event.changes["role"] == [None, "CREATOR"]

    @pytest.mark.parametrize("role", [Membership.Role.CREATOR, Membership.Role.USER])
    def test_is_for_owners_and_admins(self, owner: User, role: Membership.Role) -> None:
        organization = owner.memberships.get().organization
        member = MembershipFactory.create(organization=organization, role=role)

        with pytest.raises(NotAllowed):
            invite(member.user)

    def test_lets_only_owners_invite_owners(self, owner: User, admin: User) -> None:
        grants = Grants(role=Membership.Role.OWNER)

        with pytest.raises(NotAllowed):
            invite(admin, grants=grants)
        assert invite(owner, grants=grants).role == "OWNER"

    def test_refuses_who_is_in(self, owner: User, admin: User) -> None:
        with pytest.raises(AlreadyMember):
            invite(owner, admin.email)

    def test_refuses_who_was_disabled(self, owner: User, admin: User) -> None:
        admin.memberships.update(is_active=False)

        with pytest.raises(MembershipInactive, match="disabled"):
            invite(owner, admin.email)

    def test_refuses_who_is_invited(self, owner: User) -> None:
        invite(owner)

        with pytest.raises(AlreadyInvited):
            invite(owner, "LARS@acme.example")

    def test_makes_room_where_an_invitation_is_past_due(self, owner: User) -> None:
        old = InviteFactory.create(
            organization=owner.memberships.get().organization, expires_at=NOW
        )

        invite(owner, old.email)

        old.refresh_from_db()
        assert old.state == Invite.State.EXPIRED
        assert AuditEvent.objects.filter(act="invite.expire", subject_id=old.pk).exists()

    @pytest.mark.parametrize(
        ("given", "pointer"),
        [
            ({"email": "lars"}, "/email"),
            ({"email": f"{'x' * 60}@{'y' * 60}.{'z' * 60}.{'z' * 60}.{'z' * 60}.de"}, "/email"),
            ({"language": "xx"}, "/language"),
            ({"first_name": "La\0rs"}, "/first_name"),
            ({"last_name": "x" * 101}, "/last_name"),
        ],
    )
    def test_names_each_fault(self, owner: User, given: dict[str, str], pointer: str) -> None:
        with pytest.raises(NotAnInvitation) as refusal:
            invite(owner, **given)

        assert [fault.pointer for fault in refusal.value.faults] == [pointer]

    def test_knows_no_solution_of_others(self, owner: User) -> None:
        grants = Grants(solutions={SolutionFactory.create(): SolutionMember.Role.USER})

        with pytest.raises(NotOfThisOrganization):
            invite(owner, grants=grants)


class TestSendInvite:
    def test_mails_a_link_that_is_kept_nowhere(
        self, owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            made = invite(owner)

        made.refresh_from_db()
        assert made.sent_at is not None
        assert [message.to for message in mail.outbox] == [["lars@acme.example"]]
        token = link_of(mail.outbox[0]).rsplit("/", 1)[1]
        assert token not in str(Invite.objects.values())
        assert token not in str(AuditEvent.objects.values())

    def test_sends_one_mail_however_often_it_is_delivered(self) -> None:
        waiting = InviteFactory.create()

        for _attempt in range(2):
            tasks.send_invite.delay(invite_id=str(waiting.pk))

        assert len(mail.outbox) == 1

    @pytest.mark.parametrize(
        "ended", [{"state": Invite.State.REVOKED}, {"expires_at": NOW - timedelta(days=1)}]
    )
    def test_sends_nothing_for_what_has_ended(self, ended: dict[str, Any]) -> None:
        tasks.send_invite.delay(invite_id=str(InviteFactory.create(**ended).pk))

        assert mail.outbox == []

    @pytest.mark.parametrize("server", ["Refusing", "Unreachable"])
    def test_notes_that_a_mail_bounced(self, settings: Any, server: str) -> None:
        settings.EMAIL_BACKEND = f"orgs.tests.mail_servers.{server}"
        waiting = InviteFactory.create()

        tasks.send_invite.delay(invite_id=str(waiting.pk))

        waiting.refresh_from_db()
        assert waiting.state == Invite.State.BOUNCED
        event = AuditEvent.objects.get(act="invite.bounce")
        assert (event.organization, event.subject_id) == (waiting.organization, str(waiting.pk))
        assert event.changes == {"state": ["SENT", "BOUNCED"]}

    def test_gives_up_at_once_on_what_no_mail_can_be_written_to(self) -> None:
        waiting = InviteFactory.create(email=f"bob@{'é' * 70}.example")

        tasks.send_invite.delay(invite_id=str(waiting.pk))

        waiting.refresh_from_db()
        assert waiting.state == Invite.State.BOUNCED

    def test_leaves_a_newer_mail_alone_when_an_older_one_bounces(self) -> None:
        newer = InviteFactory.create(token="newer")

        call_command("note_bounce", str(newer.pk), "older")
        note_bounce(Invite(pk=newer.pk, token_digest="older"), now=NOW)

        newer.refresh_from_db()
        assert newer.state == Invite.State.SENT
        assert not AuditEvent.objects.exists()

    def test_tries_again_where_the_server_asks_for_it(self, settings: Any) -> None:
        settings.EMAIL_BACKEND = "orgs.tests.mail_servers.Greylisting"
        waiting = InviteFactory.create()

        tasks.send_invite.delay(invite_id=str(waiting.pk))

        waiting.refresh_from_db()
        assert (waiting.state, len(mail.outbox)) == (Invite.State.SENT, 1)


class TestResendInvite:
    @pytest.mark.parametrize(
        "state", [Invite.State.SENT, Invite.State.BOUNCED, Invite.State.EXPIRED]
    )
    def test_makes_it_good_again_in_another_language(
        self,
        owner: User,
        state: Invite.State,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        old = _invite_of(owner, state=state, token_digest="old", sent_at=NOW)

        with django_capture_on_commit_callbacks(execute=True):
            resend_invite(old, language="de", by=owner, now=LATER)

        old.refresh_from_db()
        assert (old.state, old.language) == (Invite.State.SENT, "de")
        assert old.expires_at == LATER + timedelta(days=14)
        assert old.token_digest not in ("", "old")
        assert len(mail.outbox) == 1
        assert AuditEvent.objects.get(act="invite.resend").changes["language"] == ["en", "de"]

    @pytest.mark.parametrize("state", [Invite.State.ACCEPTED, Invite.State.REVOKED])
    def test_leaves_alone_what_is_over(self, owner: User, state: Invite.State) -> None:
        old = _invite_of(owner, state=state)

        with pytest.raises(InviteEnded):
            resend_invite(old, by=owner, now=NOW)

    def test_refuses_while_another_is_open(self, owner: User) -> None:
        old = _invite_of(owner, state=Invite.State.EXPIRED)
        invite(owner, old.email)

        with pytest.raises(AlreadyInvited):
            resend_invite(old, by=owner, now=NOW)

    def test_refuses_for_who_is_in_by_now(self, owner: User, admin: User) -> None:
        old = _invite_of(owner, email=admin.email)

        with pytest.raises(AlreadyMember):
            resend_invite(old, by=owner, now=NOW)

    def test_waits_a_minute_between_mails(self, owner: User) -> None:
        old = _invite_of(owner, sent_at=NOW)

        with pytest.raises(SentJustNow):
            resend_invite(old, by=owner, now=NOW + timedelta(seconds=59))

        resend_invite(old, by=owner, now=NOW + timedelta(seconds=60))

    def test_knows_which_languages_there_are(self, owner: User) -> None:
        with pytest.raises(NotAnInvitation):
            resend_invite(_invite_of(owner), language="klingon", by=owner, now=NOW)


class TestRevokeInvite:
    def test_ends_it_once(self, owner: User) -> None:
        opened = _invite_of(owner)

        revoke_invite(opened, by=owner, now=NOW)

        opened.refresh_from_db()
        assert (opened.state, opened.ended_at) == (Invite.State.REVOKED, NOW)
        with pytest.raises(InviteEnded):
            revoke_invite(opened, by=owner, now=NOW)
        assert AuditEvent.objects.filter(act="invite.revoke").count() == 1

    def test_takes_an_owner_where_an_owner_is_invited(self, owner: User, admin: User) -> None:
        opened = _invite_of(owner, role=Membership.Role.OWNER)

        for act in (revoke_invite, resend_invite):
            with pytest.raises(NotAllowed):
                act(opened, by=admin, now=NOW)


class TestExpireInvites:
    def test_marks_what_is_past_due(self) -> None:
        due = InviteFactory.create(expires_at=NOW - timedelta(minutes=1))
        InviteFactory.create()

        assert call_command("expire_invites") == "1 expired"

        due.refresh_from_db()
        assert due.state == Invite.State.EXPIRED
        assert AuditEvent.objects.get(act="invite.expire").subject_id == str(due.pk)

    def test_asks_the_database_as_often_for_many(self) -> None:
        organization, asked = OrganizationFactory.create(), []
        for number in (2, 20):
            past = NOW - timedelta(minutes=1)
            InviteFactory.create_batch(number, organization=organization, expires_at=past)
            with CaptureQueriesContext(connection) as captured:
                expire_invites(now=NOW)
            asked.append(len(captured))

        assert asked[0] == asked[1]
        assert AuditEvent.objects.filter(act="invite.expire").count() == 22

    def test_is_for_the_clock(self) -> None:
        tasks.run_command(name="expire_invites")


class TestSendForgottenInvites:
    def test_sends_what_no_worker_was_told_of(self) -> None:
        begun_by = timezone.now() + INVITE_LIFETIME - timedelta(minutes=10)
        forgotten = InviteFactory.create(expires_at=begun_by)
        for other in (
            {"expires_at": begun_by + timedelta(minutes=1)},  # a worker may still come to it
            {"token": "begun"},
            {"sent_at": NOW},
            {"state": Invite.State.REVOKED},
        ):
            InviteFactory.create(**({"expires_at": begun_by} | other))

        tasks.run_command(name="send_forgotten_invites")

        assert [message.to for message in mail.outbox] == [[forgotten.email]]
        assert call_command("send_forgotten_invites") == ""


def _invite_of(owner: User, **more: Any) -> Invite:
    return InviteFactory.create(organization=owner.memberships.get().organization, **more)
