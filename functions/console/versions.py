"""A solution's versions: the list, and one with what it changes, to fetch or to restore."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from functions.console.access import open_solution
from functions.console.solution_tabs import tabs_of
from functions.console.solutions import number_of, zip_of
from functions.models import FunctionDefinition, PublishedVersion
from functions.services.editing import files_of
from functions.services.publishing import find_version, restore_version
from functions.services.version_diffs import FileChange, diff_files
from jigxmgmt.errors import DomainError, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Solution

PAGE_SIZE = 50
MOST_FILES = 100


@console_page
def versions(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_solution(request, solution_id)
    found = solution.versions.select_related("published_by").defer("archive")
    counted = found.annotate(
        function_count=number_of(FunctionDefinition.objects.all(), of="version")
    )
    page = Paginator(counted, PAGE_SIZE).get_page(request.GET.get("page"))
    context = tabs_of(request, solution, request.user) | {"page": page}
    return render(request, "functions/solution_versions.html", context)


@console_page
def version(request: ConsoleRequest, solution_id: uuid.UUID, number: int) -> HttpResponse:
    solution = open_solution(request, solution_id)
    return version_page(request, solution, find_version(solution, number))


def version_page(
    request: ConsoleRequest,
    solution: Solution,
    version: PublishedVersion,
    *,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """Show a version beside another, and why it was not restored."""
    compared = _compared_with(request, solution, version)
    context: dict[str, Any] = tabs_of(request, solution, request.user) | {
        "version": version,
        "is_live": version.number == solution.version,
        "previous": version.number - 1,
        "compared": compared,
        "functions": version.functions.count(),
        "refusal": refusal,
    }
    try:
        context |= shown_changes(
            diff_files(files_of(solution, compared), files_of(solution, version.number))
        )
    except (NotAllowed, NotFound):
        raise
    except DomainError as too_much:  # the installation's bounds were wider once
        context["refusal"] = refusal or too_much
    status = 422 if refusal else 200
    return render(request, "functions/solution_version.html", context, status=status)


def shown_changes(changes: list[FileChange]) -> dict[str, Any]:
    """Return what the template of changes takes; past a bound, files are only counted."""
    return {
        "changes": changes[:MOST_FILES],
        "change_count": len(changes),
        "more_changes": max(len(changes) - MOST_FILES, 0),
        "added_lines": sum(change.added_lines for change in changes),
        "removed_lines": sum(change.removed_lines for change in changes),
    }


@require_POST
@console_page
def restore(request: ConsoleRequest, solution_id: uuid.UUID, number: int) -> HttpResponse:
    solution = open_solution(request, solution_id)
    try:
        restored = restore_version(solution, number=number, by=request.user)
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        return version_page(request, solution, find_version(solution, number), refusal=refusal)
    words = _("Version %(number)s is live again, as version %(restored)s.")
    messages.success(request, words % {"number": number, "restored": restored.number})
    return redirect("solution-version", solution.pk, restored.number)


@require_safe
@console_page
def download(request: ConsoleRequest, solution_id: uuid.UUID, number: int) -> HttpResponse:
    """Answer with the version's folder, as it was published."""
    solution = open_solution(request, solution_id)
    return zip_of(solution, find_version(solution, number))


def _compared_with(request: ConsoleRequest, solution: Solution, version: PublishedVersion) -> int:
    """Return the number that was asked for, or the live one's, or the one before."""
    asked = request.GET.get("with", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 10:
        wanted = int(asked)
        if wanted <= solution.version:
            return wanted
    return solution.version if version.number != solution.version else version.number - 1
