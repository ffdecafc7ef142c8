"""Directory sync: the address and the token for it, and what it has done."""

import uuid

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.directory_forms import DirectoryGroupForm, EndDirectoryForm
from auth_providers.models import ScimGroup
from auth_providers.services.directory_overview import (
    directory_of,
    groups_to_stand_for,
    map_directory_group,
)
from auth_providers.services.scim_tokens import end_scim_token, find_scim_token, make_scim_token
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without

SCIM_PATH = "/scim/v2"
PAGE_SIZE = 25


@console_page
def directory(request: ConsoleRequest) -> HttpResponse:
    return _show(request)


# The token makes and ends members: more than a browser that somebody left open should do.
@console_page
@reauthentication_required  # type: ignore[untyped-decorator]
def make_token(request: ConsoleRequest) -> HttpResponse:
    find_scim_token(request.organization, by=request.user)
    if request.method != "POST":
        return redirect("directory")
    created = make_scim_token(request.organization, by=request.user, now=timezone.now())
    context = {"created": created, "scim_url": settings.PUBLIC_URL + SCIM_PATH}
    answer = render(request, "auth_providers/directory_token.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@console_page
def end(request: ConsoleRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect("directory")
    form = EndDirectoryForm(request.POST, name=request.organization.name)
    if form.is_valid():
        with refusals_as_messages(request):
            end_scim_token(request.organization, by=request.user)
            messages.success(request, _("The directory can't come in any more."))
        return redirect("directory")
    return _show(request, end_form=form)


@console_page
def group(request: ConsoleRequest, group_id: uuid.UUID) -> HttpResponse:
    directory = directory_of(request.organization, by=request.user)
    found = get_object_or_404(directory.groups, pk=group_id)
    form = _group_form(request, found)
    if form.is_valid():
        with refusals_in_form(form):
            map_directory_group(found, by=request.user, **form.cleaned_data)
            messages.success(request, _("%(group)s was saved.") % {"group": found})
            return redirect("directory")
    members = Paginator(found.members.select_related("membership__user"), PAGE_SIZE)
    context = {
        "group": found,
        "form": form,
        "page": members.get_page(request.GET.get("page")),
        "query": query_without(request, "page"),
    }
    status = 422 if form.errors else 200
    return render(request, "auth_providers/directory_group.html", context, status=status)


def _group_form(request: ConsoleRequest, found: ScimGroup) -> DirectoryGroupForm:
    groups = groups_to_stand_for(request.organization, by=request.user)
    typed = request.POST if request.method == "POST" else None
    return DirectoryGroupForm(typed, group=found, groups=groups)


def _show(request: ConsoleRequest, *, end_form: EndDirectoryForm | None = None) -> HttpResponse:
    directory = directory_of(request.organization, by=request.user)
    others = Paginator(directory.others, PAGE_SIZE)
    context = {
        "directory": directory,
        "scim_url": settings.PUBLIC_URL + SCIM_PATH,
        "others": others.get_page(request.GET.get("page")),
        "query": query_without(request, "page"),
        "groups": Paginator(directory.groups, PAGE_SIZE).get_page(request.GET.get("groups")),
        "groups_query": query_without(request, "groups"),
        "end_form": end_form or EndDirectoryForm(name=request.organization.name),
    }
    status = 422 if end_form else 200
    return render(request, "auth_providers/directory.html", context, status=status)
