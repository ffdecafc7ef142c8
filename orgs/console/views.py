"""What the shell itself does: switch the organization, choose the theme."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from orgs.console.entrance import posted_from
from orgs.console.shell import SESSION_KEY, THEME_COOKIE, THEMES, shell_of
from orgs.http import UserHttpRequest

A_YEAR = 365 * 24 * 60 * 60


@posted_from("overview")
def switch_organization(request: UserHttpRequest) -> HttpResponse:
    chosen = request.POST.get("organization", "")
    if chosen not in {str(organization.pk) for organization in shell_of(request).organizations}:
        raise Http404
    request.session[SESSION_KEY] = chosen
    return redirect("overview")


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    response = redirect(next_page(request))
    choice = request.POST.get("theme")
    if choice in THEMES:
        response.set_cookie(
            THEME_COOKIE,
            choice,
            max_age=A_YEAR,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def next_page(request: HttpRequest) -> str:
    """Return to the page that asked: a path of this site, since `redirect` looks names up."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        page, {request.get_host()}, require_https=request.is_secure()
    )
    return page if is_ours and page.startswith("/") else reverse("overview")
