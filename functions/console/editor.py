"""One function's file in an editor: each save publishes a version with that file changed.

What is typed is checked on the way, and kept nowhere before it is saved.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from functions.console.completion import editor_data
from functions.console.editor_forms import FileForm, NewFileForm, RemovalForm, path_of
from functions.console.solution_tabs import open_for, tabs_of
from functions.console.versions import shown_changes
from functions.models import FunctionDefinition, PublishedVersion
from functions.services.editing import (
    add_file,
    check_file,
    files_of,
    publish_file,
    read_file,
    remove_file,
)
from functions.services.publishing import PublishedMeanwhile
from functions.services.version_diffs import diff_files
from jigxmgmt.api import status_of
from jigxmgmt.console import refusals_as_messages
from jigxmgmt.errors import DomainError, FieldFault, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Solution
from orgs.policies import SolutionAct

STARTER = """\
provider: DATA_PROVIDER_REST
method: GET
url: https://
"""
UNNAMED = "new-function"


@console_page
def file(request: ConsoleRequest, solution_id: uuid.UUID, path: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.PUBLISH)
    if request.method != "POST":
        text = read_file(solution, path, version=solution.version)
        form = FileForm(initial={"text": text, "based_on": solution.version})
        return _page(request, solution, form, path=path)
    form = FileForm(request.POST)
    if not form.is_valid():
        return _page(request, solution, form, path=path)
    try:
        version = publish_file(solution, path=path, by=request.user, **form.cleaned_data)
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        return _page(request, solution, form, path=path, refusal=refusal)
    return _go_on(request, version, path)


@console_page
def new_file(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.PUBLISH)
    if request.method != "POST":
        form = NewFileForm(initial={"text": STARTER, "based_on": solution.version})
        return _page(request, solution, form)
    form = NewFileForm(request.POST)
    if not form.is_valid():
        return _page(request, solution, form)
    typed = form.cleaned_data
    path, text, based_on = path_of(typed["name"]), typed["text"], typed["based_on"]
    try:
        version = add_file(solution, path=path, text=text, based_on=based_on, by=request.user)
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        if any(fault.pointer == "/path" for fault in refusal.faults):
            form.add_error("name", refusal.detail)
            return _page(request, solution, form)
        return _page(request, solution, form, path=path, refusal=refusal)
    return _go_on(request, version, path)


@require_POST
@console_page
def remove(request: ConsoleRequest, solution_id: uuid.UUID, path: str) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.PUBLISH)
    form = RemovalForm(request.POST)
    if form.is_valid():
        with refusals_as_messages(request):
            version = remove_file(solution, path=path, by=request.user, **form.cleaned_data)
            words = _("%(path)s is gone. Version %(number)s is live without it.")
            messages.success(request, words % {"path": path, "number": version.number})
            return redirect("solution-version", solution.pk, version.number)
    return redirect("solution-versions", solution.pk)


@require_POST
@console_page
def check(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    """Answer with what publishing would say of a text; nothing of it is kept."""
    solution = open_for(request, solution_id, SolutionAct.PUBLISH)
    path = request.POST.get("path") or path_of(request.POST.get("name") or UNNAMED)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        checked = check_file(solution, path=path, text=text, by=request.user)
        found = [_problem(fault, "error") for fault in checked.faults]
        found += [_problem(warning, "warning") for warning in checked.warnings]
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        found = [_problem(FieldFault("", refusal.detail, refusal.code), "error")]
    found.sort(key=lambda problem: problem["line"])
    return JsonResponse(found, safe=False, headers={"Cache-Control": "no-store"})


def _problem(fault: FieldFault, severity: str) -> dict[str, Any]:
    return {
        "line": fault.line or 1,
        "severity": severity,
        "code": fault.code,
        "message": fault.detail,
    }


def _go_on(request: ConsoleRequest, version: PublishedVersion, path: str) -> HttpResponse:
    words = _("Saved. Version %(number)s is live.") % {"number": version.number}
    messages.success(request, words)
    return redirect("function-file", version.solution_id, path)


def _page(
    request: ConsoleRequest,
    solution: Solution,
    form: FileForm,
    *,
    path: str = "",
    refusal: DomainError | None = None,
) -> HttpResponse:
    is_new = isinstance(form, NewFileForm)
    faults = refusal.faults if refusal else ()
    context: dict[str, Any] = tabs_of(request, solution, request.user) | {
        "form": form,
        "path": path,
        "is_new": is_new,
        "refusal": refusal,
        "faults": [fault for fault in faults if fault.file == path],
        "other_faults": [fault for fault in faults if fault.file != path],
        "editor_data": editor_data(solution),
    }
    if not is_new:
        live = FunctionDefinition.objects.live().filter(version__solution=solution, path=path)
        context["function"] = live.values_list("name", flat=True).first()
    if isinstance(refusal, PublishedMeanwhile):
        context |= _meanwhile(solution, form, path)
    status = status_of(refusal) if refusal else 422 if form.errors else 200
    return render(request, "functions/function_file.html", context, status=status)


def _meanwhile(solution: Solution, form: FileForm, path: str) -> dict[str, Any]:
    """Show what somebody else did, and let the next save stand on top of it."""
    solution.refresh_from_db(fields=["version"])
    typed = form.cleaned_data
    before = files_of(solution, typed["based_on"])
    changes = diff_files(before, files_of(solution, solution.version))
    own = [change for change in changes if change.path == path]
    return shown_changes(own) | {
        "form": type(form)(initial=typed | {"based_on": solution.version}),
        "is_late": True,
        "others_changed": len(changes) - len(own),
    }
