"""How far a token reaches into organizations that its person is not in yet."""

import uuid
from typing import Protocol

from django.utils.translation import gettext as _

from jigxmgmt.errors import NotAllowed
from orgs.http import UserRequest


class Caller(Protocol):
    """What the token of a request says of itself."""

    @property
    def scopes(self) -> frozenset[str]: ...

    @property
    def is_device(self) -> bool: ...

    @property
    def confined_to(self) -> uuid.UUID | None: ...


class CallerRequest(UserRequest):
    auth: Caller


class TokenTooNarrow(NotAllowed):
    code = "insufficient_scope"


class AppConfined(NotAllowed):
    code = "app_confined"


def require_reach(caller: Caller, scope: str) -> None:
    """Let the app on a device in, and a personal token with this scope; raises TokenTooNarrow.

    A device's own scopes name what it may do to an organization that its person is in.
    """
    if not caller.is_device and scope not in caller.scopes:
        raise TokenTooNarrow(_("This token lacks the scope %(scope)s.") % {"scope": scope})


def require_within(caller: Caller, organization_id: uuid.UUID | None) -> None:
    """Raise AppConfined for an organization's own app outside of it; None is a new one."""
    if caller.confined_to not in (None, organization_id):
        raise AppConfined(_("This app stays in its organization."))
