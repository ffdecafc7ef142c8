"""OAuth's endpoints: code with PKCE, revocation, introspection, metadata."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import App, Device
from auth_providers.services.issuing import IssuedTokens
from auth_providers.services.tokens import identify
from auth_providers.tests.factories import AppFactory, signed_in
from auth_providers.tests.flows import (
    VERIFIER,
    ask,
    assert_invalid_grant,
    consent,
    exchange,
    is_good,
    refresh,
)
from orgs.models import AuditEvent, User
from orgs.tests.factories import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def browser(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def app() -> App:
    return AppFactory.create()


class TestAuthorize:
    def test_asks_the_person_to_sign_in_first(self, client: Client, app: App) -> None:
        assert ask(client, app)["Location"].startswith(reverse("account_login"))

    def test_lets_no_app_in_by_a_session_that_nobody_used(self, client: Client, app: App) -> None:
        client.force_login(MembershipFactory.create(organization__idle_minutes=10).user)
        form = {field.name: field.value() or "" for field in ask(client, app).context["form"]}

        with time_machine.travel(timezone.now() + timedelta(minutes=12), tick=False):
            answer = client.post(reverse("oauth-authorize"), form | {"allow": "allow"})

        assert answer["Location"].startswith(reverse("account_login"))

    def test_lets_the_form_lead_to_the_app(self, browser: Client, app: App) -> None:
        page = ask(browser, app)

        assert page.status_code == 200
        assert "form-action 'self' http://127.0.0.1:7777;" in page["Content-Security-Policy"]

    def test_asks_again_although_the_app_was_allowed_before(
        self, browser: Client, user: User, app: App
    ) -> None:
        signed_in(user, app=app)

        assert ask(browser, app, approval_prompt="auto").status_code == 200

    def test_refuses_without_pkce(self, browser: Client, app: App) -> None:
        answer = ask(browser, app, code_challenge="", code_challenge_method="")

        assert "error=invalid_request" in answer["Location"]

    def test_refuses_the_plain_method(self, browser: Client, app: App) -> None:
        page = ask(browser, app, code_challenge=VERIFIER, code_challenge_method="plain")
        form = {field.name: field.value() or "" for field in page.context["form"]}
        answer = browser.post(reverse("oauth-authorize"), form | {"allow": "allow"})

        assert "error=invalid_request" in answer["Location"]

    @pytest.mark.parametrize("challenge", ["short", "x" * 300, "ä" * 43, "x" * 42 + "="])
    def test_refuses_what_is_no_challenge(self, browser: Client, app: App, challenge: str) -> None:
        page = ask(browser, app, code_challenge=challenge)
        form = {field.name: field.value() or "" for field in page.context["form"]}
        answer = browser.post(reverse("oauth-authorize"), form | {"allow": "allow"})

        assert "error=invalid_request" in answer["Location"]

    def test_does_not_lead_to_a_foreign_address(self, browser: Client, app: App) -> None:
        answer = ask(browser, app, redirect_uri="https://evil.example/callback")

        assert answer.status_code == 400
        assert "Location" not in answer

    @pytest.mark.parametrize(
        "url",
        [
            "https://app.acme.example/callback/",
            "https://app.acme.example/callback?x=1",
            "https://app.acme.example/Callback",
            "https://app.acme.example:8443/callback",
            "https://app.acme.example.evil.example/callback",
            "https://eve@app.acme.example/callback",
            "http://app.acme.example/callback",
        ],
    )
    def test_leads_to_the_very_url_alone(self, browser: Client, url: str) -> None:
        app = AppFactory.create(redirect_uris="https://app.acme.example/callback")

        assert (
            ask(browser, app, redirect_uri="https://app.acme.example/callback").status_code == 200
        )
        assert ask(browser, app, redirect_uri=url).status_code == 400

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "token"}, "unauthorized_client"),
            ({"response_type": "id_token"}, "unsupported_response_type"),
            ({"response_type": "code id_token"}, "unauthorized_client"),
            ({"scope": "app people:write"}, "invalid_scope"),
            ({"scope": "openid"}, "invalid_scope"),
        ],
    )
    def test_gives_a_code_for_the_app_s_scope_alone(
        self, browser: Client, app: App, changes: dict[str, str], error: str
    ) -> None:
        assert f"error={error}" in ask(browser, app, **changes)["Location"]

    def test_answers_in_the_query_alone(self, browser: Client, app: App) -> None:
        form = {field.name: field.value() or "" for field in ask(browser, app).context["form"]}
        address = reverse("oauth-authorize")
        allowed = form | {"allow": "allow"}

        for answer in (
            ask(browser, app, response_mode="fragment"),
            browser.post(f"{address}?response_mode=fragment", allowed),
            browser.post(address, allowed | {"response_mode": "fragment"}),
        ):
            assert answer.status_code == 400
            assert "Location" not in answer
        assert browser.post(f"{address}?response_mode=query", allowed).status_code == 302

    def test_says_for_how_long(self, browser: Client, app: App) -> None:
        assert "For 180 days at most." in ask(browser, app).content.decode()

    def test_tells_the_app_when_the_person_declines(self, browser: Client, app: App) -> None:
        form = {field.name: field.value() or "" for field in ask(browser, app).context["form"]}

        answer = browser.post(reverse("oauth-authorize"), form)

        assert "error=access_denied" in answer["Location"]

    def test_leads_to_an_app_by_its_own_scheme(self, browser: Client) -> None:
        app = AppFactory.create(redirect_uris="com.example.field:/callback")

        page = ask(browser, app, redirect_uri="com.example.field:/callback")

        assert "form-action 'self' com.example.field:;" in page["Content-Security-Policy"]


class TestExchange:
    def test_opens_a_device(self, browser: Client, user: User, app: App) -> None:
        answer = exchange(browser, app, consent(browser, app))

        tokens = answer.json()
        device = Device.objects.get(pk=tokens["device_id"])
        assert (device.user, device.name, device.platform) == (user, "Mia's phone", "ios")
        assert identify(tokens["access_token"]).device == device
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
        assert answer["Cache-Control"] == "no-store"

    def test_takes_a_code_once(self, browser: Client, app: App) -> None:
        code = consent(browser, app)
        exchange(browser, app, code)

        assert_invalid_grant(exchange(browser, app, code))

    def test_ends_the_device_of_a_code_that_comes_again(self, browser: Client, app: App) -> None:
        code = consent(browser, app)
        tokens = exchange(browser, app, code).json()
        others = exchange(browser, app, consent(browser, app)).json()

        exchange(browser, app, code)

        assert not is_good(tokens["access_token"])
        assert is_good(others["access_token"])
        event = AuditEvent.objects.get(act="device.revoke")
        assert event.changes == {"reason": [None, "authorization_code_reused"]}

    def test_takes_a_code_for_a_minute(self, browser: Client, app: App) -> None:
        code = consent(browser, app)

        with time_machine.travel(timezone.now() + timedelta(seconds=61)):
            assert_invalid_grant(exchange(browser, app, code))

    def test_refuses_another_verifier(self, browser: Client, app: App) -> None:
        code = consent(browser, app)

        assert_invalid_grant(exchange(browser, app, code, code_verifier=VERIFIER + "x"))

    def test_refuses_another_apps_code(self, browser: Client, app: App) -> None:
        code = consent(browser, app)

        assert_invalid_grant(exchange(browser, AppFactory.create(is_first_party=False), code))

    def test_refuses_a_disabled_person(self, browser: Client, user: User, app: App) -> None:
        code = consent(browser, app)
        user.is_active = False
        user.save()

        assert_invalid_grant(exchange(browser, app, code))

    def test_refuses_who_is_not_in_the_apps_organization(self, browser: Client) -> None:
        app = AppFactory.create(organization=OrganizationFactory.create())

        assert_invalid_grant(exchange(browser, app, consent(browser, app)))

    @pytest.mark.parametrize(
        "grant_type",
        ["password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"],
    )
    def test_knows_no_other_grant(self, client: Client, app: App, grant_type: str) -> None:
        answer = exchange(client, app, "x", grant_type=grant_type)

        assert answer.status_code == 400
        assert answer.json()["error"] == "unsupported_grant_type"

    def test_narrows_no_token(self, browser: Client, app: App) -> None:
        answer = exchange(browser, app, consent(browser, app), resource="https://example.com")

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")

    def test_refuses_an_unknown_app(self, client: Client, app: App) -> None:
        answer = exchange(client, app, "x", client_id="nobody")

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"

    def test_survives_a_nul_character(self, client: Client, app: App) -> None:
        assert exchange(client, app, "\x00").json()["error"] == "invalid_request"


class TestRevokeToken:
    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    def test_ends_the_device(self, client: Client, kind: str) -> None:
        issued = signed_in()
        given = {"token": getattr(issued, kind), "client_id": issued.device.app.client_id}

        answer = client.post(reverse("oauth-revoke-token"), given)

        assert answer.status_code == 200
        assert not is_good(issued.access_token)
        assert_invalid_grant(refresh(client, issued, issued.refresh_token))
        issued.device.refresh_from_db()
        assert issued.device.revoked_at

    def test_leaves_another_apps_token_alone(self, client: Client) -> None:
        issued, another = signed_in(), AppFactory.create(is_first_party=False)
        given = {"token": issued.access_token, "client_id": another.client_id}

        answer = client.post(reverse("oauth-revoke-token"), given)

        assert answer.status_code == 200
        assert is_good(issued.access_token)


class TestIntrospect:
    def test_tells_a_device_of_its_own_token(self, client: Client) -> None:
        issued = signed_in()

        answer = self.introspect(client, issued.access_token, asking=issued)

        assert answer["active"] is True
        assert answer["client_id"] == issued.device.app.client_id
        assert answer["sub"] == str(issued.device.user.pk)

    def test_says_no_more_than_inactive_of_a_strangers(self, client: Client) -> None:
        issued = signed_in()
        another_app = AppFactory.create(is_first_party=False)

        for stranger in (signed_in(), signed_in(issued.device.user, app=another_app)):
            told = self.introspect(client, issued.access_token, asking=stranger)
            assert told == {"active": False}

    def test_refuses_who_is_not_signed_in(self, client: Client) -> None:
        answer = client.post(reverse("oauth-introspect"), {"token": signed_in().access_token})

        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")

    @staticmethod
    def introspect(client: Client, token: str, *, asking: IssuedTokens) -> Any:
        headers = {"Authorization": f"Bearer {asking.access_token}"}
        return client.post(reverse("oauth-introspect"), {"token": token}, headers=headers).json()


class TestMetadata:
    def test_names_endpoints_that_exist(self, client: Client) -> None:
        metadata = client.get("/.well-known/oauth-authorization-server").json()

        assert metadata["issuer"] == "http://127.0.0.1:8000"
        assert metadata["token_endpoint"] == metadata["issuer"] + reverse("oauth-token")
        assert metadata["code_challenge_methods_supported"] == ["S256"]

    def test_shows_none_of_the_librarys_own_pages(self, client: Client) -> None:
        for path in ("/oauth/applications/", "/oauth/authorized_tokens/", "/oauth/device/"):
            assert client.get(path).status_code == 404
