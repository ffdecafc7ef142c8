"""Talking to an outside provider: its metadata, its keys, its token endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auth_providers.models import OAuthConfiguration
from jigxmgmt.errors import DomainError


class ProviderRefused(DomainError):
    """What the provider said or sent can't be used; the code tells which rule it broke."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """The answer of a token endpoint (RFC 6749 5.1); the lifetime is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    expires_in: int | None
    scope: str


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


def authorization_url_of(
    configuration: OAuthConfiguration,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    code_challenge: str,
    email: str = "",
    offline: bool = False,
) -> str:
    """Return where the browser goes (OpenID Connect Core 3.1.2.1). Raises ProviderRefused."""
    raise NotImplementedError


def redeem_code(
    configuration: OAuthConfiguration, *, code: str, code_verifier: str, redirect_uri: str
) -> ProviderTokens:
    """Exchange a code for tokens (RFC 6749 4.1.3). Raises ProviderRefused."""
    raise NotImplementedError


def refresh_tokens(configuration: OAuthConfiguration, *, refresh_token: str) -> ProviderTokens:
    """Exchange a refresh token (RFC 6749 6).

    Raises ProviderRefused, with the code `invalid_grant` when the consent is over.
    """
    raise NotImplementedError


def verify_identity(
    configuration: OAuthConfiguration, id_token: str, *, nonce_digest: str, now: datetime
) -> Claims:
    """Return who the ID token is about (OpenID Connect Core 3.1.3.7). Raises ProviderRefused."""
    raise NotImplementedError


def end_session_url_of(
    configuration: OAuthConfiguration, *, post_logout_redirect_uri: str
) -> str | None:
    """Return where the provider's own session ends (RP-Initiated Logout 1.0), if it has such."""
    raise NotImplementedError
