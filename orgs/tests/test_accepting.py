from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from jigxmgmt.errors import Conflict, DomainError
from orgs.models import (
    AuditEvent,
    GroupMember,
    Invite,
    InviteSolution,
    Membership,
    Solution,
    SolutionMember,
    User,
)
from orgs.models.invites import link_digest
from orgs.services.accepting import (
    InvitedAnother,
    InviteExpired,
    InviteRevoked,
    InviteUnknown,
    InviteUsed,
    SignInRequired,
    accept_as_new_person,
    accept_invite,
    find_invite,
)
from orgs.services.invites import (
    AlreadyInvited,
    NotAnInvitation,
    invite_person,
    resend_invite,
    revoke_invite,
)
from orgs.services.people import MembershipInactive, WeakPassword
from orgs.services.provisioning import Grants, provision_member
from orgs.services.solutions import SolutionGone
from orgs.tests.factories import (
    PASSWORD,
    InviteFactory,
    JoinRequestFactory,
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)
from orgs.tests.races import all_at_once

NOW = timezone.now()
TOKEN = "a-token-that-nobody-guesses"


def invited(user: User, **more: Any) -> Invite:
    return InviteFactory.create(email=user.email, token=TOKEN, **more)


def accept_as_new(invite: Invite, **more: str) -> Membership:
    return accept_as_new_person(invite, **{"password": PASSWORD, **more}, now=NOW)


@pytest.mark.django_db
class TestFindInvite:
    def test_finds_the_one_whose_link_it_is(self) -> None:
        invite = InviteFactory.create(token=TOKEN)

        assert find_invite(link_digest(TOKEN), now=NOW) == invite

    @pytest.mark.parametrize(
        ("fields", "refusal"),
        [
            ({"state": Invite.State.ACCEPTED}, InviteUsed),
            ({"state": Invite.State.REVOKED}, InviteRevoked),
            ({"state": Invite.State.EXPIRED}, InviteExpired),
            ({"expires_at": NOW - timedelta(days=1)}, InviteExpired),
        ],
    )
    def test_says_why_it_does_not_work(
        self, fields: dict[str, Any], refusal: type[InviteUnknown]
    ) -> None:
        InviteFactory.create(token=TOKEN, **fields)

        with pytest.raises(refusal):
            find_invite(link_digest(TOKEN), now=NOW)

    @pytest.mark.parametrize("digest", ["", link_digest("another")])
    def test_knows_no_other_links(self, digest: str) -> None:
        InviteFactory.create()  # whose mail has not gone out

        with pytest.raises(InviteUnknown):
            find_invite(digest, now=NOW)


@pytest.mark.django_db
class TestAcceptInvite:
    def test_gives_all_that_came_with_it(self) -> None:
        user, solution = UserFactory.create(), SolutionFactory.create()
        group = SolutionGroupFactory.create(solution__organization=solution.organization)
        invite = invited(user, organization=solution.organization, role="CREATOR")
        InviteSolution.objects.create(invite=invite, solution=solution, role="EDITOR")
        invite.groups.add(group)

        membership = accept_invite(invite, user=user, now=NOW)

        assert (membership.user, membership.role) == (user, "CREATOR")
        roles = dict(membership.solution_roles.values_list("solution", "role"))
        assert roles == {solution.pk: "EDITOR", group.solution.pk: "USER"}
        assert GroupMember.objects.get().group == group
        invite.refresh_from_db()
        assert (invite.state, invite.accepted_by, invite.ended_at) == ("ACCEPTED", user, NOW)
        assert AuditEvent.objects.get(act="invite.accept").actor == user

    def test_lets_fall_what_was_deleted_meanwhile(self) -> None:
        user, solution = UserFactory.create(), SolutionFactory.create()
        invite = invited(user, organization=solution.organization)
        InviteSolution.objects.create(invite=invite, solution=solution)
        solution.delete()

        membership = accept_invite(invite, user=user, now=NOW)

        assert not membership.solution_roles.exists()

    def test_does_not_know_a_solution_that_goes_at_this_moment(self) -> None:
        user, membership = UserFactory.create(), MembershipFactory.create(owner=True)
        solution = SolutionFactory.create(organization=membership.organization)
        Solution.objects.filter(pk=solution.pk).delete()

        with pytest.raises(SolutionGone):
            provision_member(
                user,
                organization=membership.organization,
                grants=Grants(solutions={solution: SolutionMember.Role.USER}),
                by=membership.user,
                now=NOW,
            )

    def test_takes_a_proved_second_address(self) -> None:
        user = UserFactory.create()
        EmailAddress.objects.create(user=user, email="second@acme.example", verified=True)
        invite = InviteFactory.create(email="second@acme.example", token=TOKEN)

        assert accept_invite(invite, user=user, now=NOW).user == user

    @pytest.mark.parametrize("is_known", [True, False])
    def test_ends_a_request_of_theirs_that_waits_there(self, is_known: bool) -> None:  # noqa: FBT001
        user = UserFactory.create()
        invite = invited(user)
        waiting = JoinRequestFactory.create(
            organization=invite.organization,
            user=user if is_known else None,
            email=user.email,
            last_name="Person",
        )
        elsewhere = JoinRequestFactory.create(user=user)

        accept_invite(invite, user=user, now=NOW)

        waiting.refresh_from_db()
        elsewhere.refresh_from_db()
        assert (waiting.status, waiting.decided_at) == ("WITHDRAWN", NOW)
        assert elsewhere.status == "PENDING"
        event = AuditEvent.objects.get(act="join_request.withdraw")
        assert (event.actor, event.subject_id) == (user, str(waiting.pk))

    def test_refuses_somebody_else(self) -> None:
        invite, eve = invited(UserFactory.create()), UserFactory.create()

        with pytest.raises(InvitedAnother):
            accept_invite(invite, user=eve, now=NOW)

        assert not eve.memberships.exists()

    def test_refuses_a_link_that_a_newer_one_replaced(self) -> None:
        user = UserFactory.create()
        invite = invited(user)
        Invite.objects.update(token_digest=link_digest("newer"))

        with pytest.raises(InviteUnknown, match="newer"):
            accept_invite(invite, user=user, now=NOW)

    def test_stays_open_for_who_was_disabled(self) -> None:
        membership = MembershipFactory.create(is_active=False)
        invite = invited(membership.user, organization=membership.organization)

        with pytest.raises(MembershipInactive):
            accept_invite(invite, user=membership.user, now=NOW)

        invite.refresh_from_db()
        assert invite.state == Invite.State.SENT


@pytest.mark.django_db
class TestAcceptAsNewPerson:
    def test_makes_an_account_with_the_address_proved(self) -> None:
        invite = InviteFactory.create(
            token=TOKEN, first_name="Lars", last_name="Eriksen", language="de"
        )

        membership = accept_as_new(invite, last_name="Erikson")

        user = membership.user
        assert user.check_password(PASSWORD)
        assert (user.display_name, user.language) == ("Lars Erikson", "de")
        assert EmailAddress.objects.filter(user=user, verified=True, primary=True).count() == 1
        assert membership.organization == invite.organization

    def test_opens_no_account_that_there_is(self) -> None:
        user = UserFactory.create()

        with pytest.raises(SignInRequired):
            accept_as_new(invited(user), password="another password of theirs")

        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        assert not user.memberships.exists()

    def test_takes_a_good_password(self) -> None:
        invite = InviteFactory.create(token=TOKEN)

        with pytest.raises(WeakPassword):
            accept_as_new(invite, password="short")

        assert find_invite(link_digest(TOKEN), now=NOW) == invite
        assert not User.objects.filter(email=invite.email).exists()

    def test_takes_names_that_can_be_shown(self) -> None:
        with pytest.raises(NotAnInvitation):
            accept_as_new(InviteFactory.create(token=TOKEN), first_name="La\0rs")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    MEETING = 'SELECT "orgs_invite"."id"'

    def test_two_accept_and_one_gets_in(self) -> None:
        user = UserFactory.create()
        invite = invited(user)

        answers = all_at_once(
            [lambda: accept_invite(invite, user=user, now=NOW)] * 2, meeting=self.MEETING
        )

        assert sorted(type(answer) is InviteUsed for answer in answers) == [False, True]
        assert user.memberships.count() == 1
        assert AuditEvent.objects.filter(act="invite.accept").count() == 1

    def test_two_make_the_account_and_one_is_made(self) -> None:
        invite = InviteFactory.create(token=TOKEN)

        answers = all_at_once([lambda: accept_as_new(invite)] * 2, meeting=self.MEETING)

        assert sorted(type(answer) is InviteUsed for answer in answers) == [False, True]
        assert Membership.objects.filter(user__email=invite.email).count() == 1

    @pytest.mark.parametrize("act", [revoke_invite, resend_invite])
    def test_accepting_and_ending_the_link_have_one_winner(self, act: Any) -> None:
        owner, user = MembershipFactory.create(owner=True), UserFactory.create()
        invite = invited(user, organization=owner.organization)

        accepted, ended = all_at_once(
            [
                lambda: accept_invite(invite, user=user, now=NOW),
                lambda: act(Invite.objects.get(pk=invite.pk), by=owner.user, now=NOW),
            ],
            meeting=self.MEETING,
        )

        is_in = Membership.objects.filter(user=user).exists()
        assert isinstance(accepted, Membership) == is_in
        assert isinstance(ended, Conflict) == is_in
        assert isinstance(accepted, DomainError) != is_in

    def test_two_invite_an_address_and_one_invitation_goes_out(self) -> None:
        owner = MembershipFactory.create(owner=True)

        def act() -> Invite:
            return invite_person(
                owner.organization,
                email="lars@acme.example",
                grants=Grants(),
                by=owner.user,
                now=NOW,
            )

        answers = all_at_once([act] * 2, meeting='INSERT INTO "orgs_invite"')

        assert sorted(type(answer) is AlreadyInvited for answer in answers) == [False, True]
        assert Invite.objects.count() == 1
