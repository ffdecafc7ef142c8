"""Who may do what, as the product promises it: both tables, cell by cell, through API and console.

A cell is tried with a real token, or a browser that is signed in, of a person of that role: what
is allowed is done, what is not is 403 or 404. Left out is SCIM, whose door opens to a token.
"""

from uuid import uuid4

import pytest
from django.test import Client

from auth_providers.services.tokens import identify
from auth_providers.tests.factories import signed_in
from functions.services.calls import (
    CallRequest,
    MayNotRun,
    NoSuchSolution,
    RunsOnDevice,
    prepare_call,
)
from jigxmgmt.errors import DomainError
from orgs.models import Membership, Solution, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory
from tests.doors import (
    ARCHIVE,
    Door,
    World,
    act,
    api,
    browser_of,
    goes_through,
    make_world,
    page,
    phone_of,
    script_of,
    send,
    undone,
)

pytestmark = pytest.mark.django_db

Role = Membership.Role
SolutionRole = SolutionMember.Role
OWNER, ADMIN, CREATOR, USER = Role.OWNER, Role.ADMIN, Role.CREATOR, Role.USER
GOVERNORS, BUILDERS = {OWNER, ADMIN}, {OWNER, ADMIN, CREATOR}

IN_ACME = "organizations/{acme}"
OAUTH_CONFIGURATION = {
    "name": "Company account",
    "key": "company",
    "client_id": "portal",
    "client_authentication": "none",
    "issuer": "https://login.acme.example",
    "redirect_urls": ["https://console.example/sign-in/callback"],
}
ORGANIZATION: dict[str, tuple[set[Role], list[Door]]] = {
    "sign in to the console": (BUILDERS, [page("/")]),
    "see people": (
        BUILDERS,
        [
            api("GET", f"{IN_ACME}/members"),
            api("GET", f"{IN_ACME}/members/{{mia}}"),
            page("/people"),
            page("/people/{mia}"),
            page("/roles?person={mia}"),
        ],
    ),
    "invite people": (
        GOVERNORS,
        [
            api("POST", f"{IN_ACME}/invites", {"email": "new@acme.example"}),
            api("DELETE", f"{IN_ACME}/invites/{{invited}}"),
            page("invite"),
            page("invite-many"),
            act("invite-revoke {invited}"),
        ],
    ),
    "change and remove people": (
        GOVERNORS,
        [
            api("PATCH", f"{IN_ACME}/members/{{mia}}", {"role": "CREATOR", "state": "disabled"}),
            api("DELETE", f"{IN_ACME}/members/{{mia}}"),
            act("/people/{mia}/role", role="CREATOR"),
            act("/people/{mia}/disable"),
            act("/people/{mia}/remove", email="mia@acme.example"),
        ],
    ),
    "approve requests": (
        GOVERNORS,
        [
            api("GET", f"{IN_ACME}/join-requests"),
            api("POST", f"{IN_ACME}/join-requests/{{asking}}/approve", {}),
            api("POST", f"{IN_ACME}/join-requests/{{asking}}/deny", {}),
            page("/join-requests"),
            act("join-request-approve {asking}"),
            act("join-request-deny {asking}"),
        ],
    ),
    "see own solutions": (BUILDERS, [api("GET", "solutions/{own}"), page("/solutions/{own}")]),
    "see all solutions": (
        GOVERNORS,
        [api("GET", "solutions/{other}"), page("/solutions/{other}")],
    ),
    "solution permissions, with a solution role": (
        BUILDERS,
        [
            api("POST", "solutions/{own}/members", {"membership_id": "{mia}", "role": "USER"}),
            api("POST", "solutions/{own}/groups", {"name": "Night shift"}),
            act("/people/{mia}/solutions", solution="{own}", role="USER"),
            act("person-connection-end {mia} {own_connection}"),
        ],
    ),
    "solution permissions, without": (
        GOVERNORS,
        [
            api("POST", "solutions/{other}/members", {"membership_id": "{mia}", "role": "USER"}),
            api("POST", "solutions/{other}/groups", {"name": "Night shift"}),
            act("/people/{mia}/solutions", solution="{other}", role="USER"),
            act("person-connection-end {mia} {other_connection}"),
        ],
    ),
    "credentials, connections, and trying functions, of own solutions": (
        BUILDERS,
        [
            api("GET", "solutions/{own}/credentials"),
            api("GET", "solutions/{own}/connections"),
            page("/solutions/{own}/credentials"),
            page("/solutions/{own}/connections"),
            page("/allow-list"),
            page("/solutions/{own}/functions/nearby"),
        ],
    ),
    "credentials, connections, and trying functions, of all": (
        GOVERNORS,
        [
            api("GET", "solutions/{other}/credentials"),
            api("GET", "solutions/{other}/connections"),
            page("/solutions/{other}/credentials/new"),
            page("/solutions/{other}/connections/new"),
            page("/solutions/{other}/functions/nearby"),
        ],
    ),
    "domains, invites, organization settings": (
        GOVERNORS,
        [
            api("GET", f"{IN_ACME}/domains"),
            api("POST", f"{IN_ACME}/domains", {"name": "acme-company.com"}),
            api("GET", f"{IN_ACME}/invites"),
            api("GET", f"{IN_ACME}/invite-templates"),
            api("PATCH", IN_ACME, {"website": "https://acme.example/"}),
            api("GET", f"{IN_ACME}/sso"),
            api("PUT", f"{IN_ACME}/sso", {}),
            page("/domains"),
            page("/single-sign-on"),
            act("single-sign-on"),
            page("/invites"),
            page("/invite-templates"),
            page("/organization"),
        ],
    ),
    "OAuth configurations": (
        GOVERNORS,
        [
            api("GET", f"{IN_ACME}/oauth-configurations"),
            api("POST", f"{IN_ACME}/oauth-configurations", OAUTH_CONFIGURATION),
            page("/oauth-configurations"),
            page("/oauth-configurations/new?type=OKTA"),
        ],
    ),
    "create a solution": (
        BUILDERS,
        [
            api("POST", f"{IN_ACME}/solutions", {"name": "new-one", "title": "New one"}),
            page("solution-new"),
        ],
    ),
    "calls of own solutions": (
        BUILDERS,
        [api("GET", f"{IN_ACME}/calls", shows="own"), page("/calls", shows="own")],
    ),
    "all calls": (
        GOVERNORS,
        [api("GET", f"{IN_ACME}/calls", shows="other"), page("/calls", shows="other")],
    ),
    "audit, apps": (
        GOVERNORS,
        [
            api("GET", f"{IN_ACME}/audit-events"),
            api("GET", f"{IN_ACME}/apps"),
            api(
                "POST", f"{IN_ACME}/apps", {"name": "Field", "redirect_urls": ["com.acme.field:/"]}
            ),
            page("/audit-events"),
            page("/apps"),
            act("app-new", name="Field", redirect_urls="com.acme.field:/"),
        ],
    ),
    "directory sync": (GOVERNORS, [page("/directory"), act("directory-end", typed="Acme")]),
    "delete the organization, change owners, support access": (
        {OWNER},
        [
            api("PATCH", f"{IN_ACME}/members/{{mia}}", {"role": "OWNER"}),
            api("PATCH", IN_ACME, {"support_access": {"level": "READ", "until": "{tomorrow}"}}),
            api("DELETE", IN_ACME, {"name": "Acme"}),
            act("/people/{mia}/role", role="OWNER"),
            act("/organization", card="support", level="READ", duration="hour"),
            act("/organization", card="delete", name="Acme"),
        ],
    ),
}
IN_SOLUTION: dict[str, tuple[set[SolutionRole], list[Door]]] = {
    "see in the console": (
        {SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR},
        [
            api("GET", "solutions/{own}"),
            page("/solutions/{own}"),
            page("/solutions/{own}/versions"),
            page("/solutions/{own}/versions/1"),
            page("/solutions/{own}/versions/1/content"),
        ],
    ),
    "groups, permissions": (
        {SolutionRole.OWNER, SolutionRole.ADMIN},
        [
            api("POST", "solutions/{own}/members", {"membership_id": "{mia}", "role": "USER"}),
            api("POST", "solutions/{own}/groups", {"name": "Night shift"}),
            act("solution-groups {own}", name="Night shift"),
            act("person-connection-end {mia} {own_connection}"),
        ],
    ),
    "publish": (
        {SolutionRole.OWNER, SolutionRole.EDITOR},
        [
            api("PUT", "solutions/{own}/content", ARCHIVE),
            page("solution-publish {own}"),
            page("function-new {own}"),
            act("function-check {own}", text="provider: DATA_PROVIDER_REST"),
            act("solution-version-restore {own} 1"),
        ],
    ),
    "credentials, connections, and trying functions": (
        {SolutionRole.OWNER, SolutionRole.ADMIN, SolutionRole.EDITOR},
        [
            api(
                "PUT",
                "solutions/{own}/credentials/crm",
                {
                    "type": "api_key",
                    "secret": {"value": "s3cret"},
                    "allowed_origins": ["https://api.example.com"],
                    "available_to_devices": False,
                },
            ),
            api(
                "PUT",
                "solutions/{own}/connections/erp",
                {
                    "server": "sql.example.com",
                    "database": "orders",
                    "user_name": "reader",
                    "secret": {"password": "s3cret"},
                },
            ),
            page("/solutions/{own}/credentials/new"),
            page("/solutions/{own}/connections/new"),
            page("/solutions/{own}/functions/nearby"),
        ],
    ),
    "delete, copy": (
        {SolutionRole.OWNER},
        [
            api("POST", "solutions/{own}/copy", {"name": "copied", "title": "Copied"}),
            api("DELETE", "solutions/{own}"),
            page("solution-copy {own}"),
            page("solution-delete {own}"),
        ],
    ),
}
RUNS = {SolutionRole.OWNER, SolutionRole.USER}
CALLED = {**dict.fromkeys(RUNS, RunsOnDevice), SolutionRole.DENY: NoSuchSolution}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


class TestOrganization:
    @pytest.mark.parametrize("row", ORGANIZATION)
    def test_lets_these_roles(self, world: World, row: str) -> None:
        allowed, doors = ORGANIZATION[row]

        for door in doors:
            passed = {
                role for role, user in world.people.items() if goes_through(door, world, user)
            }
            assert passed == allowed, door

    @pytest.mark.parametrize("row", ORGANIZATION)
    def test_knows_no_strangers(self, world: World, row: str) -> None:
        stranger = MembershipFactory.create(owner=True).user

        for door in ORGANIZATION[row][1]:
            if "{" in door.path and not door.shows:
                assert not goes_through(door, world, stranger), door

    @pytest.mark.parametrize("role", Role)
    def test_gives_devices_none_of_it(self, world: World, role: Role) -> None:
        phone = phone_of(world.people[role])
        on_devices = {"see own solutions", "see all solutions"}

        for row, (_, doors) in ORGANIZATION.items():
            for door in doors:
                if door.path.startswith("/api/") and row not in on_devices:
                    with undone():
                        assert send(phone, door, world).status_code in {403, 404}, door


class TestSolution:
    @pytest.fixture
    def builder(self, world: World) -> Membership:
        """Somebody who builds, without a role in a solution yet."""
        return MembershipFactory.create(organization=world.acme, creator=True)

    @pytest.mark.parametrize("row", IN_SOLUTION)
    def test_lets_these_roles(self, world: World, builder: Membership, row: str) -> None:
        allowed, doors = IN_SOLUTION[row]

        for door in doors:
            assert self.passed(door, world, builder) == allowed, door

    @pytest.mark.parametrize("row", IN_SOLUTION)
    def test_takes_a_role_that_builds(self, world: World, row: str) -> None:
        """Role user in the organization, whatever the role in the solution."""
        for door in IN_SOLUTION[row][1]:
            assert self.passed(door, world, world.mia) == set(), door

    @pytest.mark.parametrize("role", [USER, CREATOR])
    def test_runs_on_the_devices_of(self, world: World, role: Role) -> None:
        """Whatever the role in the organization: the phone fetches it, and its calls are taken."""
        member = MembershipFactory.create(organization=world.acme, role=role)
        issued = signed_in(member.user)
        phone = Client(headers={"Authorization": f"Bearer {issued.access_token}"})
        fetch = api("GET", "solutions/{own}/definition")

        fetched, called = {}, {}
        for solution_role in SolutionRole:
            with undone():
                give(world.own, member, solution_role)
                fetched[solution_role] = send(phone, fetch, world).status_code
                called[solution_role] = self.call(world.own, issued.access_token)

        assert {role for role, status in fetched.items() if status == 200} == RUNS
        assert {status for role, status in fetched.items() if role not in RUNS} == {403, 404}
        assert called == {**dict.fromkeys(SolutionRole, MayNotRun), **CALLED}

    def test_without_a_role_there_is_none(self, world: World, builder: Membership) -> None:
        for _, doors in IN_SOLUTION.values():
            for door in doors:
                assert not goes_through(door, world, builder.user), door

    @staticmethod
    def call(solution: Solution, token: str) -> type[DomainError]:
        """Call what runs on the phone itself: whose call would be taken is told so.

        At the service, since the door has a connection of its own to the database.
        """
        with pytest.raises(DomainError) as refusal:
            prepare_call(
                identify(token),
                solution_id=solution.pk,
                name="nearby",
                request=CallRequest(),
                call_id=uuid4(),
            )
        return refusal.type

    @staticmethod
    def passed(door: Door, world: World, member: Membership) -> set[SolutionRole]:
        through = set()
        for role in SolutionRole:
            with undone():
                give(world.own, member, role)
                if goes_through(door, world, member.user):
                    through.add(role)
        return through


class TestChange:
    def test_counts_from_the_next_request(self, world: World) -> None:
        admin = world.people[ADMIN]
        script, browser = script_of(admin), browser_of(admin)
        path = f"/api/v1/organizations/{world.acme.pk}/audit-events"
        before = (script.get(path).status_code, browser.get("/people").status_code)

        world.acme.memberships.filter(user=admin).update(role=USER)

        after = (script.get(path).status_code, browser.get("/people").status_code)
        assert (before, after) == ((200, 200), (403, 403))


def give(solution: Solution, member: Membership, role: SolutionRole) -> None:
    SolutionMemberFactory.create(solution=solution, membership=member, role=role)
