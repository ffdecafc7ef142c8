"""A solution's credentials: which there are, saving one, ending one, connecting oneself."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from auth_providers.console.consents import send_to_consent
from auth_providers.services.arrivals import callback_url
from auth_providers.services.configuration_fields import ConfigurationFields, fields_of
from auth_providers.services.outside_grants import grants_of_solution
from functions.console.credential_forms import FORMS, CredentialForm
from functions.console.solution_forms import TypedNameForm
from functions.console.solution_tabs import open_for, tabs_of
from functions.models import Credential, FunctionDefinition
from functions.services.authorizations import connected_keys, personal_credential
from functions.services.credential_uses import (
    Use,
    missing_keys,
    proposed_origins,
    uses_of_credentials,
)
from functions.services.credentials import find_credential, remove_credential
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.http import UserHttpRequest
from orgs.models import Solution
from orgs.policies import SolutionAct

MOST_CREDENTIALS = 500
MOST_CONNECTED = 200
Type = Credential.Type


@dataclass(frozen=True, slots=True)
class Row:
    """A credential in the list, with who uses it."""

    credential: Credential
    uses: list[Use]
    connected: int
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A type that a credential can be, as the tabs over its form show it."""

    label: str
    url: str
    is_current: bool


@console_page
def credentials(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    uses = uses_of_credentials(solution)
    found = solution.credentials.select_related("configuration", "saved_by")[:MOST_CREDENTIALS]
    mine, everybody = connected_keys(solution, request.user), _connected(request, solution)
    rows = [
        Row(one, uses.get(one.key, []), everybody.get(one.key, 0), one.key in mine) for one in found
    ]
    context = tabs_of(request, solution, request.user) | {
        "rows": rows,
        "missing": missing_keys(uses, {one.key for one in found}),
    }
    return render(request, "functions/solution_credentials.html", context)


@console_page
def new_credential(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    key = request.GET.get("key", "")[:100]
    type = _type_wanted(request, Type.API_KEY)
    uses = uses_of_credentials(solution).get(key, [])
    proposed = _usual() | {"key": key, "allowed_origins": "\n".join(proposed_origins(uses))}
    form = _form(request, solution, type, credential=None, proposed=proposed)
    if form.is_valid():
        with refusals_in_form(form):
            saved = form.save()
            messages.success(request, _("%(key)s was saved.") % {"key": saved.key})
            return redirect("solution-credentials", solution.pk)
    context = tabs_of(request, solution, request.user) | {
        "form": form,
        "uses": uses,
        "choices": _choices(reverse("solution-credential-new", args=[solution.pk]), type, key),
    }
    status = 422 if form.errors else 200
    return render(request, "functions/solution_credential_new.html", context, status=status)


@console_page
def credential(request: ConsoleRequest, solution_id: uuid.UUID, key: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found = find_credential(solution, key=key)
    type = _type_wanted(request, found.type)
    form = _form(request, solution, type, credential=found, proposed=_shown(found))
    if form.is_valid():
        with refusals_in_form(form):
            saved = form.save()
            messages.success(request, _("%(key)s was saved.") % {"key": saved.key})
            return redirect("solution-credential", solution.pk, saved.key)
    return _page(request, find_credential(solution, key=key), type=type, form=form)


@console_page
def remove(request: ConsoleRequest, solution_id: uuid.UUID, key: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found = find_credential(solution, key=key)
    if request.method != "POST":
        return redirect("solution-credential", solution.pk, found.key)
    typed = TypedNameForm(request.POST, name=found.key)
    if not typed.is_valid():
        return _page(request, found, type=found.type, removal_form=typed)
    with refusals_as_messages(request):
        remove_credential(solution, key=found.key, by=request.user)
        messages.success(request, _("%(key)s was removed.") % {"key": found.key})
    return redirect("solution-credentials", solution.pk)


@posted_from("solutions")
def connect(request: UserHttpRequest, solution_id: uuid.UUID, key: str) -> HttpResponse:
    """Lead the person to the provider, and then back to the page that they were on."""
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found, configuration = personal_credential(solution, key=key)
    back = reverse("solution-credential", args=[solution.pk, found.key])
    live = FunctionDefinition.objects.live().filter(version__solution=solution)
    function = request.POST.get("function", "")
    if live.filter(name=function).exists():
        back = reverse("function", args=[solution.pk, function])
    answer: HttpResponse = redirect(back)
    with refusals_as_messages(request):
        answer = send_to_consent(
            request, configuration, solution=solution, credential_key=found.key, back=back
        )
    return answer  # noqa: RET504 (a refusal ends the block before it is another)


def _page(
    request: ConsoleRequest,
    found: Credential,
    *,
    type: str,
    form: CredentialForm | None = None,
    removal_form: TypedNameForm | None = None,
) -> HttpResponse:
    solution = found.solution
    here = reverse("solution-credential", args=[solution.pk, found.key])
    shown = form or FORMS[type](
        None, solution=solution, user=request.user, credential=found, proposed=_shown(found)
    )
    theirs = _connections(request, solution).filter(credential_key=found.key)
    context: dict[str, Any] = tabs_of(request, solution, request.user) | {
        "credential": found,
        "form": shown,
        "choices": _choices(here, type),
        "changes_type": type != found.type,
        "uses": uses_of_credentials(solution).get(found.key, []),
        "removal_form": removal_form or TypedNameForm(name=found.key),
        "is_connected": found.key in connected_keys(solution, request.user),
        "connections": theirs[:MOST_CONNECTED],
        "connection_count": theirs.count(),
    }
    is_refused = shown.errors or (removal_form and removal_form.errors)
    return render(
        request, "functions/solution_credential.html", context, status=422 if is_refused else 200
    )


def _connections(request: ConsoleRequest, solution: Solution) -> Any:
    return grants_of_solution(solution, by=request.user)


def _connected(request: ConsoleRequest, solution: Solution) -> dict[str, int]:
    """Return how many are connected, by the credential's key."""
    keys = _connections(request, solution).order_by().values_list("credential_key")
    return dict(keys.annotate(Count("pk")))


def _type_wanted(request: ConsoleRequest, usual: str) -> str:
    wanted = request.GET.get("type", usual)
    return wanted if wanted in FORMS else usual


def _form(
    request: ConsoleRequest,
    solution: Solution,
    type: str,
    *,
    credential: Credential | None,
    proposed: dict[str, Any],
) -> CredentialForm:
    posted = request.POST if request.method == "POST" else None
    return FORMS[type](
        posted, solution=solution, user=request.user, credential=credential, proposed=proposed
    )


def _usual() -> dict[str, Any]:
    """Return what stands in a new client's form: the way back to this console among it."""
    usual = ConfigurationFields(redirect_urls=(callback_url(),))
    return _as_typed(usual)


def _as_typed(fields: ConfigurationFields) -> dict[str, Any]:
    shown = fields.as_json()
    shown["configuration_type"] = shown.pop("type")
    shown["redirect_urls"] = "\n".join(fields.redirect_urls)
    return shown


def _shown(credential: Credential) -> dict[str, Any]:
    configuration = credential.configuration
    own = configuration if configuration and configuration.solution_id else None
    return (_as_typed(fields_of(own)) if own else _usual()) | {
        "allowed_origins": "\n".join(credential.allowed_origins),
        "available_to_devices": credential.available_to_devices,
        "configuration_id": str(credential.configuration_id),
    }


def _choices(here: str, current: str, key: str = "") -> list[Choice]:
    rest = f"&key={quote(key)}" if key else ""
    return [
        Choice(str(Type(type).label), f"{here}?type={type}{rest}", type == current)
        for type in FORMS
    ]
