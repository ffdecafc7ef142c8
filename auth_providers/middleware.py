"""Sessions that a password opened end where single sign-on came to be required; and those in which
somebody proves again who they are get another key.
"""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from auth_providers.http import opening_organizations
from auth_providers.services.arrivals import CALLBACK_PATH
from auth_providers.services.required_sign_on import SingleSignOnRequired, session_closed_by
from jigxmgmt.middleware import SelectiveMiddleware
from orgs.models import User

PROVING = "/accounts/"


class KeepToSingleSignOn(SelectiveMiddleware):
    """Ask at each use of a session; what comes with a token alone passes without a question."""

    def applies(self, request: HttpRequest) -> bool:
        return settings.SESSION_COOKIE_NAME in request.COOKIES

    def before(self, request: HttpRequest) -> HttpResponse | None:
        return end_if_closed(request)


class RenewProvedSessions(SelectiveMiddleware):
    """Whoever knew the key of a session before its person proved again who they are knows none.

    As they sign in, the library does so itself.
    """

    def applies(self, request: HttpRequest) -> bool:
        return request.method == "POST" and request.path.startswith(PROVING)

    def before(self, request: HttpRequest) -> None:
        request.proofs_before = _proofs(request)  # type: ignore[attr-defined]

    def after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        before: int = request.proofs_before  # type: ignore[attr-defined]
        if before and _proofs(request) > before:
            known = request.session.session_key
            request.session.cycle_key()
            renewed = UserSession.objects.filter(session_key=known)
            renewed.update(session_key=request.session.session_key)


def _proofs(request: HttpRequest) -> int:
    """Return how often who is signed in has proved in this session who they are."""
    if not request.user.is_authenticated:
        return 0
    return len(get_authentication_records(request, request.user))


def end_if_closed(request: HttpRequest) -> HttpResponse | None:
    """Sign somebody out whom a password may not have let in, and say what lets them in."""
    if not isinstance(request.user, User):
        return None
    organization = session_closed_by(request.user, opened_by=opening_organizations(request))
    if organization is None:
        return None
    logout(request)
    messages.error(request, SingleSignOnRequired(organization).detail)
    is_htmx = "HX-Request" in request.headers
    # The address of who comes back from a provider holds a code.
    is_page = request.method == "GET" and not is_htmx and request.path != CALLBACK_PATH
    entrance = redirect_to_login(request.get_full_path() if is_page else reverse("overview"))
    return HttpResponseClientRedirect(entrance.url) if is_htmx else entrance
