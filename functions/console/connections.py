"""A solution's connections to SQL Servers: which there are, saving, testing and ending one."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from functions.console.connection_advice import STAGE_NAMES, in_words
from functions.console.connection_forms import ConnectionForm
from functions.console.solution_forms import TypedNameForm
from functions.console.solution_tabs import open_for, tabs_of
from functions.models import Connection
from functions.models.connections import STANDARD_PORT
from functions.services.connection_fields import fields_of
from functions.services.connection_tests import test_connection
from functions.services.connection_uses import uses_of_connections
from functions.services.connections import find_connection, remove_connection
from jigxmgmt.api import status_of
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from jigxmgmt.errors import DomainError, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.http import UserHttpRequest
from orgs.models import Solution
from orgs.policies import SolutionAct

MOST_CONNECTIONS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A connection in the list, with who uses it, and where its last test failed."""

    connection: Connection
    uses: list[str]
    failed_stage: str


@console_page
def connections(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    uses = uses_of_connections(solution)
    found = solution.connections.select_related("saved_by").defer("sealed")[:MOST_CONNECTIONS]
    rows = [Row(one, uses.get(one.name, []), _stage_of(one)) for one in found]
    context = tabs_of(request, solution, request.user) | {
        "rows": rows,
        "standard_port": STANDARD_PORT,
        "missing": sorted(uses.keys() - {one.name for one in found}),
    }
    return render(request, "functions/solution_connections.html", context)


@console_page
def new_connection(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    name = request.GET.get("name", "")[:100]
    form = _form(request, solution, None, name=name)
    if form.is_valid():
        with refusals_in_form(form):
            saved = form.save()
            messages.success(request, _("%(name)s was saved. Test it now.") % {"name": saved.name})
            return redirect("solution-connection", solution.pk, saved.name)
    context = tabs_of(request, solution, request.user) | {
        "form": form,
        "uses": uses_of_connections(solution).get(name, []),
    }
    status = 422 if form.errors else 200
    return render(request, "functions/solution_connection_new.html", context, status=status)


@console_page
def connection(request: ConsoleRequest, solution_id: uuid.UUID, name: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found = find_connection(solution, name=name)
    form = _form(request, solution, found)
    if form.is_valid():
        with refusals_in_form(form):
            saved = form.save()
            messages.success(request, _("%(name)s was saved.") % {"name": saved.name})
            return redirect("solution-connection", solution.pk, saved.name)
    return _page(request, find_connection(solution, name=name), form=form)


@posted_from("solutions")
def test(request: UserHttpRequest, solution_id: uuid.UUID, name: str) -> HttpResponse:
    """Answer with the stages; nothing of them is kept, so that it is a page and no redirect."""
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found = find_connection(solution, name=name)
    told: dict[str, Any] = {}
    status = 200
    try:
        result = async_to_sync(test_connection)(request.user, connection=found)
        told = {"test": result, "stages": in_words(result)}
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        told, status = {"refusal": refusal.detail}, status_of(refusal)
    found.refresh_from_db(fields=["tested_at", "failed_stage"])
    if getattr(request, "htmx", False):
        context = tabs_of(request, solution, request.user) | _state_of(found) | told
        response = render(request, "functions/_connection_state.html", context, status=status)
    else:
        response = _page(request, found, told=told, status=status)
    response["Cache-Control"] = "no-store"
    return response


@console_page
def remove(request: ConsoleRequest, solution_id: uuid.UUID, name: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    found = find_connection(solution, name=name)
    if request.method != "POST":
        return redirect("solution-connection", solution.pk, found.name)
    typed = TypedNameForm(request.POST, name=found.name)
    if not typed.is_valid():
        return _page(request, found, removal_form=typed)
    with refusals_as_messages(request):
        remove_connection(solution, name=found.name, by=request.user)
        messages.success(request, _("%(name)s was removed.") % {"name": found.name})
    return redirect("solution-connections", solution.pk)


def _form(
    request: ConsoleRequest, solution: Solution, found: Connection | None, *, name: str = ""
) -> ConnectionForm:
    posted = request.POST if request.method == "POST" else None
    return ConnectionForm(posted, solution=solution, user=request.user, connection=found, name=name)


def _page(
    request: UserHttpRequest,
    found: Connection,
    *,
    form: ConnectionForm | None = None,
    removal_form: TypedNameForm | None = None,
    told: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    solution = found.solution
    shown = form or ConnectionForm(solution=solution, user=request.user, connection=found)
    context = tabs_of(request, solution, request.user) | _state_of(found) | (told or {})
    context |= {
        "form": shown,
        "json": json.dumps(fields_of(found).as_json(), indent=2, ensure_ascii=False),
        "is_json": request.GET.get("as") == "json",
        "removal_form": removal_form or TypedNameForm(name=found.name),
    }
    if shown.errors or (removal_form and removal_form.errors):
        status = 422
    return render(request, "functions/solution_connection.html", context, status=status)


def _state_of(found: Connection) -> dict[str, Any]:
    """Return what stands beside the form: how the last test ended, and who uses it."""
    return {
        "connection": found,
        "failed_stage": _stage_of(found),
        "uses": uses_of_connections(found.solution).get(found.name, []),
    }


def _stage_of(found: Connection) -> str:
    return str(STAGE_NAMES.get(found.failed_stage, found.failed_stage))
