"""A solution's people: the list, one role or many at once, and whom to add."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from functions.console.access import open_solution
from functions.console.solution_tabs import open_for, tabs_of
from jigxmgmt.console import refusals_as_messages
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.console.filters import query_without, search_of, uuid_or_none
from orgs.http import UserHttpRequest
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.policies import SolutionAct
from orgs.services.solution_members import may_make_owners, set_solution_members

PAGE_SIZE = 50
MOST_FOUND = 20
Role = SolutionMember.Role
# The pages whose forms are sent here, and to which it goes back.
PAGES = ("solution-members", "solution-members-add")
BY_NAME = ("user__first_name", "user__last_name", "user__email", "pk")


@console_page
def members(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_solution(request, solution_id)
    search, role = search_of(request), request.GET.get("role", "")
    people = Membership.objects.matching(search).filter(organization=solution.organization_id)
    found = solution.members.select_related("membership__user").prefetch_related("groups__group")
    if search:
        found = found.filter(membership__in=people)
    if role in Role.values:
        found = found.filter(role=role)
    ordered = found.order_by(*(f"membership__{column}" for column in BY_NAME))
    page = Paginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    context = tabs_of(request, solution, request.user) | {
        "page": page,
        "search": search,
        "role": role,
        "all_roles": Role.choices,
        "query": query_without(request, "page"),
        "here": request.GET.urlencode(),
    }
    context |= _roles(request.user, solution)
    return render(request, "functions/solution_members.html", context)


@console_page
def add_members(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.GOVERN)
    search = search_of(request)
    inside = solution.members.values("membership")
    found = found_people(solution, search).exclude(pk__in=inside)[: MOST_FOUND + 1]
    context = tabs_of(request, solution, request.user) | {
        "found": found[:MOST_FOUND],
        "has_more": len(found) > MOST_FOUND,
        "search": search,
        "here": request.GET.urlencode(),
    }
    context |= _roles(request.user, solution)
    return render(request, "functions/solution_members_add.html", context)


@posted_from("solutions")
def change_members(request: UserHttpRequest, solution_id: uuid.UUID) -> HttpResponse:
    """Give those who are chosen a role, or end their part."""
    solution = open_for(request, solution_id, SolutionAct.GOVERN)
    role = request.POST.get("role", "")
    is_removal = request.POST.get("act") == "remove"
    people = _chosen(request, solution)
    if not people:
        messages.error(request, _("Choose somebody first."))
    elif not is_removal and role not in Role.values:
        messages.error(request, _("Choose a role first."))
    else:
        becomes = None if is_removal else Role(role)
        with refusals_as_messages(request):
            set_solution_members(solution, changes=dict.fromkeys(people, becomes), by=request.user)
            messages.success(request, _what_happened(people, becomes))
    return _back(request, solution)


def found_people(solution: Solution, search: str) -> QuerySet[Membership]:
    """Return the people of the organization who could be added, by name."""
    people = Membership.objects.active().filter(organization=solution.organization_id)
    return people.matching(search).select_related("user").order_by(*BY_NAME)


def _roles(user: User, solution: Solution) -> dict[str, Any]:
    """Return which roles the person may give, and whether owners are theirs to change."""
    may_own = may_make_owners(user, solution)
    choices = [pair for pair in Role.choices if may_own or pair[0] != Role.OWNER]
    return {"roles": choices, "may_make_owners": may_own, "usual_role": Role.USER}


def _chosen(request: UserHttpRequest, solution: Solution) -> list[Membership]:
    chosen = [key for text in request.POST.getlist("person") if (key := uuid_or_none(text))]
    people = Membership.objects.filter(organization=solution.organization_id, pk__in=chosen)
    return list(people.select_related("user"))


def _what_happened(people: list[Membership], role: SolutionMember.Role | None) -> str:
    number = len(people)
    words = {"number": number, "name": people[0].user.display_name}
    if role is None:
        return (
            ngettext(
                "%(name)s is no longer in this solution.",
                "%(number)d people are no longer in this solution.",
                number,
            )
            % words
        )
    words["role"] = role.label
    return (
        ngettext(
            "%(name)s now has the role %(role)s.",
            "%(number)d people now have the role %(role)s.",
            number,
        )
        % words
    )


def _back(request: UserHttpRequest, solution: Solution) -> HttpResponse:
    """Return to the page that the form stood on, as it was narrowed."""
    page = request.POST.get("page", "")
    url = reverse(page if page in PAGES else PAGES[0], args=[solution.pk])
    query = QueryDict(request.POST.get("here", "")[:2000]).urlencode()
    return redirect(f"{url}?{query}" if query else url)
