"""A solution's title and custom variables: as a form and as JSON, over one object."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from functions.console.solution_tabs import open_for, tabs_of
from functions.console.variables import (
    MORE_ROWS,
    MOST_ROWS,
    VariableRows,
    VariablesAsJson,
    rows_from,
    shown_as,
)
from jigxmgmt.errors import DomainError, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Solution
from orgs.policies import SolutionAct
from orgs.services.solutions import TITLE_LENGTH, change_solution

Variables = VariableRows | VariablesAsJson


class TitleForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=TITLE_LENGTH)


@console_page
def solution_settings(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.CONFIGURE)
    if request.method != "POST":
        shown = shown_as(solution.custom_settings, is_json=request.GET.get("as") == "json")
        return _page(request, solution, TitleForm(initial={"title": solution.title}), shown)
    title, variables = TitleForm(request.POST), _sent(request)
    act = request.POST.get("act")
    if act == "more":
        return _page(request, solution, title, rows_from(_with_more_rows(request.POST)))
    is_whole = variables.is_valid()
    if act == "switch" and is_whole:
        other = shown_as(variables.variables(), is_json=isinstance(variables, VariableRows))
        return _page(request, solution, title, other)
    is_to_save = title.is_valid() and is_whole and act != "switch"
    if is_to_save and _save(request, solution, title, variables):
        return redirect("solution-settings", solution.pk)
    return _page(request, solution, title, variables, status=422)


def _sent(request: ConsoleRequest) -> Variables:
    return VariablesAsJson(request.POST) if "json" in request.POST else rows_from(request.POST)


def _save(
    request: ConsoleRequest, solution: Solution, title: TitleForm, variables: Variables
) -> bool:
    """Save both; false where something is refused, which then stands at its field."""
    before = solution.title
    try:
        change_solution(
            solution,
            title=title.cleaned_data["title"],
            custom_settings=variables.variables(),
            by=request.user,
        )
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        solution.title = before
        for fault in refusal.faults:
            _show_fault(title, variables, fault.pointer, fault.detail)
        return False
    messages.success(request, _("The settings of %(title)s are saved.") % {"title": solution.title})
    return True


def _show_fault(title: TitleForm, variables: Variables, pointer: str, detail: str) -> None:
    if pointer == "/title":
        title.add_error("title", detail)
    elif isinstance(variables, VariablesAsJson):
        variables.add_error("json", detail)
    else:
        variables.non_form_errors().append(detail)


def _with_more_rows(posted: QueryDict) -> QueryDict:
    more = posted.copy()
    shown = more.get("form-TOTAL_FORMS", "0")
    is_number = shown.isdecimal() and len(shown) <= len(str(MOST_ROWS))
    more["form-TOTAL_FORMS"] = str((int(shown) if is_number else 0) + MORE_ROWS)
    return more


def _page(
    request: ConsoleRequest,
    solution: Solution,
    title: TitleForm,
    variables: Variables,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = tabs_of(request, solution, request.user) | {
        "title_form": title,
        "variables": variables,
        "is_json": isinstance(variables, VariablesAsJson),
    }
    return render(request, "functions/solution_settings.html", context, status=status)
