"""The test sign-in of whoever sets up single sign-on: away in a new tab, back with the claims."""

import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from auth_providers.console.sign_in_advice import acts_in_words, advice_for
from auth_providers.console.sign_in_ways import end_way, read_arrival, send_away, turn_back
from auth_providers.models import OAuthConfiguration, SignInTransaction, TestSignIn
from auth_providers.services.outside_admission import Foreseen, foresee_admission
from auth_providers.services.test_sign_ins import Tested, begin_test, complete_test
from jigxmgmt.errors import DomainError
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.shell import shell_of
from orgs.models import User

__test__ = False  # for pytest, which would take the name for a module of tests

SESSION_KEY = "test_sign_in"


@console_page
def begin(request: ConsoleRequest, configuration_id: uuid.UUID) -> HttpResponse:
    configuration = _find(request, configuration_id)
    if request.method != "POST":  # whoever had to sign in first
        return redirect("single-sign-on")
    beginning = partial(begin_test, configuration, by=request.user, now=timezone.now())
    try:
        return send_away(request, lambda challenge: beginning(code_challenge=challenge))
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("single-sign-on")


def arrive_test(request: HttpRequest, transaction: SignInTransaction) -> HttpResponse:
    """Keep how it went, and lead to the page that shows it."""
    if goodbye := turn_back(request, page=reverse("single-sign-on")):
        return goodbye
    assert isinstance(request.user, User)  # noqa: S101 (for types: turn_back has asked)
    arrival = read_arrival(request, transaction)
    try:
        tested = complete_test(arrival, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return end_way(refusal)
    request.session[SESSION_KEY] = _told(tested)
    return redirect("single-sign-on-test", tested.configuration.pk)


@console_page
def result(request: ConsoleRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show one's own newest test; what would come of it, in the session that made it."""
    configuration = _find(request, configuration_id)
    mine = TestSignIn.objects.filter(configuration=configuration, user=request.user)
    test = get_object_or_404(mine)
    told = request.session.get(SESSION_KEY, {})
    foreseen = told.get("foreseen") if told.get("test") == _named(test) else None
    context = {
        "configuration": configuration,
        "test": test,
        "foreseen": foreseen,
        "acts": acts_in_words(foreseen["would"]) if foreseen else [],
        "advice": advice_for(test.refusal) if test.refusal else "",
    }
    return render(request, "auth_providers/test_sign_in.html", context)


def _find(request: ConsoleRequest, configuration_id: uuid.UUID) -> OAuthConfiguration:
    """Find one in whichever organization this person sets up, and let the shell show that one."""
    places = policies.organizations_allowing(request.user, policies.Act.SET_UP_ORGANIZATION)
    own = OAuthConfiguration.objects.filter(organization__in=places, solution__isnull=True)
    configuration = get_object_or_404(own.select_related("organization"), pk=configuration_id)
    shell_of(request).look_at(configuration.organization_id)
    return configuration


def _told(tested: Tested) -> dict[str, Any]:
    if tested.claims is None:
        return {}
    foreseen = foresee_admission(tested.configuration, tested.claims, now=timezone.now())
    return {"test": _named(tested.test), "foreseen": _described(foreseen)}


def _named(test: TestSignIn) -> list[str]:
    return [str(test.pk), test.tested_at.isoformat()]


def _described(foreseen: Foreseen) -> dict[str, Any]:
    return {
        "matched_domain": foreseen.matched_domain,
        "person": foreseen.user.display_name if foreseen.user else "",
        "email": foreseen.user.email if foreseen.user else "",
        "would": list(foreseen.would),
        "reason": foreseen.reason,
    }
