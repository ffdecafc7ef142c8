"""Copying a solution, and ending it: each on a page of its own."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from functions.console.solution_forms import NewSolutionForm, TypedNameForm
from functions.console.solution_tabs import open_for
from functions.console.solutions import what_hangs_on
from functions.services.copying import copy_solution, suggested_name, suggested_title
from jigxmgmt.console import refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.policies import SolutionAct
from orgs.services.solutions import delete_solution


@console_page
def copy(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.DELETE)
    policies.require(request.user, policies.Act.CREATE_SOLUTIONS, solution.organization)
    if request.method == "POST":
        form = NewSolutionForm(request.POST)
    else:
        suggested = {"name": suggested_name(solution), "title": suggested_title(solution)}
        form = NewSolutionForm(initial=suggested)
    if form.is_valid():
        with refusals_in_form(form):
            made = copy_solution(solution, by=request.user, **form.cleaned_data)
            words = _("%(title)s was copied. Its secrets have to be saved anew.")
            if not made.credentials.exists() and not made.connections.exists():
                words = _("%(title)s was copied.")
            messages.success(request, words % {"title": solution.title})
            return redirect("solution", made.pk)
    context = {"solution": solution, "form": form, "counts": what_hangs_on(solution)}
    status = 422 if form.errors else 200
    return render(request, "functions/solution_copy.html", context, status=status)


@console_page
def delete(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.DELETE)
    typed = request.POST if request.method == "POST" else None
    form = TypedNameForm(typed, name=solution.name)
    if form.is_valid():
        delete_solution(solution, by=request.user)
        messages.success(request, _("%(title)s was deleted.") % {"title": solution.title})
        return redirect("solutions")
    context = {"solution": solution, "form": form, "counts": what_hangs_on(solution)}
    status = 422 if form.errors else 200
    return render(request, "functions/solution_delete.html", context, status=status)
