"""Whose sign-in it is: who is known already, and whose account a word may be tied to."""

from dataclasses import replace

import pytest
from allauth.account.models import EmailAddress

from auth_providers.models import LinkedIdentity, OAuthConfiguration
from auth_providers.tests.factories import OAuthConfigurationFactory, let_in_by
from auth_providers.tests.outside.vouching import (
    ISSUER,
    MIA,
    SAID,
    UNVERIFIED,
    admit,
    did,
    know,
    name_as,
    refusal,
)
from orgs.models import (
    AuditEvent,
    Organization,
    User,
)
from orgs.services.members import disable_member
from orgs.tests.factories import (
    DomainFactory,
    InviteFactory,
    MembershipFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


class TestWhoIsKnown:
    def test_comes_in_as_the_identitys_person(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        member = MembershipFactory.create(organization=acme)
        know(member.user, way)

        assert admit(way, UNVERIFIED).user == member.user
        event = AuditEvent.objects.get(act="single_sign_on.admit")
        assert (event.actor, event.organization) == (member.user, acme)
        assert event.changes["did"] == [None, ["sign_in"]]

    def test_is_not_another_of_the_same_address(
        self, way: OAuthConfiguration, acme: Organization, mia: User, proved: None
    ) -> None:
        member = MembershipFactory.create(organization=acme)
        MembershipFactory.create(organization=acme, user=mia)
        know(member.user, way)

        assert admit(way).user == member.user

    def test_stays_out_with_a_closed_account(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        know(MembershipFactory.create(organization=acme, user__is_active=False).user, way)

        assert refusal(way) == "account_inactive"

    def test_stays_out_when_disabled_in_the_organization(
        self, making: OAuthConfiguration, acme: Organization, owner: User
    ) -> None:
        member = MembershipFactory.create(organization=acme)
        know(member.user, making)
        disable_member(member, by=owner)
        InviteFactory.create(organization=acme, email=MIA)

        assert refusal(making) == "member_disabled"

    def test_is_nobody_to_another_organization_of_the_same_issuer(
        self, making: OAuthConfiguration, mia: User
    ) -> None:
        know(mia, OAuthConfigurationFactory.create())

        claims = replace(SAID, email="eve@eve.example")
        admitted = admit(making, claims)

        assert admitted.user != mia
        identity = LinkedIdentity.objects.get(user=admitted.user)
        assert identity.provider == ISSUER
        assert admit(making, claims).user == admitted.user

    @pytest.mark.parametrize("keys", ["", "https://login.example/keys"])
    def test_is_nobody_by_keys_that_were_named_later(
        self, making: OAuthConfiguration, mia: User, keys: str
    ) -> None:
        making.jwks_uri = keys
        know(mia, making)
        making.jwks_uri = "https://eve.example/keys"

        assert admit(making, replace(SAID, email="eve@eve.example")).user != mia

    def test_is_nobody_in_other_letters(self, making: OAuthConfiguration, mia: User) -> None:
        know(mia, making)

        claims = replace(SAID, subject=SAID.subject.upper(), email="eve@eve.example")
        assert admit(making, claims).user != mia


class TestLinking:
    def test_takes_the_proof_of_the_domain_and_of_the_address_on_both_sides(
        self, way: OAuthConfiguration, acme: Organization, mia: User, proved: None
    ) -> None:
        MembershipFactory.create(organization=acme, user=mia)

        assert did(way) == ["link", "sign_in"]
        assert LinkedIdentity.objects.get(subject=SAID.subject).user == mia
        assert did(way) == ["sign_in"]

    @pytest.mark.parametrize("email", [MIA, "mia@sub.acme.example"])
    def test_is_no_matter_of_a_domain_that_is_not_proved(
        self, making: OAuthConfiguration, acme: Organization, email: str
    ) -> None:
        mia = UserFactory.create(email=email)
        MembershipFactory.create(organization=acme, user=mia)
        DomainFactory.create(organization=acme, proved=email != MIA)

        assert refusal(making, replace(SAID, email=email)) == "access_offered"
        assert not LinkedIdentity.objects.exists()

    def test_is_no_matter_of_another_organizations_domain(
        self, making: OAuthConfiguration, mia: User
    ) -> None:
        DomainFactory.create(proved=True)

        assert refusal(making) == "access_offered"
        assert not LinkedIdentity.objects.exists()

    def test_takes_an_address_that_the_provider_has_verified(
        self, making: OAuthConfiguration, mia: User, proved: None
    ) -> None:
        assert refusal(making, UNVERIFIED) == "access_offered"
        assert not LinkedIdentity.objects.exists()

    def test_takes_an_account_that_has_proved_its_address(
        self, making: OAuthConfiguration, mia: User, proved: None
    ) -> None:
        EmailAddress.objects.update(verified=False)

        assert refusal(making) == "access_offered"
        assert not LinkedIdentity.objects.exists()

    def test_shuts_out_who_is_disabled(
        self, way: OAuthConfiguration, acme: Organization, mia: User, proved: None, owner: User
    ) -> None:
        disable_member(MembershipFactory.create(organization=acme, user=mia), by=owner)

        assert refusal(way) == "member_disabled"
        assert not LinkedIdentity.objects.exists()

    def test_is_no_matter_of_an_operators_account(
        self, making: OAuthConfiguration, mia: User, proved: None, owner: User
    ) -> None:
        name_as(owner, making)
        User.objects.filter(pk=mia.pk).update(is_staff=True)

        assert refusal(making) == "account_guarded"
        assert not LinkedIdentity.objects.exists()

    def test_makes_no_owner_by_a_provider_that_an_admin_has_named(
        self, way: OAuthConfiguration, acme: Organization, mia: User, proved: None, owner: User
    ) -> None:
        admin = MembershipFactory.create(organization=acme, admin=True).user
        MembershipFactory.create(organization=acme, user=mia, owner=True)

        for saved_by in (None, admin):
            name_as(owner, way)
            way.saved_by = saved_by
            assert refusal(way) == "account_guarded"
        name_as(owner, way)
        let_in_by(way, saved_by=admin)
        assert refusal(way) == "account_guarded"

        name_as(owner, way)
        assert did(way) == ["link", "sign_in"]
