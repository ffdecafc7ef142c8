"""Every way in which a provider's ID token breaks a rule is refused, each with its own code."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth_providers.models import OAuthConfiguration
from auth_providers.tests.hostile import (
    CLIENT_ID,
    FOREIGN,
    HONEST,
    KEYS,
    MISSING,
    Provider,
    key,
    public_of,
    sign,
)
from auth_providers.tests.verifying import (
    HEADER,
    LATER,
    LONG_AGO,
    NONCE,
    In,
    code_of,
    issue,
    verify,
)
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def configuration(provider: Provider) -> OAuthConfiguration:
    return provider.configure(OrganizationFactory.create())


class TestHonestToken:
    @pytest.mark.parametrize("name", [HONEST, "EC first", "OKP first"])
    def test_is_taken(
        self, provider: Provider, configuration: OAuthConfiguration, name: str
    ) -> None:
        provider.rotate_keys(name)

        claims = verify(configuration, issue(provider))

        assert (claims.issuer, claims.subject) == (provider.issuer, "mia")
        assert (claims.email, claims.is_email_verified) == ("mia@acme.example", True)
        assert (claims.first_name, claims.last_name) == ("Mia", "Field")
        assert claims.all["nonce"] == NONCE

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": [CLIENT_ID]},
            {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
            {"exp": In(-20)},
            {"iat": In(20)},
            {"iat": In(-300), "nbf": In(-300)},
            {"exp": In(300.5)},
            {"nbf": In(20)},
            {"sub": "s" * 255},
            {"at_hash": "of a token that did not come along"},
            {"typ": "ID", "token_use": "id"},
        ],
        ids=str,
    )
    def test_may_say_it_so(
        self, provider: Provider, configuration: OAuthConfiguration, changes: dict[str, Any]
    ) -> None:
        assert verify(configuration, issue(provider, **changes)).issuer

    @pytest.mark.parametrize(
        "changes",
        [
            {"typ": "application/JWT"},
            {"jku": "https://evil.example/keys"},
            {"x5u": "https://evil.example/certificate"},
            {"jwk": public_of(FOREIGN)[0]},
            {"x-unknown": 1},
            {"alg": "PS256"},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_may_have_headers_that_nobody_follows(
        self, provider: Provider, configuration: OAuthConfiguration, changes: dict[str, Any]
    ) -> None:
        token = provider.id_token(header=HEADER | changes, nonce=NONCE)

        assert verify(configuration, token).subject == "mia"

    def test_needs_no_key_id_where_there_is_one_key(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        token = provider.id_token(header={"alg": "RS256"}, nonce=NONCE)

        assert verify(configuration, token).subject == "mia"

    def test_needs_no_nonce_where_none_was_sent(self, provider: Provider) -> None:
        configuration = provider.configure(OrganizationFactory.create(), uses_nonce=False)

        assert verify(configuration, provider.id_token()).subject == "mia"


class TestClaims:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"iss": "https://evil.example"}, "id_token_iss"),
            ({"iss": MISSING}, "id_token_iss"),
            ({"iss": ["x"]}, "id_token_iss"),
            ({"aud": "other"}, "id_token_aud"),
            ({"aud": MISSING}, "id_token_aud"),
            ({"aud": []}, "id_token_aud"),
            ({"aud": {CLIENT_ID: 1}}, "id_token_aud"),
            ({"aud": [CLIENT_ID, 1]}, "id_token_aud"),
            ({"aud": [CLIENT_ID] * 51, "azp": CLIENT_ID}, "id_token_aud"),
            ({"aud": [CLIENT_ID, "other"]}, "id_token_azp_missing"),
            ({"aud": [CLIENT_ID, "other"], "azp": "other"}, "id_token_azp"),
            ({"azp": "other"}, "id_token_azp"),
            ({"nonce": "another"}, "id_token_nonce"),
            ({"nonce": ""}, "id_token_nonce"),
            ({"nonce": [NONCE]}, "id_token_nonce"),
            ({"nonce": MISSING}, "id_token_nonce_missing"),
            ({"exp": LONG_AGO}, "id_token_expired"),
            ({"exp": In(-120)}, "id_token_expired"),
            ({"exp": MISSING}, "id_token_exp_missing"),
            ({"exp": "2030"}, "id_token_claim_type"),
            ({"exp": True}, "id_token_claim_type"),
            ({"exp": 10**400}, "id_token_claim_type"),
            ({"nbf": LATER}, "id_token_nbf"),
            ({"nbf": "soon"}, "id_token_claim_type"),
            ({"iat": MISSING}, "id_token_iat_missing"),
            ({"iat": LATER}, "id_token_iat_future"),
            ({"iat": LONG_AGO}, "id_token_iat_old"),
            ({"iat": [1]}, "id_token_claim_type"),
            ({"sub": MISSING}, "id_token_sub_missing"),
            ({"sub": ""}, "id_token_sub"),
            ({"sub": 7}, "id_token_sub"),
            ({"sub": "s" * 256}, "id_token_sub"),
            ({"sub": "mïa"}, "id_token_sub"),
            ({"sub": "mia\n"}, "id_token_sub"),
            ({"token_use": "access"}, "id_token_token_use"),
            ({"typ": "Bearer"}, "id_token_token_use"),
            ({"events": {}}, "id_token_events"),
        ],
        ids=str,
    )
    def test_are_refused(
        self,
        provider: Provider,
        configuration: OAuthConfiguration,
        changes: dict[str, Any],
        code: str,
    ) -> None:
        token = issue(provider, **changes)

        assert code_of(configuration, token) == code

    def test_of_a_logout_token_are_refused(
        self, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        events: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}

        assert code_of(configuration, provider.id_token(events=events)) == "id_token_events"

    def test_have_to_tell_when_somebody_signed_in_where_that_was_asked(
        self, provider: Provider
    ) -> None:
        configuration = provider.configure(
            OrganizationFactory.create(), additional_parameters={"max_age": "600"}
        )

        assert verify(configuration, issue(provider, auth_time=In(-500))).subject == "mia"
        assert code_of(configuration, issue(provider)) == "id_token_auth_time_missing"
        assert code_of(configuration, issue(provider, auth_time=LONG_AGO)) == "id_token_auth_time"
        assert code_of(configuration, issue(provider, auth_time=LATER)) == "id_token_auth_time"

    @pytest.mark.parametrize("name", [HONEST, "OKP first"])
    def test_belong_to_the_access_token_beside_them(
        self, provider: Provider, configuration: OAuthConfiguration, name: str
    ) -> None:
        provider.rotate_keys(name)
        hashed = hashlib.sha256 if name == HONEST else hashlib.sha512
        digest = hashed(b"opaque").digest()
        half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
        token = provider.id_token(nonce=NONCE, at_hash=half)

        assert verify(configuration, token, access_token="opaque").subject == "mia"
        assert code_of(configuration, token, access_token="other") == "id_token_at_hash"


def _unsigned(provider: Provider) -> str:
    return provider.id_token(header={"alg": "none"}, nonce=NONCE)


def _by_the_public_key(provider: Provider) -> str:
    """Take the published key for a shared secret, as an unwary library does."""
    public = key(HONEST).public_key
    assert isinstance(public, RSAPublicKey)
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "kid": HONEST}
    return provider.id_token(header=header, by=pem, nonce=NONCE)


def _by_another_key(provider: Provider) -> str:
    return provider.id_token(by=key(FOREIGN), nonce=NONCE)


def _signed_by_its_own_header(provider: Provider) -> str:
    header = {"alg": "RS256", "kid": HONEST, "jwk": public_of(FOREIGN)[0]}
    return provider.id_token(header=header, by=key(FOREIGN), nonce=NONCE)


def _without_signature(provider: Provider) -> str:
    return issue(provider).rpartition(".")[0] + "."


def _with_other_claims(provider: Provider) -> str:
    header, _, signature = issue(provider).split(".")
    claims = issue(provider, sub="owner").split(".")[1]
    return f"{header}.{claims}.{signature}"


def _twice_a_subject(provider: Provider) -> str:
    claims = json.dumps(provider.claims(nonce=NONCE))[:-1] + ', "sub": "owner"}'
    return sign(HEADER, claims, key(HONEST))


def _twice_an_algorithm(provider: Provider) -> str:
    header = json.dumps(HEADER)[:-1] + ', "alg": "RS256"}'
    return provider.id_token(header=header, nonce=NONCE)


def _infinite(provider: Provider) -> str:
    claims = json.dumps(provider.claims(nonce=NONCE, exp=MISSING))[:-1] + ', "exp": 1e999}'
    return sign(HEADER, claims, key(HONEST))


MADE: dict[str, tuple[Callable[[Provider], str], str]] = {
    "without algorithm": (_unsigned, "id_token_alg_none"),
    "by the public key": (_by_the_public_key, "id_token_alg_refused"),
    "by another key": (_by_another_key, "id_token_signature"),
    "by a key in its header": (_signed_by_its_own_header, "id_token_signature"),
    "without signature": (_without_signature, "id_token_signature"),
    "with other claims": (_with_other_claims, "id_token_signature"),
    "with two subjects": (_twice_a_subject, "id_token_duplicate_member"),
    "with two algorithms": (_twice_an_algorithm, "id_token_duplicate_member"),
    "for ever": (_infinite, "id_token_claim_type"),
    "encrypted": (lambda _: "a.b.c.d.e", "id_token_encrypted"),
    "opaque": (lambda _: "opaque", "id_token_malformed"),
    "empty": (lambda _: "", "id_token_malformed"),
    "of empty parts": (lambda _: "..", "id_token_malformed"),
    "of other letters": (lambda _: "é.é.é", "id_token_malformed"),
    "padded": (lambda provider: issue(provider) + "=", "id_token_malformed"),
    "a list": (lambda _: sign(HEADER, "[1]", key(HONEST)), "id_token_malformed"),
    "deep": (lambda _: sign(HEADER, "[" * 20_000, key(HONEST)), "id_token_malformed"),
    "no number": (lambda _: sign(HEADER, '{"exp": NaN}', key(HONEST)), "id_token_malformed"),
    "oversized": (lambda provider: issue(provider, x="x" * 70_000), "id_token_too_large"),
}


class TestToken:
    @pytest.mark.parametrize("name", MADE)
    def test_is_refused(
        self, provider: Provider, configuration: OAuthConfiguration, name: str
    ) -> None:
        make, code = MADE[name]

        assert code_of(configuration, make(provider)) == code

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"alg": "NONE"}, "id_token_alg_none"),
            ({"alg": None}, "id_token_alg_refused"),
            ({"alg": "HS256"}, "id_token_alg_refused"),
            ({"alg": "ES256K"}, "id_token_alg_refused"),
            ({"alg": ["RS256"]}, "id_token_alg_refused"),
            ({"alg": "ES256"}, "id_token_key_unknown"),
            ({"kid": "nobody's"}, "id_token_key_unknown"),
            ({"kid": 7}, "id_token_malformed"),
            ({"typ": "at+jwt"}, "id_token_typ"),
            ({"typ": "logout+jwt"}, "id_token_typ"),
            ({"typ": 1}, "id_token_typ"),
            ({"cty": "JWT"}, "id_token_nested"),
            ({"crit": ["exp"]}, "id_token_crit"),
            ({"crit": ["b64"], "b64": False}, "id_token_crit"),
            ({"enc": "A256GCM"}, "id_token_encrypted"),
        ],
        ids=str,
    )
    def test_with_this_header_is_refused(
        self,
        provider: Provider,
        configuration: OAuthConfiguration,
        changes: dict[str, Any],
        code: str,
    ) -> None:
        header = HEADER | changes
        claims = provider.claims(nonce=NONCE)
        token = sign(header, claims, key(HONEST) if header["alg"] == "RS256" else None)

        assert code_of(configuration, token) == code

    def test_needs_an_issuer_to_be_held_against(self, provider: Provider) -> None:
        configuration = provider.configure(
            OrganizationFactory.create(), issuer="", jwks_uri=f"{provider.issuer}{KEYS}"
        )

        assert code_of(configuration, issue(provider)) == "issuer_unset"
