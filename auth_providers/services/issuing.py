"""Pairs of tokens for devices: the one place that issues them without an OAuth grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from oauth2_provider.models import RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.tokens import BearerToken

from auth_providers.models import App, Device, OAuthConfiguration
from auth_providers.services.scopes import DEVICE_SCOPE
from orgs.models import User
from orgs.services.audit import record_event

# The ways to get tokens at OAuth's endpoint (RFC 6749 4.1, 6).
GRANT_TYPES = frozenset({"authorization_code", "refresh_token"})
# What a device says of itself, with the characters that are kept.
DEVICE_FIELDS = {"name": 100, "platform": 50, "model": 100, "os_version": 50, "app_version": 50}


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """A pair of tokens (RFC 6749 5.1) and the device that they belong to; shown once."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    device: Device


@transaction.atomic
def issue_tokens(
    user: User,
    *,
    app: App,
    description: Mapping[str, str],
    now: datetime,
    configuration: OAuthConfiguration | None = None,
) -> IssuedTokens:
    """Open a device for a person who has proved who they are, and give it its first tokens.

    The configuration is that of the provider who said who they are, if one did.
    """
    validator = OAuth2Validator()
    request = Request("/", http_method="POST")
    request.user, request.client, request.scopes = user, app, [DEVICE_SCOPE]
    lifetime = int(oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
    token = BearerToken(validator, expires_in=lifetime).create_token(request, refresh_token=True)
    validator.save_bearer_token(token, request)
    access_token = token["access_token"]
    device = open_device(
        access_token, description=description, now=now, configuration=configuration
    )
    return IssuedTokens(access_token, token["refresh_token"], lifetime, device)


def open_device(
    access_token: str,
    *,
    description: Mapping[str, Any],
    now: datetime,
    configuration: OAuthConfiguration | None = None,
    code: str = "",
) -> Device:
    """Make the device to which the family of this new access token belongs.

    With the authorization code that it was opened by, if it was: who brings that again ends it.
    """
    pairs = RefreshToken.objects.select_related("user", "application")
    pair = pairs.get(access_token__token_checksum=checksum_of(access_token))
    assert pair.token_family is not None  # noqa: S101 (nullable for rows of old versions only)
    device = Device.objects.create(
        user=pair.user,
        app=pair.application,
        configuration=configuration,
        token_family=pair.token_family,
        code_checksum=checksum_of(code) if code else "",
        created_at=now,
        last_seen_at=now,
        expires_at=now + settings.DEVICE_LIFETIME,
        **_fitting(description),
    )
    record_event(
        "device.sign_in", by=pair.user, subject=device, organization=pair.application.organization
    )
    return device


def checksum_of(token: str) -> str:
    """Return the digest under which the library keeps a token, in hexadecimal."""
    return sha256(token.encode()).hexdigest()


def _fitting(description: Mapping[str, Any]) -> dict[str, str]:
    """Return what a device says of itself, cut to what is kept."""
    return {
        name: str(description.get(name) or "")[:length] for name, length in DEVICE_FIELDS.items()
    }
