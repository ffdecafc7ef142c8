"""Where browsers are sent to sign in and out."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from auth_providers.oidc.authorization import challenge_of
from auth_providers.services.providers import (
    check_response_issuer,
    end_session_url_of,
)
from auth_providers.tests.hostile import (
    Provider,
    nonce_of,
    state_of,
)
from auth_providers.tests.verifying import REDIRECT, VERIFIER, begin, refusal_of
from orgs.models import Organization
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create(name="Acme")


def parameters_of(url: str) -> dict[str, str]:
    parameters = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(dict(parameters)) == len(parameters)
    return dict(parameters)


class TestAuthorizationUrl:
    def test_says_who_asks_for_what(self, provider: Provider, acme: Organization) -> None:
        configuration = provider.configure(acme)

        url = begin(configuration, email="mia@acme.example")

        assert (state_of(url), nonce_of(url)) == ("s", "n")
        assert parameters_of(url) == {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": REDIRECT,
            "scope": "openid email profile",
            "state": "s",
            "nonce": "n",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "login_hint": "mia@acme.example",
        }

    def test_leaves_out_what_the_provider_does_not_know(
        self, provider: Provider, acme: Organization
    ) -> None:
        configuration = provider.configure(acme, uses_pkce=False, uses_nonce=False)

        parameters = parameters_of(begin(configuration))

        assert not {"nonce", "code_challenge", "code_challenge_method"} & set(parameters)

    def test_is_not_bent_by_further_parameters(
        self, provider: Provider, acme: Organization
    ) -> None:
        further = {
            "redirect_uri": "https://evil.example",
            "response_mode": "form_post",
            "response_type": "token",
            "request_uri": "https://evil.example/request",
            "state": "x",
            "prompt": "select_account",
        }
        configuration = provider.configure(acme, additional_parameters=further)

        parameters = parameters_of(begin(configuration))

        assert parameters["prompt"] == "select_account"
        assert (parameters["redirect_uri"], parameters["state"]) == (REDIRECT, "s")
        assert parameters["response_type"] == "code"
        assert not {"response_mode", "request_uri"} & set(parameters)

    @pytest.mark.parametrize(
        ("kind", "listed", "scope", "prompt"),
        [
            ("OPENID", ["openid", "offline_access"], "openid offline_access", "login consent"),
            ("AUTH0", ["openid", "offline_access"], "openid offline_access", "login consent"),
            ("ENTRA", ["openid", "offline_access"], "openid offline_access", "login"),
            ("OPENID", ["openid"], "openid", "login"),
            ("OPENID", None, "openid offline_access", "login"),
        ],
    )
    def test_asks_for_a_refresh_token(
        self,
        provider: Provider,
        acme: Organization,
        kind: str,
        listed: list[str] | None,
        scope: str,
        prompt: str,
    ) -> None:
        provider.metadata = {"scopes_supported": listed}
        configuration = provider.configure(
            acme, type=kind, scopes="openid", additional_parameters={"prompt": "login"}
        )

        parameters = parameters_of(begin(configuration, offline=True))

        assert (parameters["scope"], parameters["prompt"]) == (scope, prompt)

    def test_needs_an_endpoint(self, provider: Provider, acme: Organization) -> None:
        configuration = provider.configure(acme, issuer="")

        assert refusal_of(lambda: begin(configuration)) == "endpoint_missing"


class TestResponseIssuer:
    def test_is_the_configurations_where_it_comes(
        self, provider: Provider, acme: Organization
    ) -> None:
        configuration = provider.configure(acme)

        check_response_issuer(configuration, provider.issuer)
        check_response_issuer(configuration, None)

        assert (
            refusal_of(lambda: check_response_issuer(configuration, "https://evil.example"))
            == "response_issuer_mismatch"
        )


class TestEndOfSession:
    def test_is_at_the_provider(self, provider: Provider, acme: Organization) -> None:
        url = end_session_url_of(
            provider.configure(acme), post_logout_redirect_uri="https://portal.example/"
        )

        assert url is not None
        assert url.startswith(f"{provider.issuer}/end-session?")
        assert parse_qs(urlsplit(url).query)["post_logout_redirect_uri"] == [
            "https://portal.example/"
        ]

    def test_is_nowhere_where_the_provider_has_none_or_is_away(
        self, provider: Provider, acme: Organization
    ) -> None:
        provider.metadata = {"end_session_endpoint": None}
        without = provider.configure(acme)
        away = provider.configure(acme, issuer="http://127.0.0.1:1")

        for configuration in (without, away):
            assert end_session_url_of(configuration, post_logout_redirect_uri=REDIRECT) is None
