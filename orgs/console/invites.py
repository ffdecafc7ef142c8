"""Invitations: the list of them, and inviting one person."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.console.filters import query_without, search_of
from orgs.console.invite_forms import InviteForm
from orgs.console.shell import shell_of
from orgs.http import UserHttpRequest
from orgs.models import Invite
from orgs.models.languages import language_name
from orgs.services.invites import (
    invite_person,
    invites_of,
    resend_invite,
    revoke_invite,
)

PAGE_SIZE = 50
TONES = {
    Invite.State.SENT: "outline",
    Invite.State.BOUNCED: "destructive",
    Invite.State.ACCEPTED: "positive",
    Invite.State.EXPIRED: "caution",
    Invite.State.REVOKED: "secondary",
}


@console_page
def invites(request: ConsoleRequest) -> HttpResponse:
    now = timezone.now()
    everybody = invites_of(request.organization, by=request.user)
    search = search_of(request)
    state = request.GET.get("state", "")
    found = everybody.matching(search)
    if state in Invite.State.values:
        found = found.in_state(state, now)
    shown = found.as_of(now).select_related("invited_by")
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    languages = set(request.organization.invite_templates.values_list("language", flat=True)) | {
        "en"
    }
    context = {
        "page": page,
        "rows": [_row(invite, languages) for invite in page.object_list],
        "search": search,
        "state": state,
        "states": Invite.State.choices,
        "is_narrowed": bool(search or state),
        "open": everybody.acceptable(now).count(),
        "query": query_without(request, "page"),
    }
    return render(request, "orgs/invites.html", context)


@console_page
def invite(request: ConsoleRequest) -> HttpResponse:
    """Ask whom to invite, and to what; a POST invites them."""
    policies.require(request.user, policies.Act.MANAGE_PEOPLE, request.organization)
    posted = request.POST if request.method == "POST" else None
    form = InviteForm(posted, organization=request.organization, by=request.user)
    if form.is_valid():
        with refusals_in_form(form):
            invited = invite_person(
                request.organization,
                grants=form.grants(),
                by=request.user,
                now=timezone.now(),
                **form.person(),
            )
            messages.success(request, _("%(email)s is invited.") % {"email": invited.email})
            return redirect("invites")
    status = 422 if form.errors else 200
    return render(request, "orgs/invite.html", {"form": form}, status=status)


@posted_from("invites")
def resend(request: UserHttpRequest, invite_id: UUID) -> HttpResponse:
    invite = _one_of(request, invite_id)
    with refusals_as_messages(request):
        language = request.POST.get("language") or None
        resend_invite(invite, language=language, by=request.user, now=timezone.now())
        sentence = _("A new invitation is on its way to %(email)s, in %(language)s.")
        language = language_name(invite.language)
        messages.success(request, sentence % {"email": invite.email, "language": language})
    return _back(request)


@posted_from("invites")
def revoke(request: UserHttpRequest, invite_id: UUID) -> HttpResponse:
    invite = _one_of(request, invite_id)
    with refusals_as_messages(request):
        revoke_invite(invite, by=request.user, now=timezone.now())
        sentence = _("The invitation of %(email)s is revoked; its link lets nobody in.")
        messages.success(request, sentence % {"email": invite.email})
    return _back(request)


def _row(invite: Invite, languages: set[str]) -> dict[str, object]:
    """Return what the list shows of an invitation, and what can be done with it."""
    state = Invite.State(invite.state_now)  # type: ignore[attr-defined]
    is_open = state in Invite.OPEN
    offered = sorted(languages | {invite.language}, key=language_name)
    return {
        "invite": invite,
        "name": invite.display_name,
        "state": state.label if invite.sent_at or not is_open else _("Sending"),
        "tone": TONES[state],
        "is_open": is_open,
        "can_resend": state in Invite.SENDABLE_AGAIN,
        "language": language_name(invite.language),
        "languages": [(code, language_name(code)) for code in offered],
    }


def _one_of(request: UserHttpRequest, invite_id: UUID) -> Invite:
    organization = shell_of(request).organization
    if organization is None:
        raise Http404
    mine = invites_of(organization, by=request.user).select_related("organization")
    return get_object_or_404(mine, pk=invite_id)


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the list as it was narrowed."""
    query = QueryDict(request.POST.get("list", "").lstrip("?")).urlencode()
    return redirect(f"{reverse('invites')}?{query}" if query else "invites")
