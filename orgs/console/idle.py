"""The end of a console session that nobody uses, or that is old: the server's bounds, and the
browser's question.
"""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from jigxmgmt.middleware import SelectiveMiddleware
from orgs.console.shell import shell_of

LAST_USE = "last_use"
OPENED_AT = "opened_at"
# However much it is used: each write moves the end that the library keeps.
LONGEST_SESSION = timedelta(days=14)
# Seconds. What happened since the last note counts for whoever stays signed in.
NOTED_EVERY = 60
# Sent by what a page asks for by itself, as a list that refreshes: that is no use of it.
BACKGROUND = "X-Background"
UNGUARDED = ("/accounts/", "/invitation", "/staff/")


class EndIdleSessions(SelectiveMiddleware):
    """The same for pages that no guard of ours stands before: the library's, and an invitation."""

    def applies(self, request: HttpRequest) -> bool:
        return request.path.startswith(UNGUARDED)

    def before(self, request: HttpRequest) -> HttpResponse | None:
        return end_if_idle(request) if request.user.is_authenticated else None


def end_if_idle(request: HttpRequest, *, page: str = "") -> HttpResponse | None:
    """Sign somebody out who was away or signed in for too long, else note that they are here.

    The page is where they go on once they have signed in again; by default the one asked for.
    """
    now = int(timezone.now().timestamp())
    if now - request.session.get(OPENED_AT, now) > LONGEST_SESSION.total_seconds():
        said = _("You were signed out two weeks after you signed in.")
        return sign_out_idle(request, page=page or _page_of(request), said=said)
    minutes = shell_of(request).idle_minutes
    last_use = request.session.get(LAST_USE)
    if minutes is None:
        if last_use is not None:  # it would end the session at once when a bound is set again
            del request.session[LAST_USE]
        return None
    if last_use is not None and now - last_use > minutes * 60 + NOTED_EVERY:
        return sign_out_idle(request, page=page or _page_of(request))
    is_stale = last_use is None or now - last_use >= NOTED_EVERY
    if is_stale and BACKGROUND not in request.headers:
        request.session[LAST_USE] = now
    return None


def note_opening(request: HttpRequest) -> None:
    """Let the session know since when it is open, by the clock of the server."""
    request.session[OPENED_AT] = int(timezone.now().timestamp())


def sign_out_idle(request: HttpRequest, *, page: str, said: str = "") -> HttpResponse:
    """End the session, and say why where the person signs in again."""
    logout(request)
    messages.info(request, said or _("You were signed out after a time without use."))
    entrance = redirect_to_login(page)
    if "HX-Request" in request.headers:
        return HttpResponseClientRedirect(entrance.url)
    return entrance


def _page_of(request: HttpRequest) -> str:
    """Return what can be opened again: no address that a form or a part of a page is sent to."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return request.get_full_path()
    return reverse("overview")
