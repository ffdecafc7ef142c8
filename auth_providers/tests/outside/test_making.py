"""Whom a provider's word lets in: by an invitation, by the settings, or by asking."""

from dataclasses import replace

import pytest
from allauth.account.models import EmailAddress

from auth_providers.models import App, LinkedIdentity, OAuthConfiguration
from auth_providers.services.admission import admit_requester
from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.services.outside_admission import (
    AccessOffered,
)
from auth_providers.services.providers import Claims
from auth_providers.tests.factories import let_in_by
from auth_providers.tests.outside.vouching import (
    ISSUER,
    MIA,
    NOW,
    SAID,
    UNVERIFIED,
    admit,
    did,
    know,
    name_as,
    refusal,
)
from orgs.models import (
    AccessOffer,
    AuditEvent,
    GroupMember,
    Invite,
    Membership,
    Organization,
    SolutionMember,
    User,
)
from orgs.services.access_offers import request_by_offer
from orgs.services.members import leave_organization, remove_member
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    DomainFactory,
    InviteFactory,
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


class TestInvitation:
    def test_of_an_owner_takes_a_provider_that_an_owner_has_named(
        self, way: OAuthConfiguration, acme: Organization, owner: User
    ) -> None:
        InviteFactory.create(organization=acme, email=MIA, role="OWNER", invited_by=owner)

        assert refusal(way) == "access_offered"

        name_as(owner, way)
        assert did(way) == ["create_account", "accept_invite", "sign_in"]

    def test_is_accepted_with_all_that_comes_with_it(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        invite = InviteFactory.create(organization=acme, email=MIA, role="CREATOR")
        solution = SolutionFactory.create(organization=acme)
        invite.solutions.create(solution=solution, role="EDITOR")
        group = SolutionGroupFactory.create(solution__organization=acme)
        invite.groups.add(group)

        assert did(way) == ["create_account", "accept_invite", "sign_in"]
        member = Membership.objects.get(user__email=MIA)
        assert member.role == "CREATOR"
        assert set(member.solution_roles.values_list("solution", "role")) == {
            (solution.pk, "EDITOR"),
            (group.solution_id, "USER"),
        }
        assert GroupMember.objects.get().group == group
        invite.refresh_from_db()
        assert (invite.state, invite.accepted_by) == ("ACCEPTED", member.user)

    def test_is_accepted_by_who_is_known_by_another_address(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        mia = UserFactory.create(email="mia@private.example")
        know(mia, way)
        InviteFactory.create(organization=acme, email=MIA)

        assert did(way) == ["accept_invite", "sign_in"]
        assert Membership.objects.get(organization=acme, user=mia).is_active

    def test_opens_no_account_of_who_has_left(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        former = MembershipFactory.create(organization=acme, user__email="mia@private.example")
        know(former.user, way)
        leave_organization(former, by=former.user)
        InviteFactory.create(organization=acme, email=MIA)

        somebody = admit(way).user

        assert somebody != former.user
        assert LinkedIdentity.objects.get().user == somebody

    def test_opens_no_account_that_was_let_in_again_by_hand(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        former = MembershipFactory.create(organization=acme, user__email=MIA)
        know(former.user, way)
        leave_organization(former, by=former.user)
        MembershipFactory.create(organization=acme, user=former.user)

        assert refusal(way) == "access_offered"

        know(former.user, way)
        assert did(way) == ["sign_in"]

    def test_opens_the_account_of_who_has_left_another_organization(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        mia = MembershipFactory.create(organization=acme).user
        know(mia, way)
        leave_organization(MembershipFactory.create(user=mia), by=mia)

        assert did(way) == ["sign_in"]

    def test_is_not_for_an_address_that_the_provider_has_not_verified(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        InviteFactory.create(organization=acme, email=MIA)

        assert refusal(way, UNVERIFIED) == "access_offered"

    def test_opens_no_account_that_is_there(
        self, way: OAuthConfiguration, acme: Organization, mia: User
    ) -> None:
        InviteFactory.create(organization=acme, email=MIA)

        assert refusal(way) == "access_offered"
        assert Invite.objects.get().state == "SENT"

    def test_is_that_of_the_configurations_own_organization(self, way: OAuthConfiguration) -> None:
        InviteFactory.create(email=MIA)

        assert refusal(way) == "access_offered"

    def test_counts_while_somebody_stands_behind_it(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        invite = InviteFactory.create(organization=acme, email=MIA)
        Membership.objects.filter(user=invite.invited_by).update(role="USER")

        assert refusal(way) == "access_offered"


class TestMaking:
    def test_gives_what_the_settings_say_in_the_name_of_whom_they_say(
        self, making: OAuthConfiguration, acme: Organization, owner: User
    ) -> None:
        solution = SolutionFactory.create(organization=acme)
        group = SolutionGroupFactory.create(solution=solution)
        settings = let_in_by(making)
        settings.solutions.add(solution)
        settings.groups.add(group)

        assert did(making) == ["create_account", "create_member", "sign_in"]
        member = Membership.objects.get(user__email=MIA)
        assert (member.role, member.user.last_name) == ("USER", "Brandenburger")
        assert SolutionMember.objects.get(membership=member).role == "USER"
        assert GroupMember.objects.get().group == group
        assert not member.user.has_usable_password()
        for act in ("user.create", "member.admit"):
            assert AuditEvent.objects.get(act=act, organization=acme).actor == owner

    @pytest.mark.parametrize(
        ("is_proved", "claims", "is_verified"),
        [(True, SAID, True), (True, UNVERIFIED, False), (False, SAID, False)],
    )
    def test_takes_an_address_as_proved_only_by_the_domain_and_the_provider(
        self,
        making: OAuthConfiguration,
        acme: Organization,
        is_proved: bool,  # noqa: FBT001
        claims: Claims,
        is_verified: bool,  # noqa: FBT001
    ) -> None:
        DomainFactory.create(organization=acme, proved=is_proved)

        user = admit(making, claims).user

        assert EmailAddress.objects.get(user=user).verified == is_verified

    def test_makes_a_member_of_who_has_an_account(
        self, making: OAuthConfiguration, mia: User, proved: None
    ) -> None:
        assert did(making) == ["link", "create_member", "sign_in"]

    def test_is_off_with_whoever_it_was_done_as(
        self, making: OAuthConfiguration, owner: User
    ) -> None:
        Membership.objects.filter(user=owner).update(role="CREATOR")
        assert refusal(making) == "access_offered"

        Membership.objects.filter(user=owner).update(role="OWNER", is_active=False)
        assert refusal(making) == "access_offered"

        let_in_by(making, creates_as=None)
        assert refusal(making) == "access_offered"
        assert not User.objects.filter(email=MIA).exists()

    @pytest.mark.usefixtures("proved")
    def test_makes_no_member_again_of_who_was_removed(
        self, making: OAuthConfiguration, acme: Organization, owner: User
    ) -> None:
        user = admit(making).user
        remove_member(Membership.objects.get(user=user), by=owner)

        assert refusal(making) == "access_offered"

        InviteFactory.create(organization=acme, email=MIA)
        assert did(making) == ["accept_invite", "sign_in"]

    def test_makes_no_other_account_for_who_was_removed(
        self, making: OAuthConfiguration, owner: User
    ) -> None:
        user = admit(making).user
        remove_member(Membership.objects.get(user=user), by=owner)
        User.objects.filter(pk=user.pk).update(email="mia@private.example")
        clear_expired_tokens(now=NOW)

        assert refusal(making) == "access_offered"

    @pytest.mark.usefixtures("proved")
    def test_makes_a_member_again_of_who_has_left(self, making: OAuthConfiguration) -> None:
        user = admit(making).user
        leave_organization(Membership.objects.get(user=user), by=user)

        assert did(making) == ["link", "create_member", "sign_in"]

    def test_knows_nobody_again_whose_domain_is_not_proved(
        self, making: OAuthConfiguration
    ) -> None:
        user = admit(making).user
        leave_organization(Membership.objects.get(user=user), by=user)

        assert refusal(making) == "access_offered"

    @pytest.mark.usefixtures("proved")
    def test_looks_at_the_newest_end_alone(
        self, making: OAuthConfiguration, acme: Organization, owner: User
    ) -> None:
        user = admit(making).user
        remove_member(Membership.objects.get(user=user), by=owner)
        InviteFactory.create(organization=acme, email=MIA)
        admit(making)
        leave_organization(Membership.objects.get(user=user), by=user)

        assert did(making) == ["link", "create_member", "sign_in"]

    @pytest.mark.parametrize("email", ["", "mia", "mi\x00a@acme.example", "müa@acme.example"])
    def test_needs_an_address(self, making: OAuthConfiguration, email: str) -> None:
        assert refusal(making, replace(SAID, email=email)) == "email_missing"

    def test_leaves_out_names_that_are_none(self, making: OAuthConfiguration) -> None:
        user = admit(making, replace(SAID, first_name="M\n", last_name="x" * 101)).user

        assert (user.first_name, user.last_name) == ("", "")


class TestOffer:
    def test_lets_somebody_unknown_ask_with_an_app(
        self, way: OAuthConfiguration, acme: Organization, app: App, owner: User
    ) -> None:
        with pytest.raises(AccessOffered) as offered:
            admit(way, app=app, device="iPhone 15")

        token = offered.value.members["request_token"]
        asked = request_by_offer(token, organization_id=acme.pk, message="", now=NOW)
        assert (asked.email, asked.device, asked.provider) == (MIA, "iPhone 15", ISSUER)
        admit_requester(asked, grants=Grants(), by=owner, now=NOW)
        assert admit(way, app=app).user.email == MIA

    def test_lets_somebody_ask_whose_account_the_organization_speaks_for(
        self,
        way: OAuthConfiguration,
        acme: Organization,
        app: App,
        owner: User,
        mia: User,
        proved: None,
    ) -> None:
        with pytest.raises(AccessOffered) as offered:
            admit(way, app=app)

        token = offered.value.members["request_token"]
        asked = request_by_offer(token, organization_id=acme.pk, message="", now=NOW)
        admit_requester(asked, grants=Grants(), by=owner, now=NOW)
        assert admit(way, app=app).user == mia

    def test_is_the_same_for_an_account_that_nothing_links(
        self, way: OAuthConfiguration, app: App, mia: User
    ) -> None:
        with pytest.raises(AccessOffered):
            admit(way, app=app)

        assert AccessOffer.objects.get().email == MIA

    def test_is_none_at_the_console(self, way: OAuthConfiguration) -> None:
        assert refusal(way) == "access_offered"
        assert not AccessOffer.objects.exists()
