"""The domains of an organization: naming them, proving them, joining by them."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.domain_forms import JoinPolicyForm, NewDomainForm, RemovalForm
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Domain
from orgs.services.domain_proofs import FAILED_CHECKS_LEFT, check_domain
from orgs.services.domains import (
    count_members_at,
    domains_of,
    name_domain,
    remove_domain,
    set_join_policy,
)


@console_page
def domains(request: ConsoleRequest) -> HttpResponse:
    """List them; a POST names one more."""
    named = domains_of(request.organization, by=request.user)
    form = NewDomainForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in_form(form):
            added = name_domain(
                request.organization, by=request.user, now=timezone.now(), **form.cleaned_data
            )
            messages.success(request, _("%(name)s was added. Now prove it.") % {"name": added})
            return redirect("domain", added.pk)
    context = {"domains": named, "form": form, "policies": Domain.JoinPolicy.choices}
    return render(request, "orgs/domains.html", context, status=422 if form.errors else 200)


@console_page
def domain(request: ConsoleRequest, domain_id: uuid.UUID) -> HttpResponse:
    return _show(request, _find(request, domain_id))


@console_page
def check(request: ConsoleRequest, domain_id: uuid.UUID) -> HttpResponse:
    domain = _find(request, domain_id)
    if request.method != "POST":  # whoever had to sign in first
        return redirect("domain", domain.pk)
    now = timezone.now()
    with refusals_as_messages(request):
        checked = check_domain(domain, by=request.user, now=now)
        words = {"name": checked.name, "finding": checked.finding}
        if checked.is_proved and checked.checked_at == now:
            messages.success(request, _("The record was found: %(name)s is proved.") % words)
        else:
            messages.error(request, _("%(name)s: %(finding)s") % words)
    return _back(request, domain)


@console_page
def choose_policy(request: ConsoleRequest, domain_id: uuid.UUID) -> HttpResponse:
    domain = _find(request, domain_id)
    if request.method != "POST":
        return redirect("domain", domain.pk)
    form = JoinPolicyForm(request.POST, domain=domain)
    if form.is_valid():
        policy = Domain.JoinPolicy(form.cleaned_data["join_policy"])
        with refusals_in_form(form):
            set_join_policy(domain, policy=policy, by=request.user)
            words = {"name": domain.name, "policy": policy.label}
            messages.success(request, _("Joining by %(name)s: %(policy)s.") % words)
            return _back(request, domain)
    return _show(request, domain, policy_form=form)


@console_page
def remove(request: ConsoleRequest, domain_id: uuid.UUID) -> HttpResponse:
    domain = _find(request, domain_id)
    if request.method != "POST":
        return redirect("domain", domain.pk)
    form = RemovalForm(request.POST, expected=domain.name)
    if not form.is_valid():
        return _show(request, domain, removal_form=form)
    remove_domain(domain, by=request.user)
    messages.success(request, _("%(name)s was removed.") % {"name": domain})
    return redirect("domains")


def _find(request: ConsoleRequest, domain_id: uuid.UUID) -> Domain:
    named = domains_of(request.organization, by=request.user)
    return get_object_or_404(named.select_related("organization"), pk=domain_id)


def _show(
    request: ConsoleRequest,
    domain: Domain,
    *,
    policy_form: JoinPolicyForm | None = None,
    removal_form: RemovalForm | None = None,
) -> HttpResponse:
    context = {
        "domain": domain,
        "policy_form": policy_form or JoinPolicyForm(domain=domain),
        "removal_form": removal_form or RemovalForm(expected=domain.name),
        "members_there": count_members_at(domain, by=request.user),
        "failed_checks_left": FAILED_CHECKS_LEFT,
    }
    is_refused = policy_form or removal_form
    return render(request, "orgs/domain.html", context, status=422 if is_refused else 200)


def _back(request: ConsoleRequest, domain: Domain) -> HttpResponse:
    """Return to the list if the act was one of its rows'."""
    return redirect("domains") if "from_list" in request.POST else redirect("domain", domain.pk)
