"""Who calls: the token of a request, and what it turned out to stand for."""

from dataclasses import dataclass, field
from uuid import UUID

from django.http import HttpRequest

from auth_providers.models import Device, PersonalAccessToken
from orgs.http import UserRequest
from orgs.models import User


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
