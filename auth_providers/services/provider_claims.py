"""What we take from the claims of a verified ID token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auth_providers.models import OAuthConfiguration

LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a verified ID token is about; `all` are its claims as they came."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    first_name: str
    last_name: str
    all: Mapping[str, Any] = field(repr=False)


def read_claims(claims: Mapping[str, Any], *, kind: str) -> Claims:
    """Return the claims as we use them; `kind` is the type of the configuration.

    A claim of another type than the standard's (OpenID Connect Core 5.1) is none: only what says
    who somebody is was worth a refusal.
    """
    is_entra = kind == OAuthConfiguration.Type.ENTRA
    # Microsoft calls the address that somebody signs in by so; it is of the tenant's own domains.
    sign_in_names = [_address(claims, "preferred_username"), _address(claims, "upn")]
    email = _address(claims, "email")
    if is_entra and not email:
        email = next(filter(None, sign_in_names), "")
    is_tenants = is_entra and email.lower() in [name.lower() for name in sign_in_names]
    is_entra_verified = is_tenants or (is_entra and claims.get("xms_edov") is True)
    first_name, last_name = _names(claims)
    return Claims(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email,
        is_email_verified=bool(email)
        and (claims.get("email_verified") is True or is_entra_verified),
        first_name=first_name,
        last_name=last_name,
        all=claims,
    )


def _address(claims: Mapping[str, Any], name: str) -> str:
    text = _text(claims, name)
    return text if "@" in text and len(text) <= LONGEST_ADDRESS else ""


def _names(claims: Mapping[str, Any]) -> tuple[str, str]:
    first_name, last_name = _text(claims, "given_name"), _text(claims, "family_name")
    if not (first_name or last_name):
        first_name, _space, last_name = _text(claims, "name").partition(" ")
    return first_name[:LONGEST_NAME], last_name.strip()[:LONGEST_NAME]


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() else ""
