"""One person of an organization: role, solutions, groups, where they are signed in."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.person_forms import GiveSolutionForm, RemoveForm, RoleForm
from auth_providers.services.member_devices import (
    devices_of,
    end_member_device,
    end_member_session,
    is_nowhere_else,
    sessions_of,
)
from auth_providers.services.outside_grants import end_grant, grants_of_member
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page, posted_from
from orgs.console.shell import shell_of
from orgs.models import GroupMember, Membership, SolutionMember
from orgs.policies import Act, SolutionAct
from orgs.services.members import (
    change_member_role,
    disable_member,
    enable_member,
    remove_member,
)
from orgs.services.solution_members import remove_solution_member, set_solution_member_role

MOST_ROWS = 100


@console_page
def person(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    return _show(request, _find(request, membership_id))


@posted_from("people")
@console_page
def change_role(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _find(request, membership_id)
    form = RoleForm(request.POST, membership=membership, by=request.user)
    if form.is_valid():
        role = Membership.Role(form.cleaned_data["role"])
        with refusals_in_form(form):
            change_member_role(membership, role=role, by=request.user)
            words = _("%(person)s now has the role %(role)s.")
            named = {"person": membership.user.display_name, "role": membership.get_role_display()}
            messages.success(request, words % named)
            return redirect("person", membership.pk)
    return _show(request, membership, role_form=form)


@posted_from("people")
@console_page
def disable(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _find(request, membership_id)
    with refusals_as_messages(request):
        disable_member(membership, by=request.user)
        words = _("%(person)s is disabled.") % {"person": membership.user.display_name}
        messages.success(request, words)
    return _back(request, membership)


@posted_from("people")
@console_page
def enable(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _find(request, membership_id)
    with refusals_as_messages(request):
        enable_member(membership, by=request.user, now=timezone.now())
        words = _("%(person)s may come in again.") % {"person": membership.user.display_name}
        messages.success(request, words)
    return _back(request, membership)


@posted_from("people")
@console_page
def remove(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _find(request, membership_id)
    form = RemoveForm(request.POST, membership=membership)
    if form.is_valid():
        with refusals_in_form(form):
            remove_member(membership, by=request.user)
            named = {
                "person": membership.user.display_name,
                "organization": membership.organization,
            }
            messages.success(request, _("%(person)s is no longer in %(organization)s.") % named)
            return redirect("people")
    return _show(request, membership, remove_form=form)


@posted_from("people")
@console_page
def give_solution(request: ConsoleRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _find(request, membership_id)
    form = GiveSolutionForm(request.POST, membership=membership, by=request.user)
    if form.is_valid():
        solution = form.cleaned_data["solution"]
        role = SolutionMember.Role(form.cleaned_data["role"])
        with refusals_in_form(form):
            set_solution_member_role(solution, membership=membership, role=role, by=request.user)
            named = {"person": membership.user.display_name, "solution": solution}
            messages.success(request, _("%(person)s is now in %(solution)s.") % named)
            return redirect("person", membership.pk)
    return _show(request, membership, give_form=form)


@posted_from("people")
@console_page
def change_solution_role(
    request: ConsoleRequest, membership_id: uuid.UUID, member_id: uuid.UUID
) -> HttpResponse:
    membership = _find(request, membership_id)
    member = get_object_or_404(_solution_roles(request, membership), pk=member_id)
    role = request.POST.get("role", "")
    if role not in SolutionMember.Role.values:
        messages.error(request, _("Choose a role."))
        return redirect("person", membership.pk)
    with refusals_as_messages(request):
        member = set_solution_member_role(
            member.solution,
            membership=membership,
            role=SolutionMember.Role(role),
            by=request.user,
        )
        words = _("%(person)s now has the role %(role)s in %(solution)s.")
        named = {"person": membership.user.display_name, "role": member.get_role_display()}
        messages.success(request, words % (named | {"solution": member.solution}))
    return redirect("person", membership.pk)


@posted_from("people")
@console_page
def take_solution(
    request: ConsoleRequest, membership_id: uuid.UUID, member_id: uuid.UUID
) -> HttpResponse:
    membership = _find(request, membership_id)
    member = get_object_or_404(_solution_roles(request, membership), pk=member_id)
    with refusals_as_messages(request):
        remove_solution_member(member, by=request.user)
        named = {"person": membership.user.display_name, "solution": member.solution}
        messages.success(request, _("%(person)s is no longer in %(solution)s.") % named)
    return redirect("person", membership.pk)


@posted_from("people")
@console_page
def end_device(
    request: ConsoleRequest, membership_id: uuid.UUID, device_id: uuid.UUID
) -> HttpResponse:
    now = timezone.now()
    membership = _find(request, membership_id)
    theirs = devices_of(membership, by=request.user, now=now)
    device = get_object_or_404(theirs, pk=device_id)
    with refusals_as_messages(request):
        end_member_device(device, membership=membership, by=request.user, now=now)
        messages.success(request, _("%(device)s is signed out.") % {"device": device})
    return redirect("person", membership.pk)


@posted_from("people")
@console_page
def end_session(request: ConsoleRequest, membership_id: uuid.UUID, session_id: int) -> HttpResponse:
    membership = _find(request, membership_id)
    theirs = sessions_of(membership, by=request.user, now=timezone.now())
    session = get_object_or_404(theirs, pk=session_id)
    with refusals_as_messages(request):
        end_member_session(session, membership=membership, by=request.user)
        messages.success(request, _("The browser is signed out."))
    return redirect("person", membership.pk)


@posted_from("people")
@console_page
def end_connection(
    request: ConsoleRequest, membership_id: uuid.UUID, grant_id: uuid.UUID
) -> HttpResponse:
    membership = _find(request, membership_id)
    theirs = grants_of_member(membership, by=request.user)
    grant = get_object_or_404(theirs, pk=grant_id)
    with refusals_as_messages(request):
        end_grant(grant, by=request.user)
        named = {"service": grant.configuration, "solution": grant.solution}
        messages.success(request, _("%(service)s is disconnected from %(solution)s.") % named)
    return redirect("person", membership.pk)


def _find(request: ConsoleRequest, membership_id: uuid.UUID) -> Membership:
    """Find a person in whichever organization one sees people, and let the shell show that one."""
    places = policies.organizations_allowing(request.user, Act.SEE_PEOPLE)
    seen = Membership.objects.filter(organization__in=places)
    membership = get_object_or_404(seen.select_related("user", "organization"), pk=membership_id)
    shell_of(request).look_at(membership.organization_id)
    request.organization = membership.organization
    return membership


def _show(request: ConsoleRequest, membership: Membership, **refused: forms.Form) -> HttpResponse:
    """Show the page; with a form that was refused, as it was filled in."""
    place = shell_of(request).place
    acts = place.acts if place else frozenset()
    roles = _solution_roles(request, membership)
    groups = GroupMember.objects.filter(member__in=roles).select_related("group__solution")
    context: dict[str, Any] = {
        "membership": membership,
        "person": membership.user,
        "is_self": membership.user_id == request.user.pk,
        "roles": roles[:MOST_ROWS],
        "groups": groups.order_by("group__name")[:MOST_ROWS],
        **_connections(request, membership),
        "may_manage": Act.MANAGE_PEOPLE in acts,
        "may_touch": policies.can_grant(request.user, membership.organization, membership.role),
        "solution_roles": SolutionMember.Role.choices,
    }
    if context["may_manage"]:
        context |= _for_managers(request, membership)
    status = 422 if refused else 200
    return render(request, "auth_providers/person.html", context | refused, status=status)


def _for_managers(request: ConsoleRequest, membership: Membership) -> dict[str, Any]:
    now = timezone.now()
    devices = devices_of(membership, by=request.user, now=now)[:MOST_ROWS]
    held = membership.solution_roles.values("solution")
    return {
        "may_give": membership.organization.solutions.exclude(pk__in=held).exists(),
        "devices": devices,
        "ended_with": sum(bool(device.app.organization_id) for device in devices),
        "sessions": sessions_of(membership, by=request.user, now=now)[:MOST_ROWS],
        "is_nowhere_else": is_nowhere_else(membership),
        "role_form": RoleForm(membership=membership, by=request.user),
        "give_form": GiveSolutionForm(membership=membership, by=request.user),
        "remove_form": RemoveForm(membership=membership),
    }


def _connections(request: ConsoleRequest, membership: Membership) -> dict[str, Any]:
    """Return the person's connections, and the solutions in which one may end them."""
    theirs = grants_of_member(membership, by=request.user)[:MOST_ROWS]
    if not theirs:
        return {"connections": theirs, "governed": set()}
    governed = policies.solutions_allowing(request.user, SolutionAct.GOVERN)
    if membership.user_id == request.user.pk:
        governed = membership.organization.solutions.all()
    shown = {grant.solution_id for grant in theirs}
    governed_ids = governed.filter(pk__in=shown).values_list("pk", flat=True)
    return {"connections": theirs, "governed": set(governed_ids)}


def _solution_roles(request: ConsoleRequest, membership: Membership) -> QuerySet[SolutionMember]:
    """Return the person's roles in those solutions that whoever looks may see."""
    seen = policies.solutions_allowing(request.user, SolutionAct.SEE)
    roles = membership.solution_roles.filter(solution__in=seen)
    return roles.select_related("solution__organization", "membership__user").order_by(
        "solution__title"
    )


def _back(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Return to where the button was: the list as it was narrowed, or the person's page."""
    query = request.POST.get("list")
    if query is None:
        return redirect("person", membership.pk)
    return redirect(f"{reverse('people')}?{QueryDict(query.lstrip('?')).urlencode()}")
