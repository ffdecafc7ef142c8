"""Request types whose caller proved who they are."""

from dataclasses import dataclass, field

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


class CallerRequest(UserRequest):
    auth: Caller
