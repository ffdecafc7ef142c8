"""What a token may do, as data."""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid

DEVICE_SCOPE = "app"


class Scope(StrEnum):
    """What a personal access token may do with its person's rights."""

    SOLUTIONS_READ = "solutions:read"
    SOLUTIONS_WRITE = "solutions:write"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    FUNCTIONS_READ = "functions:read"
    FUNCTIONS_RUN = "functions:run"
    CALLS_READ = "calls:read"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_WRITE = "organization:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    AUDIT_READ = "audit:read"
    DEVICES_WRITE = "devices:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"


ALL_SCOPES = frozenset(Scope)
# The rights of the app on the phone: it runs solutions, and shows its person where they are
# signed in. Whatever role the person has, it changes nothing of an organization's, neither
# itself nor by a personal token that it made: such a token holds no scope but these.
DEVICE_SCOPES = frozenset(
    {
        DEVICE_SCOPE,
        Scope.SOLUTIONS_READ,
        Scope.FUNCTIONS_READ,
        Scope.FUNCTIONS_RUN,
        Scope.DEVICES_WRITE,
        Scope.TOKENS_READ,
        Scope.TOKENS_WRITE,
    }
)


class ScopeUnknown(Invalid):
    code = "scope_unknown"


def checked_scopes(names: Iterable[str]) -> list[Scope]:
    """Return the scopes of these names, each once and in order; raises ScopeUnknown."""
    names = list(names)
    faults = [
        FieldFault(
            f"/scopes/{index}",
            _("There is no scope “%(name)s”.") % {"name": name},
            ScopeUnknown.code,
        )
        for index, name in enumerate(names)
        if name not in ALL_SCOPES
    ]
    if faults:
        raise ScopeUnknown(_("Some scopes do not exist."), faults=faults)
    return sorted({Scope(name) for name in names})
