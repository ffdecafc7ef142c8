"""Where a person without an organization finds one: joins, asks to, or founds their own."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.registration_forms import OrganizationForm, RequestForm
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import personal_page, posted_from
from orgs.console.shell import SESSION_KEY
from orgs.http import UserHttpRequest
from orgs.models import JoinRequest
from orgs.policies import Act, acts_of
from orgs.services.join_requests import request_to_join, withdraw_join_request
from orgs.services.joining import (
    found_own_organization,
    join_organization,
    joinable_organizations,
    offered_organization,
    own_domain,
)

MOST_REQUESTS = 20


@personal_page
def choose_organization(request: UserHttpRequest) -> HttpResponse:
    """Show what the person's domain offers; a POST founds an organization."""
    user = request.user
    posted = request.POST if request.method == "POST" else None
    form = OrganizationForm(posted, initial={"domain": own_domain(user)})
    if form.is_valid():
        with refusals_in_form(form):
            founded = found_own_organization(owner=user, now=timezone.now(), **form.founded_as())
            request.session[SESSION_KEY] = str(founded.pk)
            messages.success(request, _("%(name)s is there, and you own it.") % {"name": founded})
            return redirect("overview")
    waiting = JoinRequest.objects.pending().filter(user=user)
    context = {
        "form": form,
        "offers": joinable_organizations(user),
        "waiting": set(waiting.values_list("organization", flat=True)),
    }
    status = 422 if form.errors else 200
    return render(request, "auth_providers/register_organization.html", context, status=status)


@posted_from("register-organization")
def join(request: UserHttpRequest, organization_id: UUID) -> HttpResponse:
    organization = offered_organization(request.user, organization_id)
    next_page = reverse("register-organization")
    with refusals_as_messages(request):
        join_organization(organization, user=request.user, now=timezone.now())
        next_page = reverse("register-joined", args=[organization.pk])
    return redirect(next_page)


@personal_page
def joined(request: UserHttpRequest, organization_id: UUID) -> HttpResponse:
    mine = request.user.memberships.active().select_related("organization")
    membership = get_object_or_404(mine, organization=organization_id)
    context = {
        "organization": membership.organization,
        "may_enter": Act.ENTER_CONSOLE in acts_of(membership.role),
    }
    return render(request, "auth_providers/register_joined.html", context)


@personal_page
def ask_to_join(request: UserHttpRequest, organization_id: UUID) -> HttpResponse:
    organization = offered_organization(request.user, organization_id)
    form = RequestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in_form(form):
            request_to_join(
                request.user,
                organization=organization,
                message=form.cleaned_data["message"],
                source=JoinRequest.Source.REGISTRATION,
                now=timezone.now(),
            )
            return redirect("register-waiting")
    context = {"form": form, "organization": organization}
    status = 422 if form.errors else 200
    return render(request, "auth_providers/register_request.html", context, status=status)


@personal_page
def waiting(request: UserHttpRequest) -> HttpResponse:
    mine = JoinRequest.objects.filter(user=request.user).select_related("organization")
    context = {"requests": mine[:MOST_REQUESTS]}
    return render(request, "auth_providers/register_waiting.html", context)


@posted_from("register-waiting")
def withdraw(request: UserHttpRequest, request_id: UUID) -> HttpResponse:
    mine = JoinRequest.objects.filter(user=request.user).select_related("organization")
    join_request = get_object_or_404(mine, pk=request_id)
    with refusals_as_messages(request):
        withdraw_join_request(join_request, by=request.user, now=timezone.now())
        withdrawn = _("Your request to %(organization)s is withdrawn.")
        messages.success(request, withdrawn % {"organization": join_request.organization})
    return redirect("register-waiting")
