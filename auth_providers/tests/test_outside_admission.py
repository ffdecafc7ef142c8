"""Whom a provider's word lets in: what it says of whom, and who may say it."""

from dataclasses import replace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from auth_providers.models import App, LinkedIdentity, OAuthConfiguration
from auth_providers.services.admission import admit_requester
from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.services.identities import issuer_as_known, link_identity
from auth_providers.services.outside_admission import (
    AccessOffered,
    Admitted,
    SsoRefused,
    admit_claims,
    foresee_admission,
)
from auth_providers.services.providers import Claims
from auth_providers.tests.factories import AppFactory, OAuthConfigurationFactory, let_in_by
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
from orgs.services.members import disable_member, leave_organization, remove_member
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    DomainFactory,
    InviteFactory,
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MIA = "mia@acme.example"
ISSUER = "https://login.example"
SAID = Claims(
    issuer=ISSUER,
    subject="mia-1",
    email=MIA,
    is_email_verified=True,
    first_name="Mia",
    last_name="Brandenburger",
    all={},
)
UNVERIFIED = replace(SAID, is_email_verified=False)


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create(name="Acme")


@pytest.fixture
def owner(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, owner=True, user__email="o@x.example").user


@pytest.fixture
def way(acme: Organization) -> OAuthConfiguration:
    """A configuration that people sign in by, with which nobody is made a member."""
    configuration: OAuthConfiguration = OAuthConfigurationFactory.create(organization=acme)
    let_in_by(configuration, "*")
    return configuration


@pytest.fixture
def making(way: OAuthConfiguration, owner: User) -> OAuthConfiguration:
    """A configuration with which whoever the provider knows is made a member."""
    let_in_by(way, creates_members=True, creates_as=owner)
    return way


@pytest.fixture
def proved(acme: Organization) -> None:
    """Acme has proved the domain of Mia's address."""
    DomainFactory.create(organization=acme, proved=True)


@pytest.fixture
def app(db: None) -> App:
    return AppFactory.create()


@pytest.fixture
def mia(db: None) -> User:
    """Somebody with an account and a proved address, whom no provider knows."""
    return UserFactory.create(email=MIA)


def admit(way: OAuthConfiguration, claims: Claims = SAID, **more: Any) -> Admitted:
    return admit_claims(way, claims, **{"app": None, "now": NOW, **more})


def refusal(way: OAuthConfiguration, claims: Claims = SAID) -> str:
    """Return why the claims let nobody in, as it was recorded; the refusal does not tell."""
    with pytest.raises(SsoRefused) as refused:
        admit(way, claims)
    event = AuditEvent.objects.filter(act="single_sign_on.refuse").latest("created_at")
    assert (event.organization, event.changes) == (
        way.organization,
        {"reason": [None, refused.value.reason]},
    )
    assert refused.value.detail == SsoRefused("other").detail
    return refused.value.reason


def know(user: User, way: OAuthConfiguration) -> None:
    """Let the configuration's organization know whom the provider calls so."""
    issuer = issuer_as_known(way, ISSUER)
    link_identity(user, issuer=issuer, subject=SAID.subject, by=None)


def name_as(owner: User, way: OAuthConfiguration) -> None:
    """Let the owner stand behind the provider."""
    way.saved_by = owner
    let_in_by(way, saved_by=owner)


def did(way: OAuthConfiguration, claims: Claims = SAID) -> list[str]:
    return [act.value for act in admit(way, claims).would]


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


class TestSwitches:
    def test_let_nobody_in_while_it_is_off(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        know(MembershipFactory.create(organization=acme).user, way)
        let_in_by(way, is_enabled=False)

        assert refusal(way) == "not_enabled"

    def test_let_nobody_in_by_a_configuration_that_was_not_chosen(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        know(MembershipFactory.create(organization=acme).user, way)

        assert refusal(OAuthConfigurationFactory.create(organization=acme)) == "not_enabled"


class TestForeseeAdmission:
    def test_says_what_would_be_made_and_makes_nothing(self, making: OAuthConfiguration) -> None:
        let_in_by(making, is_enabled=False)

        foreseen = foresee_admission(making, SAID, now=NOW)

        assert (foreseen.user, foreseen.matched_domain) == (None, "*")
        assert foreseen.would == ("create_account", "create_member", "sign_in")
        assert not User.objects.filter(email=MIA).exists()

    def test_says_who_it_is_and_why_not(
        self, way: OAuthConfiguration, mia: User, proved: None
    ) -> None:
        foreseen = foresee_admission(way, SAID, now=NOW)

        assert (foreseen.user, foreseen.reason) == (mia, "access_offered")
        assert foreseen.would == ("link", "offer_access")
        assert not LinkedIdentity.objects.exists()

    def test_works_before_anything_was_set(self, acme: Organization) -> None:
        fresh = OAuthConfigurationFactory.create(organization=acme)

        foreseen = foresee_admission(fresh, SAID, now=NOW)

        assert (foreseen.matched_domain, foreseen.would) == ("", ("offer_access",))
