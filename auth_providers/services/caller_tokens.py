"""Tokens that tell one outside service who calls: short, for one audience, no key to our API."""

import uuid
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from joserfc.jwk import ECKey

from auth_providers.oidc.signing import sign_token, signing_key_of

LIFETIME = timedelta(minutes=5)


def mint_caller_token(
    *, user_id: str, solution_id: str, organization_id: str, origin: str, now: datetime
) -> str:
    """Return a token about this person for one origin (`https://host[:port]`) alone.

    A service checks the signature, the issuer, and that the audience (RFC 7519 4.1.3) names both
    its own origin and the organization that it serves.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": settings.PUBLIC_URL,
        "sub": user_id,
        "aud": [organization_id, origin],
        "organization_id": organization_id,
        "solution_id": solution_id,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "jti": str(uuid.uuid4()),
    }
    return sign_token(claims, key=_keys(tuple(settings.TOKEN_KEYS))[0])


def published_keys() -> dict[str, Any]:
    """Return the public halves of the keys (RFC 7517 5): who rotates publishes both."""
    keys = _keys(tuple(settings.TOKEN_KEYS))
    return {"keys": [key.as_dict(private=False) for key in keys]}


@lru_cache(maxsize=1)
def _keys(secrets: tuple[bytes, ...]) -> list[ECKey]:
    return [signing_key_of(secret) for secret in secrets]
