"""*Try it*: a function's parameters as a form, run on the same path as a phone's call.

Nothing that is typed here, and nothing that comes back, is kept: the answer is part of this one
response, which no cache may hold. So a trial answers its POST with the page, not with a redirect.
"""

import uuid
from dataclasses import dataclass
from typing import Any, cast

import orjson
from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from functions.console.access import open_function
from functions.console.forms import TrialForm
from functions.console.functions import function_context, unconnected_credentials
from functions.console.parameters import parameters_of
from functions.console.result_sets import (
    DatabaseAnswer,
    DatabaseFault,
    fault_of,
    lay_out,
    written,
)
from functions.console.statements import statement_of
from functions.models import FunctionDefinition
from functions.services.calls import CallAnswer, try_function
from functions.sql_server.drivers import INSTALL
from jigxmgmt.api import status_of
from jigxmgmt.errors import DomainError
from orgs import policies
from orgs.models import User


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer, made ready for the page; the size is that of all which an app would get."""

    document: dict[str, Any]
    output: str
    is_cut: bool
    size: int
    database: DatabaseAnswer | None
    fault: DatabaseFault | None


@require_POST
async def try_it(request: HttpRequest, solution_id: uuid.UUID, name: str) -> HttpResponse:
    user = await request.auser()
    if not user.is_authenticated:
        return _sign_in_first(request, reverse("function", args=[solution_id, name]))
    function, form = await sync_to_async(_open)(request, user, solution_id, name)
    answer, refusal, status = None, "", 200
    if not form.is_valid():
        status = 422
    else:
        try:
            answer = show(await try_function(user, function=function, parameters=form.given()))
        except DomainError as error:
            form.add_refusal(error)
            refusal = "" if error.faults else error.detail
            status = status_of(error)
    response = await sync_to_async(_page)(request, function, form, answer, refusal)
    response.status_code = status
    return response


def show(answer: CallAnswer) -> Shown:
    """Lay out the output of an answer, and what a database answered before it was transformed."""
    document = answer.document
    told = document.pop("answer", None)
    output, is_cut = written(document.get("output"))
    return Shown(
        document,
        output,
        is_cut,
        size=len(answer.json) if told is None else len(orjson.dumps(document)),
        database=told and lay_out(told),
        fault=fault_of(document.get("error")),
    )


def _sign_in_first(request: HttpRequest, address: str) -> HttpResponse:
    """Send the whole page to sign in, and from there back to the function."""
    answer = redirect_to_login(address)
    return HttpResponseClientRedirect(answer.url) if getattr(request, "htmx", False) else answer


def _open(
    request: HttpRequest, user: User, solution_id: uuid.UUID, name: str
) -> tuple[FunctionDefinition, TrialForm]:
    request.user = user
    function = open_function(request, solution_id, name)
    act = policies.SolutionAct.CONFIGURE
    if not policies.can_in_solution(user, act, function.version.solution):
        raise PermissionDenied
    return function, TrialForm(request.POST, parameters=parameters_of(function))


def _page(
    request: HttpRequest,
    function: FunctionDefinition,
    form: TrialForm,
    answer: Shown | None,
    refusal: str,
) -> HttpResponse:
    context: dict[str, Any]
    if getattr(request, "htmx", False):
        template = "functions/_trial.html"
        solution = function.version.solution
        waiting = unconnected_credentials(
            solution, parameters_of(function), cast(User, request.user)
        )
        context = {"function": function, "solution": solution, "form": form}
        context |= {"unconnected": waiting, "statement": statement_of(function)}
    else:
        template = "functions/function.html"
        context = function_context(function, user=cast(User, request.user), form=form)
    context |= {"answer": answer, "refusal": refusal, "may_try": True, "install": INSTALL}
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    return response
