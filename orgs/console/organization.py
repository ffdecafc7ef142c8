"""An organization's settings, a card each, and its end."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.console import refusals_in_form
from orgs import policies
from orgs.console.domain_forms import RemovalForm
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.organization_forms import AccessForm, DetailsForm, SupportForm
from orgs.services.organization_settings import change_organization, delete_organization
from orgs.services.support_access import set_support_access

DETAILS = ("name", "website", "region_label", "request_email")
ACCESS = ("idle_minutes", "allows_scripts", "allows_basic_auth")


@console_page
def organization(request: ConsoleRequest) -> HttpResponse:
    """Show all cards; a POST saves the one whose button it was."""
    policies.require(request.user, policies.Act.SET_UP_ORGANIZATION, request.organization)
    card = request.POST.get("card", "") if request.method == "POST" else ""
    shown = _forms(request, card)
    if card in SAVED_BY and shown[card].is_valid():
        with refusals_in_form(shown[card]):
            return SAVED_BY[card](request, shown[card])
    context = {
        **{f"{name}_form": form for name, form in shown.items()},
        "members": request.organization.memberships.count(),
        "solutions": request.organization.solutions.count(),
    }
    is_refused = card in shown and shown[card].errors
    return render(request, "orgs/organization.html", context, status=422 if is_refused else 200)


def _forms(request: ConsoleRequest, card: str) -> dict[str, forms.Form]:
    """Return each card's form, with what was typed into the one that was sent."""
    organization = request.organization
    typed = {card: request.POST}
    details = {name: getattr(organization, name) for name in DETAILS}
    access = {name: getattr(organization, name) for name in ACCESS}
    support = {"level": organization.support_access, "duration": "hour"}
    return {
        "details": DetailsForm(typed.get("details"), initial=details),
        "access": AccessForm(typed.get("access"), initial=access),
        "support": SupportForm(typed.get("support"), initial=support, now=timezone.now()),
        "delete": RemovalForm(typed.get("delete"), expected=organization.name),
    }


def _save_settings(request: ConsoleRequest, form: forms.Form) -> HttpResponse:
    change_organization(request.organization, by=request.user, **form.cleaned_data)
    messages.success(request, _("The settings were saved."))
    return redirect("organization")


def _save_support(request: ConsoleRequest, form: SupportForm) -> HttpResponse:
    support = form.support()
    changed = set_support_access(
        request.organization, support=support, by=request.user, now=form.now
    )
    if changed.support_access_until is None:
        messages.success(request, _("Support can't come in any more."))
    else:
        words = {"until": f"{changed.support_access_until:%Y-%m-%d %H:%M} UTC"}
        messages.success(request, _("Support may come in until %(until)s.") % words)
    return redirect("organization")


def _delete(request: ConsoleRequest, form: RemovalForm) -> HttpResponse:
    name = request.organization.name
    delete_organization(request.organization, typed_name=form.cleaned_data["name"], by=request.user)
    messages.success(request, _("%(name)s was deleted.") % {"name": name})
    return redirect("overview")


Save = Callable[[ConsoleRequest, Any], HttpResponse]
SAVED_BY: Mapping[str, Save] = {
    "details": _save_settings,
    "access": _save_settings,
    "support": _save_support,
    "delete": _delete,
}
