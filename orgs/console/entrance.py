"""The console's threshold: who comes in, and into which organization."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from jigxmgmt.errors import NotAllowed, NotFound
from orgs.console.idle import end_if_idle
from orgs.console.shell import shell_of
from orgs.console.support import note_support
from orgs.http import UserHttpRequest
from orgs.models import Organization

Rest = ParamSpec("Rest")


class ConsoleRequest(UserHttpRequest):
    """A request of somebody who may be in the console, and the organization they look at."""

    organization: Organization


def _sign_in_first(request: HttpRequest, address: str) -> HttpResponse:
    """Send the whole page to sign in, and from there to the address."""
    answer = redirect_to_login(address)
    return HttpResponseClientRedirect(answer.url) if getattr(request, "htmx", False) else answer


@contextmanager
def _refusals_as_pages() -> Iterator[None]:
    """Turn what is not there, or not this person's to do, into Django's own refusals."""
    try:
        yield
    except NotFound as refusal:
        raise Http404(refusal.detail) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.detail) from refusal


def console_page(
    view: Callable[Concatenate[ConsoleRequest, Rest], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
    """Let in those whose role opens the console; tell everybody else so, with the way out."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request, request.get_full_path())
        if goodbye := end_if_idle(request):
            return goodbye
        shell = shell_of(request)
        if shell.organization is None:
            is_member = request.user.memberships.active().exists()
            return render(request, "orgs/no_entrance.html", {"is_member": is_member}, status=403)
        request.organization = shell.organization  # type: ignore[attr-defined]
        if shell.membership:
            shell.membership.touch(timezone.now())
        with _refusals_as_pages():
            note_support(request, shell)  # type: ignore[arg-type]
            response = view(request, *args, **kwargs)  # type: ignore[arg-type]
            note_support(request, shell)  # type: ignore[arg-type] # the view may look elsewhere
        return response

    return guarded  # type: ignore[return-value]


def personal_page(
    view: Callable[Concatenate[UserHttpRequest, Rest], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
    """Let in everybody who is signed in, also whom the console's other pages are not for."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request, request.get_full_path())
        if goodbye := end_if_idle(request):
            return goodbye
        with _refusals_as_pages():
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return guarded  # type: ignore[return-value]


def posted_from(
    page: str,
) -> Callable[
    [Callable[Concatenate[UserHttpRequest, Rest], HttpResponse]],
    Callable[Concatenate[HttpRequest, Rest], HttpResponse],
]:
    """Let in a POST of somebody who is signed in.

    Everybody else signs in and goes on at the page of this name: the address itself takes no GET.
    """

    def guard(
        view: Callable[Concatenate[UserHttpRequest, Rest], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request, reverse(page))
            if goodbye := end_if_idle(request, page=reverse(page)):
                return goodbye
            with _refusals_as_pages():
                return view(request, *args, **kwargs)  # type: ignore[arg-type]

        return require_POST(guarded)  # type: ignore[return-value]

    return guard
