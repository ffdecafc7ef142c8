"""Inviting many: paste a list, look at what would come of it, then send.

The list travels in the forms; the server keeps nothing of it before the invitations are sent.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jigxmgmt.console import refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.invite_forms import ListForm
from orgs.console.invite_lists import COLUMNS, Line, examine_list
from orgs.services.bulk_invites import MOST_AT_ONCE, invite_people


@console_page
def invite_many(request: ConsoleRequest) -> HttpResponse:
    """Ask for a list; a POST examines it and, with `send`, invites those that are in order."""
    policies.require(request.user, policies.Act.MANAGE_PEOPLE, request.organization)
    posted = request.POST if request.method == "POST" else None
    form = ListForm(posted, request.FILES or None)
    lines: list[Line] = []
    if form.is_valid():
        with refusals_in_form(form):
            lines = examine_list(
                form.cleaned_data["text"],
                organization=request.organization,
                by=request.user,
                now=timezone.now(),
            )
            if "send" in request.POST and _send(request, form, lines):
                return redirect("invites")
    status = 422 if form.errors else 200
    return render(request, "orgs/invite_many.html", _context(form, lines), status=status)


def _send(request: ConsoleRequest, form: ListForm, lines: Sequence[Line]) -> bool:
    """Invite those that are in order; false where the person has to look again first."""
    ready = [line.invitation for line in lines if line.invitation and line.is_ready]
    if len(ready) < len(lines) and "leave_out" not in request.POST:
        form.add_error(None, _("Some lines have faults. Say that they are to be left out."))
        return False
    if not ready:
        form.add_error(None, _("There is nobody to invite in this list."))
        return False
    invites = invite_people(request.organization, ready, by=request.user, now=timezone.now())
    number = len(invites)
    sentence = ngettext(
        "%(number)s invitation is on its way.", "%(number)s invitations are on their way.", number
    )
    messages.success(request, sentence % {"number": number})
    return True


def _context(form: ListForm, lines: Sequence[Line]) -> dict[str, Any]:
    text = form.cleaned_data["text"] if lines else ""
    ready = sum(line.is_ready for line in lines)
    return {
        "form": form,
        "again": ListForm(initial={"text": text}),
        "text": text,
        "lines": lines,
        "ready": ready,
        "faulty": len(lines) - ready,
        "columns": ", ".join(COLUMNS),
        "most": MOST_AT_ONCE,
    }
