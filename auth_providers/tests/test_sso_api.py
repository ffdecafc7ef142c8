"""The doors to a provider: which one, the way there, and signing out."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from auth_providers.models import App, OAuthConfiguration, SignInTransaction
from auth_providers.services.outside_sign_in import discover_ways
from auth_providers.services.sign_in import CacheAway
from auth_providers.tests.factories import AppFactory, let_in_by
from auth_providers.tests.flows import is_good, problem_code
from auth_providers.tests.hostile import Provider, state_of
from auth_providers.tests.provider_flows import (
    CALLBACK,
    MIA,
    begin,
    begun,
    code_of,
    complete,
    configured,
    discover,
    reasons,
)
from orgs.models import Organization, Picture, User
from orgs.tests.factories import (
    DomainFactory,
    MembershipFactory,
    OrganizationFactory,
)

pytestmark = pytest.mark.django_db

REFUSED = (403, "sso_refused")
SECRET = "the client's own secret"


@pytest.fixture
def acme(db: None) -> Organization:
    organization: Organization = OrganizationFactory.create(name="Acme")
    DomainFactory.create(organization=organization, proved=True)
    return organization


@pytest.fixture
def mia(acme: Organization) -> User:
    """A member, whose account the organization speaks for."""
    return MembershipFactory.create(organization=acme, user__email=MIA).user


@pytest.fixture
def app(db: None) -> App:
    return AppFactory.create()


@pytest.fixture
def way(provider: Provider, acme: Organization) -> OAuthConfiguration:
    """A public client, so that either form may come back."""
    return configured(provider, acme)


@pytest.fixture
def confidential(provider: Provider, acme: Organization) -> OAuthConfiguration:
    method = OAuthConfiguration.ClientAuthentication.BASIC
    return configured(provider, acme, client_secret=SECRET, client_authentication=method)


class TestDiscover:
    def test_says_what_the_contract_does(self, app: App, way: OAuthConfiguration) -> None:
        way.image = Picture.objects.create(content=b"PNG", is_public=True)
        way.save(update_fields=["image"])

        answer = discover(app)

        assert answer.json() == {
            "options": [
                {
                    "configuration_id": str(way.pk),
                    "title": way.name,
                    "type": "OPENID",
                    "image_url": f"http://127.0.0.1:8000/pictures/{way.image_id}",
                    "organization": {"id": str(way.organization_id), "name": "Acme"},
                }
            ],
            "password": True,
        }
        assert answer["Cache-Control"] == "no-store"

    def test_says_the_same_of_everybody(self, app: App, way: OAuthConfiguration, mia: User) -> None:
        MembershipFactory.create(
            organization=way.organization, user__email="off@acme.example", is_active=False
        )

        answers = [
            discover(app, email=email).json()
            for email in (MIA, "off@acme.example", "nobody@acme.example")
        ]

        assert answers[0] == answers[1] == answers[2]

    def test_closes_the_password_by_the_domain(self, app: App, way: OAuthConfiguration) -> None:
        let_in_by(way, is_required=True)

        assert discover(app, email="nobody@acme.example").json()["password"] is False
        assert discover(app, email="nobody@else.example").json() == {
            "options": [],
            "password": True,
        }

    def test_shows_no_picture_that_is_not_for_all(self, app: App, way: OAuthConfiguration) -> None:
        way.image = Picture.objects.create(content=b"PNG", is_public=False)
        way.save(update_fields=["image"])

        assert discover(app).json()["options"][0]["image_url"] is None

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"client_id": "another"}, "client_unknown"),
            ({"redirect_uri": "https://eve.example/"}, "redirect_url_invalid"),
            ({"email": "mia"}, "invalid"),
        ],
    )
    def test_refuses_what_no_app_would_ask(
        self, app: App, changes: dict[str, str], code: str
    ) -> None:
        answer = discover(app, **changes)

        assert problem_code(answer) == (422, code)
        (field,) = changes
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"

    def test_is_counted_by_address(self, app: App) -> None:
        for _ in range(30):
            assert discover(app).status_code == 200

        answer = discover(app, email=MIA.upper())

        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0

    def test_is_not_answered_while_nobody_counts(
        self, app: App, no_cache: None, rf: RequestFactory
    ) -> None:
        request: HttpRequest = rf.post("/")

        with pytest.raises(CacheAway):
            discover_ways(request, client_id=app.client_id, email=MIA, redirect_uri=CALLBACK)

    @pytest.mark.parametrize(
        "path",
        ["/api/v1/sso/discover", "/api/v1/sso/transactions"],
    )
    def test_takes_no_plain_http(self, path: str) -> None:
        answer = Client(REMOTE_ADDR="192.0.2.7").post(path, {}, content_type="application/json")

        assert problem_code(answer) == (403, "tls_required")


class TestBegin:
    def test_sends_the_browser_to_the_provider(
        self, app: App, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)

        assert transaction["authorization_url"].startswith(f"{provider.issuer}/authorize?")
        assert state_of(transaction["authorization_url"]) == transaction["state"]
        assert transaction["expires_in"] == 600
        assert transaction["configuration"] == {
            "configuration_id": str(way.pk),
            "title": way.name,
            "type": "OPENID",
            "image_url": None,
            "organization": {"id": str(way.organization_id), "name": "Acme"},
            "login_hint": "",
            "client_id": "portal",
            "issuer": provider.issuer,
            "token_endpoint": "",
            "scopes": "openid email profile",
            "is_public": True,
        }

    def test_tells_no_secret(self, app: App, confidential: OAuthConfiguration) -> None:
        answer = begin(app, confidential)

        assert SECRET not in answer.content.decode()
        assert answer.json()["configuration"]["is_public"] is False
        assert answer["Cache-Control"] == "no-store"

    def test_is_routed_as_the_discovery_is(
        self, app: App, way: OAuthConfiguration, provider: Provider
    ) -> None:
        stranger = provider.configure(OrganizationFactory.create())
        let_in_by(stranger, "acme.example")

        answers = [
            begin(app, way, email="mia@else.example"),
            begin(app, stranger),
            begin(app, way, configuration_id="0190a1b2-0000-7000-8000-000000000000"),
        ]

        assert {problem_code(answer) for answer in answers} == {(404, "configuration_unknown")}
        assert len({answer.json()["detail"] for answer in answers}) == 1
        assert not provider.requests

    def test_needs_no_address(self, app: App, way: OAuthConfiguration) -> None:
        assert begun(app, way, email="")["transaction_id"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"code_challenge": "too short"}, "code_challenge"),
            ({"code_challenge_method": "plain"}, "code_challenge_method"),
            ({"redirect_uri": "https://eve.example/"}, "redirect_uri"),
            ({"client_id": "another"}, "client_id"),
        ],
    )
    def test_refuses_what_no_app_would_ask(
        self, app: App, way: OAuthConfiguration, changes: dict[str, str], field: str
    ) -> None:
        answer = begin(app, way, **changes)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"
        assert not SignInTransaction.objects.exists()

    def test_refuses_while_the_provider_can_not_be_used(
        self, app: App, way: OAuthConfiguration, provider: Provider
    ) -> None:
        provider.metadata = {"issuer": "https://another.example"}

        assert problem_code(begin(app, way)) == REFUSED
        assert reasons() == ["metadata_issuer_mismatch"]
        assert not SignInTransaction.objects.exists()


class TestComplete:
    def test_lets_somebody_new_go_on_with_an_app_of_the_organization(
        self, way: OAuthConfiguration, provider: Provider
    ) -> None:
        app = AppFactory.create(
            organization=way.organization, is_first_party=False, redirect_uris=CALLBACK
        )
        owner = MembershipFactory.create(owner=True, organization=way.organization)
        let_in_by(way, creates_members=True, creates_as=owner.user)
        transaction = begun(app, way)

        tokens = complete(transaction, code=code_of(provider, transaction)).json()

        assert is_good(tokens["access_token"])


class TestSignOut:
    def sign_out(self, app: App, way: OAuthConfiguration, provider: Provider) -> Any:
        transaction = begun(app, way)
        tokens = complete(transaction, code=code_of(provider, transaction)).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = Client().post(reverse("api-sign-out"), headers=headers)
        assert answer.status_code == 204
        assert not is_good(tokens["access_token"])
        return answer

    def test_offers_the_providers_own(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        answer = self.sign_out(app, way, provider)

        url = f"{provider.issuer}/end-session?client_id=portal"
        assert answer["Link"] == f'<{url}>; rel="urn:jigxmgmt:end-session"'

    def test_does_without_where_there_is_none(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        provider.metadata = {"end_session_endpoint": ""}

        assert "Link" not in self.sign_out(app, way, provider)
