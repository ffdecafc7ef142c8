"""Who calls: what a token turned out to stand for, and by what a session was opened."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from django.http import HttpRequest

from auth_providers.models import Device, OAuthConfiguration, PersonalAccessToken
from orgs.http import UserRequest
from orgs.models import User

SINGLE_SIGN_ON = "single_sign_on"


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a token, and the device or the personal token that they use."""

    user: User
    device: Device | None = None
    personal_access_token: PersonalAccessToken | None = None
    scopes: frozenset[str] = field(default=frozenset())

    @property
    def is_device(self) -> bool:
        return self.device is not None

    @property
    def confined_to(self) -> UUID | None:
        """The organization that an organization's app stays in; None for all other callers."""
        return self.device.app.organization_id if self.device else None


class CallerRequest(UserRequest):
    auth: Caller


def bearer_token(request: HttpRequest) -> str | None:
    """Return the token of the Authorization header; None when there is none of this scheme."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def remember_provider(request: HttpRequest, user: User, configuration: OAuthConfiguration) -> None:
    """Let the session, which is about to open, know the provider that opens it."""
    record_authentication(
        request,
        user,
        method=SINGLE_SIGN_ON,
        configuration=str(configuration.pk),
        organization=str(configuration.organization_id),
    )


def opening_organizations(request: HttpRequest) -> frozenset[UUID]:
    """Return the organizations whose providers have opened the request's session."""
    return frozenset(UUID(record["organization"]) for record in _provider_records(request))


def opening_configuration(request: HttpRequest) -> UUID | None:
    """Return the configuration by which the session was opened last, if it was by any."""
    records = _provider_records(request)
    return UUID(records[-1]["configuration"]) if records else None


def _provider_records(request: HttpRequest) -> list[dict[str, Any]]:
    records = get_authentication_records(request, request.user)
    return [record for record in records if record.get("method") == SINGLE_SIGN_ON]
