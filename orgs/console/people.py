"""The people of an organization: who is in, and who is invited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zlib import crc32

from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Prefetch, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs import policies
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.filters import query_without, search_of, uuid_or_none
from orgs.console.shell import initials, shell_of
from orgs.models import Invite, InviteSolution, Membership, Solution, SolutionMember
from orgs.models.invites import InviteQuerySet
from orgs.models.organizations import MembershipQuerySet
from orgs.policies import Act, SolutionAct
from orgs.services.invites import seen_invites
from orgs.services.members import members_of

PAGE_SIZE = 50
MOST_SOLUTIONS = 3
MOST_CHOICES = 200
TONES = 5
MEMBER, INVITE = "member", "invite"
STATES = {
    "active": (_("Active"), "positive"),
    "disabled": (_("Disabled"), "secondary"),
    "invited": (_("Invited"), "outline"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A person in the list, whether they are in or only invited."""

    id: UUID
    name: str
    email: str
    role: str
    state: str
    solutions: list[str]
    last_seen_at: datetime | None = None
    picture_id: UUID | None = None
    is_self: bool = False
    is_owner: bool = False

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def tone(self) -> int:
        """Which of the tiles stands for the person, the same one everywhere."""
        return crc32(self.email.encode()) % TONES + 1

    @property
    def state_label(self) -> StrPromise:
        return STATES[self.state][0]

    @property
    def state_tone(self) -> str:
        return STATES[self.state][1]

    @property
    def first_solutions(self) -> str:
        return ", ".join(self.solutions[:MOST_SOLUTIONS])

    @property
    def more_solutions(self) -> int:
        return max(len(self.solutions) - MOST_SOLUTIONS, 0)


@console_page
def people(request: ConsoleRequest) -> HttpResponse:
    seen = policies.solutions_allowing(request.user, SolutionAct.SEE)
    seen = seen.filter(organization=request.organization)
    filters = _filters(request)
    page = _page(_found(request, filters, seen), request.GET.get("page", ""))
    place = shell_of(request).place
    acts = place.acts if place else frozenset()
    may_manage = Act.MANAGE_PEOPLE in acts
    context = {
        "rows": _rows(page.object_list, request, seen),
        "page": page,
        "filters": filters,
        "is_narrowed": any(filters.values()),
        "roles": Membership.Role.choices,
        "states": [
            (state, label)
            for state, (label, _tone) in STATES.items()
            if may_manage or state != "invited"
        ],
        "solutions": seen[:MOST_CHOICES],
        "query": query_without(request, "page"),
        "may_manage": may_manage,
        "may_own": Act.OWN_ORGANIZATION in acts,
    }
    return render(request, "orgs/people.html", context)


def _filters(request: ConsoleRequest) -> dict[str, str]:
    """Return what narrows the list; what cannot be is as if it were not given."""
    role, state = request.GET.get("role", ""), request.GET.get("state", "")
    return {
        "search": search_of(request),
        "role": role if role in Membership.Role.values else "",
        "state": state if state in STATES else "",
        "solution": str(uuid_or_none(request.GET.get("solution")) or ""),
    }


def _found(
    request: ConsoleRequest, wanted: dict[str, str], seen: QuerySet[Solution]
) -> QuerySet[Any, Any]:
    """Return kind and id of everybody who matches, members and open invites as one list."""
    members = members_of(request.organization, by=request.user).matching(wanted["search"])
    invites = seen_invites(request.organization, by=request.user, now=timezone.now())
    invites = invites.matching(wanted["search"])
    if role := wanted["role"]:
        members, invites = members.filter(role=role), invites.filter(role=role)
    if solution := wanted["solution"]:
        named = seen.filter(pk=solution)
        members = members.filter(solution_roles__solution__in=named)
        invites = invites.filter(solutions__solution__in=named)
    return _in_state(members, invites, wanted["state"])


def _in_state(
    members: MembershipQuerySet, invites: InviteQuerySet, state: str
) -> QuerySet[Any, Any]:
    if state == "invited":
        return _keys(invites, INVITE).order_by("name", "pk")
    if state == "active":
        return _keys(members.active(), MEMBER, "user__").order_by("name", "pk")
    if state == "disabled":
        return _keys(members.disabled(), MEMBER, "user__").order_by("name", "pk")
    everybody = _keys(members, MEMBER, "user__").union(_keys(invites, INVITE), all=True)
    return everybody.order_by("name", "pk")


def _keys(people: QuerySet[Any], kind: str, person: str = "") -> QuerySet[Any, Any]:
    """Return what the list is ordered by, and no more: the details come for one page."""
    whole = Trim(Concat(f"{person}first_name", Value(" "), f"{person}last_name"))
    shown = Coalesce(NullIf(whole, Value("")), F(f"{person}email"), output_field=CharField())
    # Their own order would be refused inside a union.
    named = people.order_by().annotate(kind=Value(kind), name=Lower(shown))
    keys: QuerySet[Any, Any] = named.values_list("kind", "pk", "name")
    return keys


def _page(found: QuerySet[Any, Any], wanted: str) -> Page[Any]:
    paginator = Paginator(found, PAGE_SIZE)
    return paginator.get_page(paginator.num_pages if wanted == "last" else wanted)


def _rows(
    keys: Iterable[tuple[str, UUID, str]], request: ConsoleRequest, seen: QuerySet[Solution]
) -> list[Row]:
    keys = list(keys)
    members = _members([pk for kind, pk, _ in keys if kind == MEMBER], seen)
    invites = _invites([pk for kind, pk, _ in keys if kind == INVITE], seen)
    made = {member.pk: _row_of_member(member, request) for member in members}
    made |= {invite.pk: _row_of_invite(invite) for invite in invites}
    # Who went between two queries is left out.
    return [made[pk] for _, pk, _ in keys if pk in made]


def _members(ids: list[UUID], seen: QuerySet[Solution]) -> QuerySet[Membership]:
    roles = SolutionMember.objects.filter(solution__in=seen).select_related("solution")
    shown = Prefetch("solution_roles", roles.order_by("solution__title"), to_attr="seen_roles")
    found = Membership.objects.filter(pk__in=ids).select_related("user")
    return found.prefetch_related(shown)


def _invites(ids: list[UUID], seen: QuerySet[Solution]) -> QuerySet[Invite]:
    roles = InviteSolution.objects.filter(solution__in=seen).select_related("solution")
    shown = Prefetch("solutions", roles.order_by("solution__title"), to_attr="seen_roles")
    return Invite.objects.filter(pk__in=ids).prefetch_related(shown)


def _row_of_member(membership: Membership, request: ConsoleRequest) -> Row:
    return Row(
        id=membership.pk,
        name=membership.user.display_name,
        email=membership.user.email,
        role=membership.get_role_display(),
        state="active" if membership.may_enter else "disabled",
        solutions=[role.solution.title for role in membership.seen_roles],  # type: ignore[attr-defined]
        last_seen_at=membership.last_seen_at,
        picture_id=membership.user.picture_id,
        is_self=membership.user_id == request.user.pk,
        is_owner=membership.role == Membership.Role.OWNER,
    )


def _row_of_invite(invite: Invite) -> Row:
    return Row(
        id=invite.pk,
        name=invite.display_name,
        email=invite.email,
        role=invite.get_role_display(),
        state="invited",
        solutions=[role.solution.title for role in invite.seen_roles],  # type: ignore[attr-defined]
    )
