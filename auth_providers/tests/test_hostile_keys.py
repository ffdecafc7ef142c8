"""Every way in which a provider's key set breaks a rule, and how often it is asked for."""

import json
from typing import Any

import pytest
from joserfc.jwk import KeyParameters, RSAKey

from auth_providers.models import OAuthConfiguration
from auth_providers.tests.hostile import FOREIGN, HONEST, KEYS, Answer, Provider, public_of
from auth_providers.tests.verifying import HEADER, NONCE, code_of, issue, verify
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def configuration(provider: Provider) -> OAuthConfiguration:
    return provider.configure(OrganizationFactory.create())


class TestKeys:
    def test_that_are_new_are_fetched_once(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        verify(configuration, issue(provider))
        provider.rotate_keys()

        for _time in range(3):
            assert verify(configuration, issue(provider)).subject == "mia"

        assert provider.requests[KEYS] == 2

    def test_that_nobody_knows_do_not_flood_the_provider(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        for number in range(20):
            header = HEADER | {"kid": f"unknown {number}"}
            token = provider.id_token(header=header, nonce=NONCE)
            assert code_of(configuration, token) == "id_token_key_unknown"

        assert provider.requests[KEYS] == 2

    def test_stay_while_the_provider_is_away(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        verify(configuration, issue(provider))
        provider.answers[KEYS] = Answer(status=503)
        unknown = provider.id_token(header=HEADER | {"kid": "unknown"}, nonce=NONCE)

        assert code_of(configuration, unknown) == "provider_unavailable"
        assert verify(configuration, issue(provider)).subject == "mia"

    def test_of_one_id_are_ambiguous_without_it(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        provider.keys = public_of(HONEST, FOREIGN)

        token = provider.id_token(header={"alg": "RS256"}, nonce=NONCE)

        assert code_of(configuration, token) == "id_token_key_ambiguous"

    def test_that_are_weak_are_refused(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        parameters: KeyParameters = {"kid": HONEST}
        with pytest.warns(match="2048"):
            weak = RSAKey.generate_key(1024, parameters)
        provider.keys = [dict(weak.as_dict(private=False))]

        token = provider.id_token(by=weak, nonce=NONCE)

        assert code_of(configuration, token) == "id_token_key_weak"

    def test_that_are_shared_secrets_sign_nothing(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        provider.keys = [{"kty": "oct", "k": "c2VjcmV0", "kid": HONEST}]
        token = provider.id_token(header=HEADER | {"alg": "HS256"}, by=b"secret", nonce=NONCE)

        assert code_of(configuration, token) == "id_token_alg_refused"
        assert code_of(configuration, issue(provider)) == "keys_unusable"

    @pytest.mark.parametrize(
        "members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RSA-OAEP"}, {"kty": "oct"}]
    )
    def test_for_another_use_are_left_out(
        self, provider: Provider, configuration: OAuthConfiguration, members: dict[str, Any]
    ) -> None:
        provider.keys = [public_of(HONEST)[0] | members, *public_of(FOREIGN)]

        token = issue(provider)

        assert code_of(configuration, token) == "id_token_key_unknown"

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer(body="<html>"), "keys_not_json"),
            (Answer(body="[]"), "keys_not_json"),
            (Answer(body='{"keys": {}}'), "keys_malformed"),
            (Answer(body='{"keys": []}'), "keys_unusable"),
            (Answer(body='{"keys": [1, null, {"kty": 7}]}'), "keys_unusable"),
            (Answer(body=json.dumps({"keys": [{}] * 101})), "keys_too_many"),
            (Answer(body=" " * 300_000), "provider_answer_too_large"),
            (Answer(status=404), "keys_unavailable"),
            (Answer(status=302, headers={"Location": "/elsewhere"}), "keys_redirects"),
            (
                Answer(body='{"keys": [{"kty":"RSA","kid":"RSA first","n":"*","e":"AQAB"}]}'),
                "id_token_key_malformed",
            ),
            (
                Answer(
                    body='{"keys": [{"kty":"RSA","kid":"RSA first","n":"%s","e":"AQAB"}]}'
                    % ("_" * 2000)
                ),
                "id_token_key_too_large",
            ),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_that_cannot_be_read_are_refused(
        self, provider: Provider, configuration: OAuthConfiguration, answer: Answer, code: str
    ) -> None:
        provider.answers[KEYS] = answer

        assert code_of(configuration, issue(provider)) == code
        assert provider.requests["/elsewhere"] == 0
