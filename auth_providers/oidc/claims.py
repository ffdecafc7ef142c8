"""What the claims of an ID token have to say (OpenID Connect Core 1.0 2, 3.1.3.7, 3.1.3.8)."""

import base64
import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auth_providers.oidc.documents import ProviderFault

LEEWAY = 60.0  # seconds that two clocks may differ
OLDEST = 600.0  # seconds since `iat`; Microsoft Entra sets it five minutes back
LONGEST_SUBJECT = 255  # Core 2
MOST_AUDIENCES = 50

Claims = Mapping[str, Any]


class ClaimRefused(ProviderFault):
    """A claim is missing, of another type, or says that the token is not for us, now."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What we asked for. `is_nonce` is None where no nonce was sent, `max_age` where none was.

    An access token that came with the ID token is compared with its digest, if it has one.
    """

    issuer: str
    client_id: str
    is_nonce: Callable[[str], bool] | None = None
    max_age: int | None = None
    access_token: str | None = field(default=None, repr=False)


def check_claims(claims: Claims, *, expected: Expected, algorithm: str, now: datetime) -> None:
    """Raise ClaimRefused unless the claims are of an ID token for us, now."""
    moment = now.timestamp()
    _check_kind(claims)
    _check_parties(claims, expected)
    _check_times(claims, moment)
    _check_subject(claims)
    _check_nonce(claims, expected)
    _check_sign_in(claims, expected, moment)
    _check_access_token(claims, expected, algorithm)


def _check_kind(claims: Claims) -> None:
    """Refuse what is signed with the same keys for another purpose."""
    # Back-Channel Logout 1.0 2.4 and RFC 8417: an ID token has no such member.
    if "events" in claims:
        raise ClaimRefused("id_token_events")
    # Amazon Cognito's mark, and Keycloak's, which both stand in the claims.
    if claims.get("token_use", "id") != "id" or claims.get("typ", "ID") not in ("ID", "JWT"):
        raise ClaimRefused("id_token_token_use")


def _check_parties(claims: Claims, expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise ClaimRefused("id_token_iss")
    audiences = _texts(claims.get("aud"))
    if expected.client_id not in audiences:
        raise ClaimRefused("id_token_aud")
    if "azp" in claims:
        if claims["azp"] != expected.client_id:
            raise ClaimRefused("id_token_azp")
    elif len(audiences) > 1:
        raise ClaimRefused("id_token_azp_missing")


def _check_times(claims: Claims, moment: float) -> None:
    expiry = _time(claims, "exp")
    if expiry is None:
        raise ClaimRefused("id_token_exp_missing")
    if moment >= expiry + LEEWAY:
        raise ClaimRefused("id_token_expired")
    issued = _time(claims, "iat")
    if issued is None:
        raise ClaimRefused("id_token_iat_missing")
    if issued > moment + LEEWAY:
        raise ClaimRefused("id_token_iat_future")
    if issued < moment - OLDEST - LEEWAY:
        raise ClaimRefused("id_token_iat_old")
    begins = _time(claims, "nbf")
    if begins is not None and begins > moment + LEEWAY:
        raise ClaimRefused("id_token_nbf")


def _check_subject(claims: Claims) -> None:
    subject = claims.get("sub")
    if subject is None:
        raise ClaimRefused("id_token_sub_missing")
    if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT:
        raise ClaimRefused("id_token_sub")
    # ASCII by Core 2; a control character in a key of ours would be a trap for whoever prints it.
    if not subject.isascii() or not subject.isprintable():
        raise ClaimRefused("id_token_sub")


def _check_nonce(claims: Claims, expected: Expected) -> None:
    if expected.is_nonce is None:
        return
    nonce = claims.get("nonce")
    if nonce is None:
        raise ClaimRefused("id_token_nonce_missing")
    if not isinstance(nonce, str) or not expected.is_nonce(nonce):
        raise ClaimRefused("id_token_nonce")


def _check_sign_in(claims: Claims, expected: Expected, moment: float) -> None:
    """Look at when the person signed in, where a greatest age was asked for (Core 3.1.2.1)."""
    if expected.max_age is None:
        return
    signed_in = _time(claims, "auth_time")
    if signed_in is None:
        raise ClaimRefused("id_token_auth_time_missing")
    if not -LEEWAY <= moment - signed_in <= expected.max_age + LEEWAY:
        raise ClaimRefused("id_token_auth_time")


def _check_access_token(claims: Claims, expected: Expected, algorithm: str) -> None:
    if expected.access_token is None or "at_hash" not in claims:
        return
    said = claims["at_hash"]
    digest = hashlib.new(_hash_of(algorithm), expected.access_token.encode())
    half = digest.digest()[: digest.digest_size // 2]
    own = base64.urlsafe_b64encode(half).rstrip(b"=")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(errors="replace"), own):
        raise ClaimRefused("id_token_at_hash")


def _hash_of(algorithm: str) -> str:
    """Return the hash of a signature algorithm (Core 3.1.3.6): its own, for Ed25519 SHA-512."""
    return "sha512" if algorithm.startswith("Ed") else f"sha{algorithm[2:]}"


def _time(claims: Claims, name: str) -> float | None:
    """Return a NumericDate (RFC 7519 2), fractions of a second included."""
    value = claims.get(name)
    if value is None:
        return None
    # A boolean is a number to Python, and 1e999 is infinite.
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_date(value):
        raise ClaimRefused("id_token_claim_type")
    return float(value)


def _is_date(value: float) -> bool:
    return -1e12 < value < 1e12 and math.isfinite(value)


def _texts(said: object) -> list[str]:
    """Return an audience, written as one text or as several; none for anything else."""
    values = said if isinstance(said, list) else [said]
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(values) <= MOST_AUDIENCES else []
