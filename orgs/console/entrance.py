"""The console's threshold: who comes in, and into which organization."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from orgs.console.shell import shell_of
from orgs.http import UserHttpRequest
from orgs.models import Organization

Rest = ParamSpec("Rest")


class ConsoleRequest(UserHttpRequest):
    """A request of somebody who may be in the console, and the organization they look at."""

    organization: Organization


def console_page(
    view: Callable[Concatenate[ConsoleRequest, Rest], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponse]:
    """Let in those whose role opens the console; tell everybody else so, with the way out."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        organization = shell_of(request).organization
        if organization is None:
            return render(request, "orgs/no_entrance.html", status=403)
        request.organization = organization  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return login_required(guarded)  # type: ignore[return-value]
