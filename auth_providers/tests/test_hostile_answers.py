"""What a provider's token endpoint may not say, and what it is told."""

from typing import Any

import pytest

from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.providers import (
    refresh_tokens,
)
from auth_providers.tests.hostile import (
    TOKEN,
    Answer,
    Provider,
    basic_pair,
)
from auth_providers.tests.verifying import REDIRECT, VERIFIER, redeem, refusal_of
from orgs.models import Organization
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db

SECRET = "a secret: %+ä"


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create(name="Acme")


class TestTokenEndpoint:
    @pytest.mark.parametrize(
        ("method", "secret"),
        [("none", ""), ("client_secret_basic", SECRET), ("client_secret_post", SECRET)],
    )
    def test_is_told_who_asks_in_one_way(
        self, provider: Provider, acme: Organization, method: str, secret: str
    ) -> None:
        configuration = provider.configure(
            acme, client_id="a:b c", client_authentication=method, client_secret=secret
        )
        code = provider.code_for({}, code_challenge=challenge_of(VERIFIER))

        tokens = redeem(configuration, code)

        assert tokens.access_token
        assert tokens.expires_in == 300
        assert tokens.access_token not in repr(tokens)
        [form], [authorization] = provider.forms, provider.authorizations
        assert (form["code"], form["redirect_uri"], form["code_verifier"]) == (
            code,
            REDIRECT,
            VERIFIER,
        )
        if method == "client_secret_basic":
            assert basic_pair(authorization) == ("a:b c", SECRET)
            assert not {"client_id", "client_secret"} & set(form)
        else:
            assert not authorization
            assert form["client_id"] == "a:b c"
            assert form.get("client_secret", "") == secret

    def test_is_not_asked_without_the_secret(self, provider: Provider, acme: Organization) -> None:
        configuration = provider.configure(acme, client_authentication="client_secret_post")

        assert refusal_of(lambda: redeem(configuration, "code")) == "client_secret_missing"
        assert provider.requests[TOKEN] == 0

    def test_takes_a_code_once_from_who_holds_the_verifier(
        self, provider: Provider, acme: Organization
    ) -> None:
        configuration = provider.configure(acme)
        code = provider.code_for({}, code_challenge=challenge_of(VERIFIER))
        stolen = provider.code_for({}, code_challenge=challenge_of(new_verifier()))

        redeem(configuration, code)

        assert refusal_of(lambda: redeem(configuration, code)) == "invalid_grant"
        assert refusal_of(lambda: redeem(configuration, stolen)) == "invalid_grant"

    def test_hears_no_verifier_where_the_provider_knows_none(
        self, provider: Provider, acme: Organization
    ) -> None:
        redeem(provider.configure(acme, uses_pkce=False), provider.code_for({}))

        assert "code_verifier" not in provider.forms[0]

    def test_renews_until_the_consent_is_over(self, provider: Provider, acme: Organization) -> None:
        configuration = provider.configure(acme)
        first = redeem(configuration, provider.code_for({})).refresh_token or ""

        second = refresh_tokens(configuration, refresh_token=first).refresh_token or ""

        assert second != first
        assert refusal_of(lambda: refresh_tokens(configuration, refresh_token=first)) == (
            "invalid_grant"
        )
        provider.has_ended_consents = True
        assert refusal_of(lambda: refresh_tokens(configuration, refresh_token=second)) == (
            "invalid_grant"
        )

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"token_type": "mac"}, "token_type_refused"),
            ({"token_type": None}, "token_type_refused"),
            ({"access_token": None}, "access_token_missing"),
            ({"access_token": ""}, "token_answer_malformed"),
            ({"access_token": {"a": 1}}, "token_answer_malformed"),
            ({"access_token": "a\r\nX: b"}, "token_answer_malformed"),
            ({"access_token": "x" * 70_000}, "token_answer_malformed"),
            ({"refresh_token": 1}, "token_answer_malformed"),
            ({"id_token": ["a.b.c"]}, "token_answer_malformed"),
            ({"expires_in": -1}, "token_answer_malformed"),
            ({"expires_in": "soon"}, "token_answer_malformed"),
            ({"expires_in": True}, "token_answer_malformed"),
            ({"scope": ["openid"]}, "token_answer_malformed"),
            ({"error": "invalid_scope"}, "invalid_scope"),
        ],
        ids=lambda value: str(value)[:50],
    )
    def test_may_not_say(
        self, provider: Provider, acme: Organization, changes: dict[str, Any], code: str
    ) -> None:
        provider.token_answer = changes
        configuration = provider.configure(acme)

        assert refusal_of(lambda: redeem(configuration, provider.code_for({}))) == code

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer(body="<html>", content_type="text/html"), "token_answer_not_json"),
            (Answer(body="{}", content_type="text/plain"), "token_answer_not_json"),
            (Answer(body="access_token=a&token_type=bearer"), "token_answer_not_json"),
            (Answer(body='{"error": "x", "error": "y"}'), "token_answer_not_json"),
            (Answer(status=302, headers={"Location": "/elsewhere"}), "token_endpoint_redirects"),
            (Answer(status=307, headers={"Location": "/elsewhere"}), "token_endpoint_redirects"),
            (Answer(status=400, body='{"error": "invalid_client"}'), "invalid_client"),
            (Answer(status=401, body='{"error": "<script>"}'), "token_endpoint_refused"),
            (Answer(status=400, body='{"error": ["invalid_grant"]}'), "token_endpoint_refused"),
            (Answer(status=403, body="no"), "token_endpoint_refused"),
            (Answer(status=500, body='{"error": "invalid_grant"}'), "provider_unavailable"),
            (Answer(status=503), "provider_unavailable"),
            (Answer(status=429), "provider_unavailable"),
            (Answer(body=" " * 300_000), "provider_answer_too_large"),
        ],
        ids=[
            *("html", "text", "form", "twice", "found", "again", "client", "script", "list"),
            *("bare", "grant and broken", "away", "busy", "huge"),
        ],
    )
    def test_answers_what_cannot_be_used(
        self, provider: Provider, acme: Organization, answer: Answer, code: str
    ) -> None:
        provider.answers[TOKEN] = answer
        configuration = provider.configure(acme)

        assert refusal_of(lambda: redeem(configuration, "code")) == code
        assert provider.requests["/elsewhere"] == 0

    @pytest.mark.parametrize(("said", "kept"), [("300", 300), (1e9, 316_224_000), (None, None)])
    def test_may_write_a_lifetime_in_many_ways(
        self, provider: Provider, acme: Organization, said: object, kept: int | None
    ) -> None:
        provider.token_answer = {"expires_in": said}

        tokens = redeem(provider.configure(acme), provider.code_for({}))

        assert tokens.expires_in == kept
