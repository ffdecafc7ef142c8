"""Operators who look at an organization that has opened itself to them."""

from orgs.console.shell import Place, Shell
from orgs.http import UserHttpRequest
from orgs.policies import SUPPORT_ACTS, SupportAccess
from orgs.services.support_access import record_support_entry

SESSION_KEY = "support_entered"


def note_support(request: UserHttpRequest, shell: Shell) -> None:
    """Record that an operator is here, once a session for each time that support was opened."""
    place = shell.place
    if place is None or (place.membership and not _adds_to_role(request, shell, place)):
        return
    organization, opened = str(place.organization.pk), str(place.organization.support_access_until)
    entered = request.session.get(SESSION_KEY, {})
    if entered.get(organization) == opened:
        return
    record_support_entry(place.organization, by=request.user)
    request.session[SESSION_KEY] = entered | {organization: opened}


def _adds_to_role(request: UserHttpRequest, shell: Shell, place: Place) -> bool:
    """Answer whether an operator who is a member may do more here as support."""
    opened = SUPPORT_ACTS[SupportAccess(place.organization.support_access)]
    return request.user.is_staff and shell.support_until is not None and not opened <= place.acts
