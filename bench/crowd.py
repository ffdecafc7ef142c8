"""A crowd in one organization: people, requests to join and invitations, made in bulk."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from uuid import uuid4

from django.utils import timezone

from orgs.models import (
    Invite,
    JoinRequest,
    Membership,
    Organization,
    Solution,
    SolutionMember,
    User,
)

FIRST_NAMES = ("Mia", "Thandi", "Lars", "Priya", "Marco", "Aisha", "Chen", "Sofía")
ROLES = (*(Membership.Role.USER,) * 8, Membership.Role.CREATOR, Membership.Role.ADMIN)
AT_ONCE = 500


def make_crowd(organization: Organization, *, people: int, requests: int, invites: int) -> None:
    """Fill an organization; who is in has a role in one of three solutions each."""
    memberships = _make_members(organization, people)
    solutions = [
        Solution(organization=organization, name=f"solution-{number}", title=f"Solution {number}")
        for number in range(3)
    ]
    Solution.objects.bulk_create(solutions)
    roles = [
        SolutionMember(solution=solution, membership=membership)
        for solution, membership in zip(cycle(solutions), memberships, strict=False)
    ]
    SolutionMember.objects.bulk_create(roles, AT_ONCE)
    _make_requests(organization, requests)
    _make_invites(organization, invites)


def _make_members(organization: Organization, number: int) -> list[Membership]:
    marker = uuid4().hex[:8]  # several crowds fit into one database
    users = [
        User(
            email=f"person-{index}@{marker}.example",
            first_name=first_name,
            last_name=f"Number {index}",
            password="!",  # noqa: S106 (nobody signs in by it)
        )
        for index, first_name in _named(number)
    ]
    User.objects.bulk_create(users, AT_ONCE)
    memberships = [
        Membership(
            organization=organization,
            user=user,
            role=role,
            is_active=index % 50 > 0,
            created_at=moment,
            last_seen_at=moment,
        )
        for index, (user, role, moment) in enumerate(
            zip(users, cycle(ROLES), _moments(), strict=False)
        )
    ]
    return Membership.objects.bulk_create(memberships, AT_ONCE)


def _make_requests(organization: Organization, number: int) -> None:
    rows = [
        JoinRequest(
            organization=organization,
            email=f"asks-{index}@acme.example",
            first_name=first_name,
            last_name=f"Asks {index}",
            source=JoinRequest.Source.APP,
            created_at=moment,
        )
        for (index, first_name), moment in zip(_named(number), _moments(), strict=False)
    ]
    JoinRequest.objects.bulk_create(rows, AT_ONCE)


def _make_invites(organization: Organization, number: int) -> None:
    rows = [
        Invite(
            organization=organization,
            email=f"invited-{index}@acme.example",
            first_name=first_name,
            created_at=moment,
            expires_at=moment + timedelta(days=400),
        )
        for (index, first_name), moment in zip(_named(number), _moments(), strict=False)
    ]
    Invite.objects.bulk_create(rows, AT_ONCE)


def _named(number: int) -> Iterator[tuple[int, str]]:
    return zip(range(number), cycle(FIRST_NAMES), strict=False)


def _moments() -> Iterator[datetime]:
    """Go back in time, so that no two rows are as old."""
    moment = timezone.now()
    while True:
        moment -= timedelta(minutes=1)
        yield moment
