"""The tokens that tell an outside service who calls."""

import uuid
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pytest_django import Settings

from auth_providers.services.caller_tokens import mint_caller_token
from auth_providers.services.tokens import NotSignedIn, identify

ORIGIN = "https://api.example.com"
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ORGANIZATION, SOLUTION, PERSON = (str(uuid.uuid4()) for _ in range(3))


def mint(now: datetime = NOW) -> str:
    return mint_caller_token(
        user_id=PERSON,
        solution_id=SOLUTION,
        organization_id=ORGANIZATION,
        origin=ORIGIN,
        now=now,
    )


def published(client: Client) -> KeySetSerialization:
    keys: KeySetSerialization = client.get(reverse("published-keys")).json()
    return keys


class TestCallerToken:
    def test_tells_one_audience_for_five_minutes_who_calls(
        self, client: Client, settings: Settings
    ) -> None:
        token = jwt.decode(mint(), KeySet.import_key_set(published(client)), algorithms=["ES256"])

        assert uuid.UUID(token.claims.pop("jti")).version == 4
        assert token.claims == {
            "iss": settings.PUBLIC_URL,
            "sub": PERSON,
            "aud": [ORGANIZATION, ORIGIN],
            "organization_id": ORGANIZATION,
            "solution_id": SOLUTION,
            "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 300,
        }

    def test_is_another_each_time(self) -> None:
        assert mint() != mint()

    @pytest.mark.django_db
    def test_is_no_key_to_our_own_api(self, client: Client) -> None:
        token = mint(timezone.now())

        with pytest.raises(NotSignedIn):
            identify(token)
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


class TestPublishedKeys:
    def test_are_public_halves_that_may_be_kept_a_while(self, client: Client) -> None:
        answer = client.get(reverse("published-keys"))

        assert answer["Content-Type"] == "application/jwk-set+json"
        assert answer["Cache-Control"] == "public, max-age=300"
        (key,) = answer.json()["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "use", "alg", "kid"}

    def test_are_two_while_rotating(self, client: Client, settings: Settings) -> None:
        settings.TOKEN_KEYS = [b"o" * 32]
        old, before = mint(), published(client)["keys"]
        settings.TOKEN_KEYS = [b"n" * 32, b"o" * 32]

        both = published(client)

        assert both["keys"][1:] == before
        keys = KeySet.import_key_set(both)
        kids = [
            jwt.decode(token, keys, algorithms=["ES256"]).header["kid"] for token in (mint(), old)
        ]
        assert kids == [key["kid"] for key in both["keys"]]

    def test_of_another_installation_do_not_fit(self, client: Client, settings: Settings) -> None:
        token = mint()
        settings.TOKEN_KEYS = [b"x" * 32]

        with pytest.raises(JoseError):
            jwt.decode(token, KeySet.import_key_set(published(client)), algorithms=["ES256"])
