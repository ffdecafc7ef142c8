"""How the tests go to a provider, and hold what it says against a configuration."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from auth_providers.models import OAuthConfiguration
from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.providers import (
    Claims,
    ProviderRefused,
    ProviderTokens,
    authorization_url_of,
    redeem_code,
    verify_identity,
)
from auth_providers.services.sign_in_digests import digest_of
from auth_providers.tests.hostile import HONEST, Provider

REDIRECT = "http://127.0.0.1/callback"
VERIFIER = new_verifier()
NONCE = "n-0S6_WzA2Mj"
HEADER = {"alg": "RS256", "typ": "JWT", "kid": HONEST}


@dataclass(frozen=True)
class In:
    """A moment so many seconds from when the test runs."""

    seconds: float


LATER, LONG_AGO = In(3600), In(-3600)


def issue(provider: Provider, **changes: Any) -> str:
    """Return an ID token for the sign-in, whose claims are honest but for these."""
    now = int(time.time())
    moments: dict[str, Any] = {
        name: now + value.seconds if isinstance(value, In) else value
        for name, value in changes.items()
    }
    claims: dict[str, Any] = {"nonce": NONCE} | moments
    return provider.id_token(**claims)


def verify(configuration: OAuthConfiguration, token: str, **more: Any) -> Claims:
    digest = digest_of("nonce", NONCE)
    return verify_identity(configuration, token, nonce_digest=digest, now=timezone.now(), **more)


def code_of(configuration: OAuthConfiguration, token: str, **more: Any) -> str:
    """Return the code with which the token is refused."""
    with pytest.raises(ProviderRefused) as refusal:
        verify(configuration, token, **more)
    assert not token or token not in str(refusal.value)
    return refusal.value.code


def begin(configuration: OAuthConfiguration, **changes: Any) -> str:
    asked: dict[str, Any] = {
        "redirect_uri": REDIRECT,
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge_of(VERIFIER),
    }
    return authorization_url_of(configuration, **asked | changes)


def redeem(configuration: OAuthConfiguration, code: str) -> ProviderTokens:
    return redeem_code(configuration, code=code, code_verifier=VERIFIER, redirect_uri=REDIRECT)


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(ProviderRefused) as refusal:
        act()
    return refusal.value.code
