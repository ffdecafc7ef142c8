"""An invitation stands as long as whoever sent it may give its role."""

from typing import Any

import pytest
from django.utils import timezone

from orgs.models import AuditEvent, Invite, Membership, User
from orgs.services.accepting import (
    InviteRevoked,
    accept_as_new_person,
    accept_invite,
    require_backing,
)
from orgs.services.invites import resend_invite
from orgs.tests.factories import PASSWORD, InviteFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TOKEN = "a-token-that-nobody-guesses"


def accept(invite: Invite) -> Membership:
    return accept_as_new_person(invite, password=PASSWORD, now=NOW)


def inviter_of(invite: Invite) -> User:
    assert invite.invited_by
    return invite.invited_by


class TestBacking:
    @pytest.mark.parametrize(
        ("role", "becomes"),
        [
            ("USER", {"is_active": False}),
            ("USER", {"role": "CREATOR"}),
            ("OWNER", {"role": "ADMIN"}),
        ],
    )
    def test_falls_with_the_right_of_who_invited(self, role: str, becomes: dict[str, Any]) -> None:
        invite = InviteFactory.create(token=TOKEN, role=role)
        Membership.objects.filter(user=invite.invited_by).update(**becomes)

        self.is_refused_and_ended(invite)

    def test_falls_with_a_member_who_was_removed(self) -> None:
        invite = InviteFactory.create(token=TOKEN)
        Membership.objects.all().delete()

        self.is_refused_and_ended(invite)

    def test_falls_with_an_account_that_was_switched_off_or_deleted(self) -> None:
        off, gone = InviteFactory.create(token="1"), InviteFactory.create(token="2")
        User.objects.filter(pk=inviter_of(off).pk).update(is_active=False)
        User.objects.filter(pk=inviter_of(gone).pk).delete()

        for invite in (off, gone):
            self.is_refused_and_ended(Invite.objects.get(pk=invite.pk))

    def test_falls_for_who_has_an_account_too(self) -> None:
        user = UserFactory.create()
        invite = InviteFactory.create(email=user.email, token=TOKEN)
        Membership.objects.all().delete()

        with pytest.raises(InviteRevoked):
            accept_invite(invite, user=user, now=NOW)

        assert not user.memberships.exists()

    def test_stands_while_the_role_still_may_be_given(self) -> None:
        invite = InviteFactory.create(token=TOKEN, role="ADMIN")
        Membership.objects.filter(user=invite.invited_by).update(role="ADMIN")

        assert accept(invite).role == "ADMIN"

    def test_is_taken_over_by_who_sends_it_again(self) -> None:
        invite = InviteFactory.create(token=TOKEN)
        other = MembershipFactory.create(organization=invite.organization, admin=True).user
        Membership.objects.filter(user=invite.invited_by).delete()

        resend_invite(invite, by=other, now=NOW)

        stored = Invite.objects.get()
        assert stored.invited_by == other
        require_backing(stored)

    def is_refused_and_ended(self, invite: Invite) -> None:
        with pytest.raises(InviteRevoked, match="was revoked"):
            require_backing(Invite.objects.get(pk=invite.pk))
        with pytest.raises(InviteRevoked, match="was revoked"):
            accept(invite)

        invite.refresh_from_db()
        assert (invite.state, invite.ended_at) == (Invite.State.REVOKED, NOW)
        assert not User.objects.filter(email=invite.email).exists()
        event = AuditEvent.objects.get(act="invite.revoke", subject_id=invite.pk)
        assert event.changes == {"state": ["SENT", "REVOKED"]}
