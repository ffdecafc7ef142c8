"""The page that an invitation's link opens.

Programs that look into mails open the link too, so opening it changes nothing: the session gets
the link's digest, and the address of the page itself holds no secret.
"""

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auth_providers.console.invitation_forms import NewPersonForm
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console import shell
from orgs.models import Invite, User
from orgs.models.invites import link_digest
from orgs.services.accepting import (
    InviteUnknown,
    accept_as_new_person,
    accept_invite,
    account_of,
    find_invite,
    is_for,
    require_backing,
)

SESSION_KEY = "invitation"


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    if not request.user.is_authenticated:  # a session known to others must not get the link
        request.session.cycle_key()
    request.session[SESSION_KEY] = link_digest(token)
    return redirect("invitation")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Show what the invitation is to, and the one thing to do next; a POST accepts it."""
    try:
        invite = find_invite(request.session.get(SESSION_KEY, ""), now=timezone.now())
        if request.method != "POST":  # a POST is refused by the service, which ends it then
            require_backing(invite)
        if not isinstance(request.user, User):
            return _for_somebody_unknown(request, invite)
        if not is_for(invite, request.user):
            return _page(request, "another", invite, status=403)
        return _for_the_invited(request, invite, request.user)
    except InviteUnknown as refusal:
        context = {"code": refusal.code}
        return render(request, "auth_providers/invitation_ended.html", context, status=404)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out, and come back to the same invitation."""
    digest = request.session.get(SESSION_KEY, "")
    get_adapter(request).logout(request)
    request.session[SESSION_KEY] = digest
    return redirect("invitation")


def _for_the_invited(request: HttpRequest, invite: Invite, user: User) -> HttpResponse:
    if request.method == "POST":
        with refusals_as_messages(request):
            accept_invite(invite, user=user, now=timezone.now())
            return redirect(_enter(request, invite))
    return _page(request, "accept", invite)


def _for_somebody_unknown(request: HttpRequest, invite: Invite) -> HttpResponse:
    if account_of(invite):
        return _page(request, "sign_in", invite)
    names = {"first_name": invite.first_name, "last_name": invite.last_name}
    form = NewPersonForm(request.POST or None, email=invite.email, initial=names)
    if form.is_valid():
        with refusals_in_form(form):
            membership = accept_as_new_person(invite, now=timezone.now(), **form.chosen())
            signed_in: HttpResponse = perform_login(
                request,
                membership.user,
                email=invite.email,
                redirect_url=_enter(request, invite),
            )
            return signed_in
    status = 422 if form.errors else 200
    return _page(request, "new", invite, form=form, status=status)


def _enter(request: HttpRequest, invite: Invite) -> str:
    """Look at the organization from now on, and return the page that welcomes to it."""
    request.session.pop(SESSION_KEY, None)
    request.session[shell.SESSION_KEY] = str(invite.organization_id)
    return reverse("register-joined", args=[invite.organization_id])


def _page(
    request: HttpRequest,
    step: str,
    invite: Invite,
    *,
    form: NewPersonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "step": step,
        "invite": invite,
        "solutions": [given.solution for given in invite.solutions.select_related("solution")],
        "form": form,
        "here": reverse("invitation"),
    }
    return render(request, "auth_providers/invitation.html", context, status=status)
