"""The first page: what is still to set up, and what happens."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.models import Device
from functions.console.access import visible_calls, visible_functions, visible_solutions
from functions.console.statistics import day_of
from functions.models import Credential
from orgs.console.entrance import ConsoleRequest, console_page

RECENT = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to set up. Where a command does it, the command; else the page."""

    title: str
    sentence: str
    is_done: bool
    url: str = ""
    command: str = ""


@console_page
def overview(request: ConsoleRequest) -> HttpResponse:
    calls = visible_calls(request)
    solutions = visible_solutions(request)
    members = request.organization.memberships.active()
    devices = Device.objects.usable(timezone.now()).filter(user__in=members.values("user"))
    recent = list(calls.select_related("solution", "user").order_by("-started_at")[:RECENT])
    context = {
        "day": day_of(calls, now=timezone.now()),
        "solutions": solutions.count(),
        "functions": visible_functions(request).count(),
        "people": members.count(),
        "devices": devices.count(),
        "recent": recent,
    }
    has_credential = Credential.objects.with_secret().filter(solution__in=solutions).exists()
    context["steps"] = steps = [
        _publish(request, is_done=solutions.filter(version__gt=0).exists()),
        _add_credential(is_done=has_credential),
        _sign_in(is_done=bool(context["devices"])),
        _run(is_done=bool(recent)),
    ]
    context["steps_done"] = sum(step.is_done for step in steps)
    return render(request, "functions/overview.html", context)


def _publish(request: ConsoleRequest, *, is_done: bool) -> Step:
    return Step(
        _("Publish a solution"),
        _("A folder of YAML becomes functions that phones can call."),
        is_done,
        url=reverse("solutions"),
        command=f'manage.py publish_solution FOLDER --organization "{request.organization}" '
        "--name my-solution",
    )


def _add_credential(*, is_done: bool) -> Step:
    sentence = _("A key, a secret or an account, sent only to the origins that you name.")
    return Step(_("Add a credential"), sentence, is_done, url=reverse("solutions"))


def _sign_in(*, is_done: bool) -> Step:
    sentence = _("Somebody of the organization signs in with the app on a phone.")
    return Step(_("Sign in a device"), sentence, is_done, url=reverse("my-devices"))


def _run(*, is_done: bool) -> Step:
    sentence = _("From a phone, or here: open a function and try it.")
    return Step(_("Run a call"), sentence, is_done, url=reverse("functions"))
