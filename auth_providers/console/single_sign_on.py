"""The settings of single sign-on, with the state of its set-up beside them."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_providers.console.single_sign_on_forms import DisableForm, SingleSignOnForm
from auth_providers.http import opening_organizations
from auth_providers.models import OAuthConfiguration, SingleSignOn, TestSignIn
from auth_providers.services.arrivals import callback_url
from auth_providers.services.single_sign_on import (
    disable_single_sign_on,
    people_linked,
    reach_of,
    save_single_sign_on,
    settings_of,
)
from jigxmgmt.console import refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Membership

MOST_CONFIGURATIONS = 50


@dataclass(frozen=True, slots=True)
class Way:
    """A configuration as the page shows it: whether it is ready, and how the last test went."""

    configuration: OAuthConfiguration
    domains: list[str]
    has_callback: bool
    test: TestSignIn | None

    @property
    def is_tested(self) -> bool:
        test = self.test
        return bool(test and not test.refusal and test.revision == self.configuration.revision)

    @property
    def is_outdated(self) -> bool:
        return bool(self.test and self.test.revision != self.configuration.revision)


@console_page
def single_sign_on(request: ConsoleRequest) -> HttpResponse:
    settings = settings_of(request.organization, by=request.user)
    form = SingleSignOnForm(request.POST if request.method == "POST" else None, settings=settings)
    if form.is_valid():
        was_required = settings.is_required
        with refusals_in_form(form):
            saved = save_single_sign_on(
                request.organization,
                fields=form.chosen(),
                by=request.user,
                now=timezone.now(),
                opened_by=opening_organizations(request),
            )
            messages.success(request, _("Single sign-on is saved."))
            if saved.is_required and not was_required:
                messages.info(request, _told_reach(request, saved))
            return redirect("single-sign-on")
    return _show(request, settings, form=form)


@console_page
def disable(request: ConsoleRequest) -> HttpResponse:
    settings = settings_of(request.organization, by=request.user)
    if request.method != "POST":  # whoever had to sign in first
        return redirect("single-sign-on")
    form = DisableForm(request.POST, name=request.organization.name)
    if form.is_valid():
        with refusals_in_form(form):
            disable_single_sign_on(
                request.organization,
                typed_name=form.cleaned_data["typed"],
                by=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Single sign-on is off; passwords work for everybody."))
            return redirect("single-sign-on")
    return _show(request, settings, disable_form=form)


def _show(
    request: ConsoleRequest,
    settings: SingleSignOn,
    *,
    form: SingleSignOnForm | None = None,
    disable_form: DisableForm | None = None,
) -> HttpResponse:
    ways = _ways(request)
    form = form or SingleSignOnForm(settings=settings)
    spared = list(settings.break_glass.all())
    context = _set_up(settings, ways) | {
        "settings": settings,
        "form": form,
        "disable_form": disable_form or DisableForm(name=request.organization.name),
        "ways": ways,
        "last": _last_test(ways),
        "callback_url": callback_url(),
        "linked": people_linked(settings),
        "reach": reach_of(
            request.organization, emergency=spared, by=request.user, now=timezone.now()
        ),
        "may_save": policies.can_grant(request.user, request.organization, Membership.Role.USER),
    }
    is_refused = form.errors or (disable_form and disable_form.errors)
    status = 422 if is_refused else 200
    return render(request, "auth_providers/single_sign_on.html", context, status=status)


def _set_up(settings: SingleSignOn, ways: list[Way]) -> dict[str, Any]:
    """Return which steps of setting it up are done, and how many."""
    steps = {
        "has_domains": any(way.domains for way in ways),
        "has_callback": any(way.has_callback for way in ways),
        "is_tested": any(way.is_tested for way in ways),
    }
    return steps | {"done": sum((bool(ways), *steps.values(), settings.is_enabled))}


def _ways(request: ConsoleRequest) -> list[Way]:
    own = OAuthConfiguration.objects.of_organization(request.organization).exclude(issuer="")
    rows = list(own.prefetch_related("domains")[:MOST_CONFIGURATIONS])
    mine = TestSignIn.objects.filter(configuration__in=rows, user=request.user)
    tests = {test.configuration_id: test for test in mine.select_related("user")}
    return [
        Way(
            row,
            [domain.pattern for domain in row.domains.all()],
            callback_url() in row.redirect_urls,
            tests.get(row.pk),
        )
        for row in rows
    ]


def _last_test(ways: list[Way]) -> Way | None:
    tested = [(way.test.tested_at, way) for way in ways if way.test]
    return max(tested, key=itemgetter(0))[1] if tested else None


def _told_reach(request: ConsoleRequest, saved: SingleSignOn) -> str:
    """Say whom it touches that single sign-on is required now."""
    spared: list[Membership] = list(saved.break_glass.all())
    reach = reach_of(request.organization, emergency=spared, by=request.user, now=timezone.now())
    sentence = ngettext(
        "%(people)s person comes in by single sign-on alone from now on; sessions that a password "
        "opened end at their next use.",
        "%(people)s people come in by single sign-on alone from now on; sessions that a password "
        "opened end at their next use.",
        reach.people,
    )
    return sentence % {"people": reach.people}
