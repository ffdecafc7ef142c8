"""Trying a door of the product as somebody: did it let them through?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import OutsideGrant
from auth_providers.services.scim_tokens import make_scim_token
from auth_providers.tests.factories import connected, personal_token, signed_in
from functions.models import CallRecord
from functions.services.archives import pack_files
from functions.services.publishing import publish_solution
from orgs.models import (
    Invite,
    JoinRequest,
    Membership,
    Organization,
    Solution,
    SolutionMember,
    User,
)
from orgs.tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionMemberFactory,
)

Role = Membership.Role
SolutionRole = SolutionMember.Role

ON_DEVICE = "provider: DATA_PROVIDER_REST\nurl: https://geo.example.com/near\nuseLocalCall: true\n"
ARCHIVE = pack_files({"functions/nearby.jigx": ON_DEVICE.encode()})


@dataclass
class World:
    """An organization with somebody of each role, and what they may try their hands at."""

    acme: Organization
    people: dict[Role, User]
    mia: Membership
    asking: JoinRequest
    invited: Invite
    own: Solution
    other: Solution
    calls: dict[Solution, CallRecord] = field(default_factory=dict)
    connections: dict[Solution, OutsideGrant] = field(default_factory=dict)

    def path(self, template: str) -> str:
        """Fill in the ids that a path of the tables names."""
        return template.format(
            acme=self.acme.pk,
            mia=self.mia.pk,
            asking=self.asking.pk,
            invited=self.invited.pk,
            own=self.own.pk,
            other=self.other.pk,
            own_connection=self.connections[self.own].pk,
            other_connection=self.connections[self.other].pk,
        )


@dataclass(frozen=True)
class Door:
    """A request; `shows` names the solution whose call a list has to show."""

    method: str
    path: str
    body: Any = None
    shows: str = ""


def api(method: str, path: str, body: Any = None, *, shows: str = "") -> Door:
    return Door(method, f"/api/v1/{path}", body, shows=shows)


def page(path: str, *, shows: str = "") -> Door:
    return Door("GET", path, shows=shows)


def act(path: str, **body: Any) -> Door:
    return Door("POST", path, body)


def make_world() -> World:
    """Creator and user are admins of their own solution; owner and admin have a role in none."""
    acme = OrganizationFactory.create(name="Acme")
    members = {role: MembershipFactory.create(organization=acme, role=role) for role in Role}
    own, other = SolutionFactory.create_batch(2, organization=acme)
    for role in (Role.CREATOR, Role.USER):
        SolutionMemberFactory.create(
            solution=own, membership=members[role], role=SolutionRole.ADMIN
        )
    publish(own)
    publish(other)
    make_scim_token(acme, by=members[Role.OWNER].user, now=timezone.now())
    asking = JoinRequest.objects.create(
        organization=acme,
        user=MembershipFactory.create().user,
        email="asks@acme.example",
        source=JoinRequest.Source.APP,
    )
    mia = MembershipFactory.create(organization=acme, user__email="mia@acme.example")
    invited = Invite.objects.create(
        organization=acme,
        email="invited@acme.example",
        expires_at=timezone.now() + timedelta(days=14),
    )
    people = {role: membership.user for role, membership in members.items()}
    world = World(acme, people, mia, asking, invited, own, other)
    world.calls = {solution: log_call(world, solution) for solution in (own, other)}
    world.connections = {
        solution: connected(SolutionMember(solution=solution, membership=mia))
        for solution in (own, other)
    }
    return world


def publish(solution: Solution) -> None:
    publisher = MembershipFactory.create(organization=solution.organization, creator=True)
    SolutionMemberFactory.create(solution=solution, membership=publisher, role=SolutionRole.OWNER)
    publish_solution(solution, archive=ARCHIVE, by=publisher.user)
    solution.refresh_from_db()


def log_call(world: World, solution: Solution) -> CallRecord:
    return CallRecord.objects.create(
        organization=world.acme,
        solution=solution,
        user=world.mia.user,
        function_name="nearby",
        version=1,
        source=CallRecord.Source.DEVICE,
        status=CallRecord.Status.OK,
    )


def script_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {personal_token(user).secret}"})


def phone_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {signed_in(user).access_token}"})


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done inside, so that the next person finds the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def goes_through(door: Door, world: World, user: User) -> bool:
    """Answer whether the door lets this person through; fails where it does neither."""
    client = script_of(user) if door.path.startswith("/api/") else browser_of(user)
    with undone():
        answer = send(client, door, world)
    if answer.status_code in {403, 404} or was_no_choice(answer, door):
        return False
    assert answer.status_code < 400, (answer.status_code, answer.content[:500])
    assert "/accounts/login/" not in answer.headers.get("Location", "")
    if door.shows:
        return str(world.calls[getattr(world, door.shows)].pk) in answer.content.decode()
    return True


def was_no_choice(answer: Any, door: Door) -> bool:
    """A form of the console does not offer what somebody may not choose."""
    choices = ({"role": "OWNER"}, {"solution": "{other}", "role": "USER"})
    return answer.status_code == 422 and door.body in choices


def send(client: Client, door: Door, world: World) -> Any:
    path, body = address(door.path, world), door.body
    if isinstance(body, bytes):
        return client.generic(door.method, path, body, content_type="application/zip")
    if isinstance(body, dict):
        body = {name: filled(value, world) for name, value in body.items()}
    if path.startswith("/api/"):
        ask = getattr(client, door.method.lower())
        return ask(path, body, content_type="application/json") if body is not None else ask(path)
    return client.post(path, body) if door.method == "POST" else client.get(path)


def address(path: str, world: World) -> str:
    """Return the path with its ids; a page's name, with what it takes, stands for its path."""
    if path.startswith("/"):
        return world.path(path)
    name, *args = world.path(path).split()
    return reverse(name, args=args)


def filled(value: Any, world: World) -> Any:
    if isinstance(value, dict):
        return {name: filled(inner, world) for name, inner in value.items()}
    if value == "{tomorrow}":
        return (timezone.now() + timedelta(days=1)).isoformat()
    return world.path(value) if isinstance(value, str) else value
