"""A solution's groups: the list, and one with who is in it."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from functions.console.access import open_solution
from functions.console.solution_forms import GroupForm, TypedNameForm
from functions.console.solution_members import BY_NAME, MOST_FOUND, found_people
from functions.console.solution_tabs import open_for, tabs_of
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.console.filters import query_without, search_of, uuid_or_none
from orgs.http import UserHttpRequest
from orgs.models import Membership, SolutionGroup, SolutionMember
from orgs.policies import SolutionAct, require_in_solution
from orgs.services.groups import (
    add_to_group,
    create_group,
    delete_group,
    remove_from_group,
    rename_group,
)

PAGE_SIZE = 50


@console_page
def groups(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_solution(request, solution_id)
    form = GroupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        require_in_solution(request.user, SolutionAct.GOVERN, solution)
    if form.is_valid():
        with refusals_in_form(form):
            group = create_group(solution, by=request.user, **form.cleaned_data)
            messages.success(request, _("The group %(name)s was created.") % {"name": group.name})
            return redirect("solution-group", solution.pk, group.pk)
    context = tabs_of(request, solution, request.user) | {
        "groups": solution.groups.annotate(people=Count("members")),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "functions/solution_groups.html", context, status=status)


@console_page
def group(request: ConsoleRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> HttpResponse:
    group = _open(request, solution_id, group_id)
    return _page(request, group)


@console_page
def rename(request: ConsoleRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> HttpResponse:
    group = _open(request, solution_id, group_id)
    form = GroupForm(request.POST if request.method == "POST" else None)
    before = group.name
    if form.is_valid():
        with refusals_in_form(form):
            rename_group(group, by=request.user, **form.cleaned_data)
            words = _("%(before)s is now %(name)s.") % {"before": before, "name": group.name}
            messages.success(request, words)
            return redirect("solution-group", solution_id, group_id)
    group.name = before
    return (
        _page(request, group, rename_form=form)
        if form.errors
        else redirect("solution-group", solution_id, group_id)
    )


@console_page
def delete(request: ConsoleRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> HttpResponse:
    group = _open(request, solution_id, group_id)
    typed = request.POST if request.method == "POST" else None
    form = TypedNameForm(typed, name=group.name)
    if form.is_valid():
        delete_group(group, by=request.user)
        messages.success(request, _("The group %(name)s was deleted.") % {"name": group.name})
        return redirect("solution-groups", solution_id)
    return _page(request, group, delete_form=form)


@posted_from("solutions")
def add(request: UserHttpRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> HttpResponse:
    group = _open(request, solution_id, group_id)
    people = Membership.objects.filter(organization=group.solution.organization_id)
    wanted = uuid_or_none(request.POST.get("person"))
    person = get_object_or_404(people.select_related("user"), pk=wanted)
    with refusals_as_messages(request):
        add_to_group(group, membership=person, by=request.user)
        words = {"name": person.user.display_name, "group": group.name}
        messages.success(request, _("%(name)s is now in %(group)s.") % words)
    url = reverse("solution-group", args=[solution_id, group_id])
    query = query_without(request, "page")
    return redirect(f"{url}?{query}" if query else url)


@posted_from("solutions")
def remove(request: UserHttpRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> HttpResponse:
    group = _open(request, solution_id, group_id)
    people = SolutionMember.objects.filter(solution=solution_id).select_related("membership__user")
    member = get_object_or_404(people, pk=uuid_or_none(request.POST.get("member")))
    remove_from_group(group, member=member, by=request.user)
    words = {"name": member.membership.user.display_name, "group": group.name}
    messages.success(request, _("%(name)s is no longer in %(group)s.") % words)
    return redirect("solution-group", solution_id, group_id)


def _open(request: UserHttpRequest, solution_id: uuid.UUID, group_id: uuid.UUID) -> SolutionGroup:
    """Return a group of a solution that the person sees; changing it takes the right to."""
    if request.method in ("GET", "HEAD"):
        solution = open_solution(request, solution_id)
    else:
        solution = open_for(request, solution_id, SolutionAct.GOVERN)
    group: SolutionGroup = get_object_or_404(solution.groups, pk=group_id)
    group.solution = solution
    return group


def _page(
    request: ConsoleRequest,
    group: SolutionGroup,
    *,
    rename_form: GroupForm | None = None,
    delete_form: TypedNameForm | None = None,
) -> HttpResponse:
    solution, search = group.solution, search_of(request)
    inside = SolutionMember.objects.filter(groups__group=group)
    ordered = inside.select_related("membership__user").order_by(
        *(f"membership__{column}" for column in BY_NAME)
    )
    page = Paginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    outside = found_people(solution, search).exclude(pk__in=inside.values("membership"))
    found = list(outside[: MOST_FOUND + 1]) if search else []
    context: dict[str, Any] = tabs_of(request, solution, request.user) | {
        "group": group,
        "page": page,
        "query": query_without(request, "page"),
        "search": search,
        "found": found[:MOST_FOUND],
        "has_more": len(found) > MOST_FOUND,
        "rename_form": rename_form or GroupForm(initial={"name": group.name}),
        "delete_form": delete_form or TypedNameForm(name=group.name),
    }
    is_refused = any(form is not None and form.errors for form in (rename_form, delete_form))
    return render(
        request, "functions/solution_group.html", context, status=422 if is_refused else 200
    )
