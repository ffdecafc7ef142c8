from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from auth_providers.models import OAuthConfiguration, OutsideGrant, SingleSignOn
from auth_providers.services.configuration_fields import ConfigurationFields, ConfigurationInvalid
from auth_providers.services.configuration_secrets import client_secret_of
from auth_providers.services.oauth_configurations import (
    ConfigurationGone,
    ConfigurationInUse,
    KeyTaken,
    organization_configurations,
    remove_configuration,
    save_configuration,
)
from auth_providers.tests.factories import OAuthConfigurationFactory, connected, let_in_by
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Organization, Solution, SolutionMember, User
from orgs.tests.factories import (
    DomainFactory,
    MembershipFactory,
    SolutionFactory,
    SolutionMemberFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
SECRET = "s3cret-of-the-client"
FIELDS = ConfigurationFields(
    name="Company account",
    key="company",
    client_id="portal",
    issuer="https://login.acme.example",
    redirect_urls=("https://console.example/sign-in/callback",),
)


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def organization(owner: Membership) -> Organization:
    return owner.organization


@pytest.fixture
def by(owner: Membership) -> User:
    return owner.user


@pytest.fixture
def configuration(organization: Organization, by: User) -> OAuthConfiguration:
    return save_configuration(organization, FIELDS, secret=SECRET, by=by, now=NOW)


def save(
    configuration: OAuthConfiguration, by: User, secret: str | None = None, **changed: Any
) -> OAuthConfiguration:
    """Save it with some fields changed."""
    return save_configuration(
        configuration.organization,
        replace(FIELDS, **changed),
        secret=secret,
        by=by,
        now=NOW,
        configuration=configuration,
    )


class TestSave:
    def test_keeps_the_fields_and_seals_the_secret(self, configuration: OAuthConfiguration) -> None:
        kept = OAuthConfiguration.objects.get()

        assert (kept.name, kept.issuer, kept.revision) == (FIELDS.name, FIELDS.issuer, 1)
        assert client_secret_of(kept) == SECRET
        event = AuditEvent.objects.get(act="oauth_configuration.create")
        assert event.changes["secret"] == [None, "saved"]
        assert SECRET not in str(event.changes)

    def test_writes_domains_as_they_are_kept(self, organization: Organization, by: User) -> None:
        DomainFactory.create(organization=organization, name="xn--mnchen-3ya.example")
        fields = replace(FIELDS, domains=("*", "*.Acme.example", "München.example"))

        kept = save_configuration(organization, fields, secret=SECRET, by=by, now=NOW)

        patterns = [domain.pattern for domain in kept.domains.all()]
        assert patterns == ["*", "*.acme.example", "xn--mnchen-3ya.example"]

    def test_counts_and_records_each_change(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        kept = save(configuration, by, uses_pkce=False, domains=("*",))
        again = save(configuration, by, uses_pkce=False)

        assert (kept.revision, again.revision) == (2, 3)
        assert client_secret_of(again) == SECRET
        first, second = AuditEvent.objects.filter(act="oauth_configuration.save").order_by(
            "created_at"
        )
        assert first.changes == {"uses_pkce": [True, False], "domains": [[], ["*"]]}
        assert second.changes == {"domains": [["*"], []]}

    def test_takes_a_key_once_in_an_organization(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        OAuthConfigurationFactory.create(key="elsewhere")
        save(configuration, by, key="elsewhere")

        with pytest.raises(KeyTaken) as refusal:
            save_configuration(
                configuration.organization,
                replace(FIELDS, key="elsewhere"),
                secret=SECRET,
                by=by,
                now=NOW,
            )

        assert [fault.pointer for fault in refusal.value.faults] == ["/key"]

    @pytest.mark.parametrize("role", ["creator", "user"])
    def test_is_for_owners_and_admins(self, configuration: OAuthConfiguration, role: str) -> None:
        member = MembershipFactory.create(
            organization=configuration.organization, role=role.upper()
        )

        with pytest.raises(NotAllowed):
            save(configuration, member.user)
        with pytest.raises(NotAllowed):
            organization_configurations(configuration.organization, by=member.user)
        with pytest.raises(NotAllowed):
            remove_configuration(configuration, by=member.user)

    def test_is_not_there_for_another_organization(self, configuration: OAuthConfiguration) -> None:
        stranger = MembershipFactory.create(owner=True)

        with pytest.raises(ConfigurationGone):
            save_configuration(
                stranger.organization,
                FIELDS,
                secret=SECRET,
                by=stranger.user,
                now=NOW,
                configuration=configuration,
            )


class TestOfASolution:
    def test_is_for_whoever_configures_the_solution(self, organization: Organization) -> None:
        solution = SolutionFactory.create(organization=organization)
        editor = self.member(solution, SolutionMember.Role.EDITOR)
        runner = self.member(solution, SolutionMember.Role.USER)

        kept = save_configuration(
            organization, FIELDS, secret=SECRET, by=editor.user, now=NOW, solution=solution
        )

        assert kept.solution == solution
        with pytest.raises(NotAllowed):
            save_configuration(
                organization, FIELDS, secret=SECRET, by=runner.user, now=NOW, solution=solution
            )

    def test_signs_nobody_in(self, organization: Organization, by: User) -> None:
        solution = SolutionFactory.create(organization=organization)

        with pytest.raises(ConfigurationInvalid):
            save_configuration(
                organization,
                replace(FIELDS, domains=("*",)),
                secret=SECRET,
                by=by,
                now=NOW,
                solution=solution,
            )

    @staticmethod
    def member(solution: Solution, role: SolutionMember.Role) -> Membership:
        membership = MembershipFactory.create(organization=solution.organization, creator=True)
        SolutionMemberFactory.create(solution=solution, membership=membership, role=role)
        return membership


class TestSecret:
    @pytest.mark.parametrize(
        "changed",
        [
            {"issuer": "https://login.evil.example"},
            {"token_endpoint": "https://login.evil.example/token"},
            {"client_id": "another"},
            {"client_authentication": "client_secret_post"},
        ],
    )
    def test_is_given_again_where_it_would_go_elsewhere(
        self, configuration: OAuthConfiguration, by: User, changed: dict[str, str]
    ) -> None:
        with pytest.raises(ConfigurationInvalid) as refusal:
            save(configuration, by, **changed)

        assert [fault.code for fault in refusal.value.faults] == ["required_again"]
        assert save(configuration, by, SECRET + "2", **changed).revision == 2

    def test_is_needed_unless_the_client_is_public(self, organization: Organization) -> None:
        by = MembershipFactory.create(organization=organization, admin=True).user
        public = replace(FIELDS, client_authentication="none")

        for fields, secret in ((FIELDS, None), (FIELDS, ""), (public, SECRET)):
            with pytest.raises(ConfigurationInvalid) as refusal:
                save_configuration(organization, fields, secret=secret, by=by, now=NOW)
            assert [fault.pointer for fault in refusal.value.faults] == ["/client_secret"]

    def test_goes_when_the_client_becomes_public(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        kept = save(configuration, by, client_authentication="none")

        assert not kept.has_secret
        event = AuditEvent.objects.get(act="oauth_configuration.save")
        assert event.changes["secret"] == ["saved", None]

    def test_is_not_taken_away_where_it_is_needed(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        with pytest.raises(ConfigurationInvalid):
            save(configuration, by, "")

    def test_elsewhere_ends_the_consents_given_to_it(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        member = SolutionMemberFactory.create(solution__organization=configuration.organization)
        connected(member, configuration=configuration)

        save(configuration, by, scopes="openid crm.read")
        assert OutsideGrant.objects.count() == 1
        save(configuration, by, "another", issuer="https://other.example")

        assert not OutsideGrant.objects.exists()
        event = AuditEvent.objects.filter(act="oauth_configuration.save").latest("created_at")
        assert event.changes["grants"] == [1, 0]


class TestRemove:
    def test_forgets_what_nothing_uses(self, configuration: OAuthConfiguration, by: User) -> None:
        remove_configuration(configuration, by=by)

        assert not OAuthConfiguration.objects.exists()
        assert AuditEvent.objects.filter(act="oauth_configuration.remove").count() == 1

    def test_refuses_while_single_sign_on_uses_it(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        sign_on = SingleSignOn.objects.create(organization=configuration.organization)
        sign_on.configurations.add(configuration)

        with pytest.raises(ConfigurationInUse, match="single sign-on"):
            remove_configuration(configuration, by=by)


class TestFields:
    @pytest.mark.parametrize(
        ("changed", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "n" * 101}, "/name"),
            ({"key": "1"}, "/key"),
            ({"client_id": ""}, "/client_id"),
            ({"domains": ("other.example",)}, "/domains/0"),
            ({"domains": ("*", "*.co.uk")}, "/domains/1"),
            ({"domains": ("**.acme.example",)}, "/domains/0"),
            ({"redirect_urls": ()}, "/redirect_urls"),
            ({"redirect_urls": ("http://console.example/",)}, "/redirect_urls/0"),
            ({"issuer": ""}, "/issuer"),
            ({"issuer": "http://login.acme.example"}, "/issuer"),
            ({"issuer": "https://login.acme.example/#"}, "/issuer"),
            ({"issuer": "https://login.acme.example/?"}, "/issuer"),
            ({"issuer": "https://a@login.acme.example"}, "/issuer"),
            ({"issuer": "", "authorization_endpoint": "https://a.example/"}, "/issuer"),
            ({"token_endpoint": "ftp://login.acme.example"}, "/token_endpoint"),
            ({"jwks_uri": "http://127.0.0.1/keys"}, "/jwks_uri"),
            ({"scopes": 'openid "'}, "/scopes"),
            ({"additional_parameters": {"State": "x"}}, "/additional_parameters/State"),
            ({"additional_parameters": {"a b": "x"}}, "/additional_parameters/a b"),
            ({"additional_parameters": {"prompt": "x\n"}}, "/additional_parameters/prompt"),
        ],
    )
    def test_are_refused_at_their_place(
        self, configuration: OAuthConfiguration, by: User, changed: dict[str, Any], pointer: str
    ) -> None:
        with pytest.raises(ConfigurationInvalid) as refusal:
            save(configuration, by, SECRET, **changed)

        assert [fault.pointer for fault in refusal.value.faults] == [pointer]

    @pytest.mark.parametrize(
        "tenant",
        ["common", "Organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"],
    )
    def test_name_one_tenant_of_entra(
        self, configuration: OAuthConfiguration, by: User, tenant: str
    ) -> None:
        issuer = f"https://login.microsoftonline.com/{tenant}/v2.0"

        with pytest.raises(ConfigurationInvalid) as refusal:
            save(configuration, by, SECRET, issuer=issuer)

        assert "tenant" in refusal.value.faults[0].detail

    def test_may_go_over_http_where_the_operator_opened_it(
        self, configuration: OAuthConfiguration, by: User
    ) -> None:
        configuration.organization.allowed_networks = ["127.0.0.0/8"]
        configuration.organization.save()

        kept = save(configuration, by, SECRET, issuer="http://127.0.0.1:8080/realms/acme")

        assert kept.issuer == "http://127.0.0.1:8080/realms/acme"

    def test_may_do_without_an_issuer(self, configuration: OAuthConfiguration, by: User) -> None:
        kept = save(
            configuration,
            by,
            SECRET,
            issuer="",
            authorization_endpoint="https://crm.example/authorize?brand=1",
            token_endpoint="https://crm.example/token",
            additional_parameters={"prompt": "select_account"},
        )

        assert kept.additional_parameters == {"prompt": "select_account"}


def test_by_which_people_sign_in_is_not_for_support(
    organization: Organization, configuration: OAuthConfiguration
) -> None:
    operator = UserFactory.create(is_staff=True)
    organization.support_access = Organization.SupportAccess.WRITE
    organization.support_access_until = timezone.now() + timedelta(days=1)
    organization.save()
    save(configuration, operator, SECRET, issuer="https://other.acme.example")

    let_in_by(configuration)

    with pytest.raises(NotAllowed):
        save(configuration, operator, SECRET, jwks_uri="https://eve.example/keys")
