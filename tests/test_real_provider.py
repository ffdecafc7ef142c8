"""Devices sign in at a real provider, and let a solution's functions use their account there."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.utils import timezone

from auth_providers.models import App, OAuthConfiguration, OutsideGrant, SingleSignOn
from auth_providers.oidc.authorization import new_verifier
from auth_providers.services.configuration_secrets import put_client_secret
from auth_providers.services.grant_tokens import refresh_token_of
from auth_providers.services.providers import (
    ProviderRefused,
    end_session_url_of,
    refresh_tokens,
)
from auth_providers.tests.consenting import outlive
from auth_providers.tests.factories import AppFactory, OAuthConfigurationFactory
from functions.services.oauth_credentials import save_oauth_alias
from functions.tests.factories import publish
from orgs.models import Membership, Solution
from orgs.services.solutions import create_solution
from orgs.tests.factories import DomainFactory, MembershipFactory
from tests.oidc.phone import EMAIL, REDIRECT, Phone
from tests.oidc.provider import RealProvider

# A function that runs on the phone, for which it needs the token itself.
NEAR = """\
provider: DATA_PROVIDER_REST
method: GET
url: https://crm.example.com/sites
useLocalCall: true
parameters:
  accessToken: {location: header, value: crm}
"""
AUTHENTICATIONS = ["none", "client_secret_basic", "client_secret_post"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    """Begin with no attempts on the books, and no keys or metadata at hand."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def app() -> App:
    return AppFactory.create(redirect_uris=REDIRECT)


@pytest.fixture
def owner(settings: LazySettings) -> Membership:
    """The owner of Acme, which has proved its domain."""
    settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    owner = MembershipFactory.create(owner=True, organization__name="Acme")
    DomainFactory.create(organization=owner.organization, proved=True)
    return owner


def configure(
    provider: RealProvider,
    owner: Membership,
    *,
    scopes: str = "openid email profile",
    solution: Solution | None = None,
    **asked: str,
) -> OAuthConfiguration:
    """Register with the provider; whoever it knows is let in, to the solution if there is one."""
    client = provider.register_client(REDIRECT, **asked)
    configuration: OAuthConfiguration = OAuthConfigurationFactory.build(
        organization=owner.organization,
        issuer=provider.issuer,
        client_id=client.client_id,
        client_authentication=client.authentication,
        redirect_urls=[REDIRECT],
        scopes=scopes,
    )
    put_client_secret(configuration, client.client_secret, by=owner.user, now=timezone.now())
    configuration.save()
    configuration.domains.create(pattern="acme.example")
    single_sign_on = SingleSignOn.objects.create(
        organization=owner.organization,
        is_enabled=True,
        creates_members=True,
        creates_as=owner.user,
    )
    single_sign_on.configurations.add(configuration)
    if solution:
        single_sign_on.solutions.add(solution)
    return configuration


@pytest.fixture(params=AUTHENTICATIONS)
def connected(
    request: pytest.FixtureRequest, real_provider: RealProvider, owner: Membership, app: App
) -> tuple[Phone, Solution]:
    """Mia's phone, let in to a solution, and connected by her to a client of each kind."""
    solution = create_solution(owner.organization, name="field", title="Field", by=owner.user)
    publish(solution, by=owner.user, near=NEAR)
    configuration = configure(
        real_provider,
        owner,
        authentication=request.param,
        scopes="openid email offline_access",
        solution=solution,
    )
    save_oauth_alias(
        solution,
        key="crm",
        configuration_id=configuration.pk,
        allowed_origins=["https://crm.example.com"],
        by=owner.user,
    )
    phone = Phone(app)
    phone.sign_in()
    assert phone.connect(solution, "crm").status_code == 201
    return phone, solution


class TestDevice:
    @pytest.mark.parametrize("authentication", AUTHENTICATIONS)
    def test_signs_in_works_and_signs_out(
        self, authentication: str, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner, authentication=authentication)

        phone = Phone(app)

        phone.sign_in()

        person = phone.get("me").json()
        assert [person[name] for name in ("email", "first_name", "last_name")] == [
            EMAIL,
            "Mia",
            "Field",
        ]
        phone.refresh()
        assert phone.get("me").status_code == 200
        phone.post("auth/sign-out")
        assert phone.get("me").status_code == 401

    def test_is_the_same_person_the_next_time(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)

        first, second = Phone(app), Phone(app)

        first.sign_in()
        second.sign_in()

        assert first.get("me").json()["id"] == second.get("me").json()["id"]

    def test_redeems_the_code_itself_and_brings_the_id_token(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        phone = Phone(app)
        begun = phone.begin()
        answer = phone.visit_provider(begun)

        brought = {"state": answer["state"], "id_token": phone.redeem(begun, answer)}
        phone.complete(begun, brought)

        assert phone.get("me").json()["email"] == EMAIL

    def test_gets_nothing_for_anothers_verifier(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        phone = Phone(app)
        begun = phone.begin()
        answer = phone.visit_provider(begun)

        refused = phone.complete(begun, answer, code_verifier=new_verifier())

        assert (refused.status_code, refused.json()["code"]) == (404, "transaction_unknown")
        assert phone.complete(begun, answer).status_code == 200

    def test_gets_nothing_for_a_code_of_another_transaction(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        phone, thief = Phone(app), Phone(app)
        stolen = phone.visit_provider(phone.begin())["code"]
        begun = thief.begin()

        refused = thief.complete(begun, {"state": begun["state"], "code": stolen})

        assert (refused.status_code, refused.json()["code"]) == (403, "sso_refused")

    def test_can_turn_back_at_the_provider_and_begin_again(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        phone = Phone(app)

        turned_back = phone.browser.cancel(
            phone.begin()["authorization_url"], redirect_url=REDIRECT
        )

        assert turned_back["error"] == "access_denied"
        assert phone.sign_in().status_code == 200


class TestProvider:
    def test_says_that_it_is_the_one_who_answers(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        phone = Phone(app)
        begun = phone.begin()
        answer = phone.visit_provider(begun)

        refused = phone.complete(begun, answer, iss="https://another.example")

        assert answer["iss"] == real_provider.issuer
        assert (refused.status_code, refused.json()["code"]) == (403, "sso_refused")

    def test_signs_with_an_elliptic_curve(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner, algorithm="ES256")

        assert Phone(app).sign_in().status_code == 200

    def test_signs_with_new_keys_from_one_sign_in_to_the_next(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        configure(real_provider, owner)
        assert Phone(app).sign_in().status_code == 200

        real_provider.rotate_keys()

        assert Phone(app).sign_in().status_code == 200

    def test_ends_its_own_session(
        self, real_provider: RealProvider, owner: Membership, app: App
    ) -> None:
        signed_out = "https://portal.example/signed-out"
        configuration = configure(real_provider, owner, post_logout=signed_out)
        phone = Phone(app)
        phone.sign_in()

        url = end_session_url_of(configuration, post_logout_redirect_uri=signed_out)

        assert url
        assert phone.browser.sign_out(url, redirect_url=signed_out) == {}


class TestConsent:
    def test_is_renewed_with_another_refresh_token_each_time(
        self, connected: tuple[Phone, Solution], real_provider: RealProvider
    ) -> None:
        phone, solution = connected
        grant = OutsideGrant.objects.get()
        access_tokens, refresh_tokens = set(), set()

        for _round in range(3):
            outlive(grant)
            token = phone.post(f"solutions/{solution.pk}/credentials/crm/token")
            access_tokens.add(token.json()["access_token"])
            grant.refresh_from_db()
            refresh_tokens.add(refresh_token_of(grant))

        assert len(access_tokens) == len(refresh_tokens) == 3
        assert all(real_provider.accepts(token) for token in access_tokens)

    def test_has_to_be_given_anew_when_the_provider_has_ended_it(
        self, connected: tuple[Phone, Solution]
    ) -> None:
        phone, solution = connected
        grant = OutsideGrant.objects.get()
        stolen = refresh_token_of(grant) or ""
        for _use in range(2):  # the second one tells the provider that it was stolen
            with suppress(ProviderRefused):
                refresh_tokens(grant.configuration, refresh_token=stolen)
        outlive(grant)

        refused = phone.post(f"solutions/{solution.pk}/credentials/crm/token")

        assert (refused.status_code, refused.json()["code"]) == (409, "oauth_refresh_failed")
        assert phone.connect(solution, "crm").status_code == 201
