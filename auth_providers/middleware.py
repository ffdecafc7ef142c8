"""Sessions that a password opened end where single sign-on came to be required; and those in which
somebody proves again who they are get another key.
"""

from collections.abc import Awaitable, Callable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.usersessions.models import UserSession
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from auth_providers.http import opening_organizations
from auth_providers.services.arrivals import CALLBACK_PATH
from auth_providers.services.required_sign_on import SingleSignOnRequired, session_closed_by
from orgs.models import User

PROVING = "/accounts/"
Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class KeepToSingleSignOn:
    """Ask at each use of a session; what comes with a token alone passes without a question."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        if self.is_async:
            return self._later(request)
        return end_if_closed(request) or self.get_response(request)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        goodbye = await sync_to_async(end_if_closed)(request)
        return goodbye or await self.get_response(request)  # type: ignore[misc]


class RenewProvedSessions(MiddlewareMixin):
    """Whoever knew the key of a session before its person proved again who they are knows none.

    As they sign in, the library does so itself.
    """

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, names: object
    ) -> None:
        if request.method == "POST" and request.path.startswith(PROVING):
            request.proofs_before = _proofs(request)  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        before = getattr(request, "proofs_before", 0)
        if before and _proofs(request) > before:
            known = request.session.session_key
            request.session.cycle_key()
            renewed = UserSession.objects.filter(session_key=known)
            renewed.update(session_key=request.session.session_key)
        return response


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
