"""The API's doors for who asks to join, and for who decides."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from auth_providers.models import Device
from auth_providers.services.scopes import Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from auth_providers.tests.flows import problem_code
from orgs.models import JoinRequest, Membership, Organization, User
from orgs.services.access_offers import offer_access
from orgs.tests.factories import (
    DomainFactory,
    JoinRequestFactory,
    MembershipFactory,
    SolutionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Status = JoinRequest.Status
MINE = "/api/v1/me/join-requests"


@pytest.fixture
def acme(db: None) -> Organization:
    """An organization that shows itself to addresses at acme.example."""
    return DomainFactory.create(organization__name="Acme").organization


@pytest.fixture
def admin(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, admin=True).user


@pytest.fixture
def script(admin: User, client_with: type_of_client) -> Client:
    """What the administrator's scripts call with."""
    return client_with(personal_token(admin).secret)


@pytest.fixture
def token(acme: Organization) -> str:
    return offer_access(
        acme,
        email="lars@acme.example",
        first_name="Lars",
        last_name="Eriksen",
        issuer="https://idp.example",
        subject="lars-1",
        device="Pixel 9",
        now=timezone.now(),
    )


def queue_of(organization: Organization) -> str:
    return f"/api/v1/organizations/{organization.pk}/join-requests"


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=headers)


class TestAsking:
    def test_from_a_phone(self, acme: Organization, client_with: type_of_client) -> None:
        issued = signed_in()
        Device.objects.update(model="iPhone 15", os_version="19")
        client = client_with(issued.access_token)

        answer = post(client, queue_of(acme), {"message": "Site 14"})

        assert answer.status_code == 201
        shown = answer.json()
        assert shown["organization"] == {"id": str(acme.pk), "name": "Acme"}
        assert (shown["status"], shown["message"]) == ("PENDING", "Site 14")
        made = JoinRequest.objects.get()
        assert (made.user, made.device) == (issued.device.user, "iPhone 15 · iOS 19")
        assert client.get(MINE).json()["results"] == [shown]

    def test_twice(self, acme: Organization, client_with: type_of_client) -> None:
        client = client_with(signed_in().access_token)
        post(client, queue_of(acme), **{"Idempotency-Key": "k"})

        assert problem_code(post(client, queue_of(acme))) == (409, "already_requested")
        repeated = post(client, queue_of(acme), **{"Idempotency-Key": "k"})
        assert problem_code(repeated) == (409, "already_done")

    def test_an_organization_that_is_not_offered(
        self, acme: Organization, client_with: type_of_client
    ) -> None:
        eve = UserFactory.create(email="eve@other.example")
        client = client_with(personal_token(eve, scopes=[Scope.ORGANIZATION_WRITE]).secret)

        hidden = post(client, queue_of(acme))
        unknown = post(client, f"/api/v1/organizations/{uuid4()}/join-requests")

        assert problem_code(hidden) == problem_code(unknown) == (404, "organization_unknown")

    def test_from_the_app_of_another_organization(
        self, acme: Organization, client_with: type_of_client
    ) -> None:
        elsewhere = MembershipFactory.create()
        app = AppFactory.create(organization=elsewhere.organization)
        client = client_with(signed_in(elsewhere.user, app=app).access_token)

        assert post(client, queue_of(acme)).status_code == 404

    def test_with_a_personal_token_that_writes(
        self, acme: Organization, client_with: type_of_client
    ) -> None:
        mia = UserFactory.create()
        reader, writer = (
            client_with(personal_token(mia, scopes=[scope]).secret)
            for scope in (Scope.ORGANIZATION_READ, Scope.ORGANIZATION_WRITE)
        )

        assert problem_code(post(reader, queue_of(acme))) == (403, "insufficient_scope")
        assert post(writer, queue_of(acme)).status_code == 201

    def test_from_a_phone_with_the_longest_names(
        self, acme: Organization, client_with: type_of_client
    ) -> None:
        client = client_with(signed_in().access_token)
        Device.objects.update(model="m" * 100, platform="p" * 50, os_version="9" * 50)

        assert post(client, queue_of(acme)).status_code == 201
        assert len(JoinRequest.objects.get().device) == 200

    def test_by_nobody(self, acme: Organization, client: Client) -> None:
        for body in ({}, {"message": "Let me in"}, {"request_token": ""}):
            assert post(client, queue_of(acme), body).status_code == 401


class TestAskingWithARequestToken:
    def test_makes_one_request_and_reads_where_it_stands(
        self, acme: Organization, token: str, client: Client, script: Client
    ) -> None:
        body = {"request_token": token, "message": "Please"}

        made = post(client, queue_of(acme), body)

        assert made.status_code == 201
        assert problem_code(post(client, queue_of(acme), body)) == (409, "already_requested")
        post(script, f"{queue_of(acme)}/{made.json()['id']}/deny", {"reason": "Not yet"})
        shown = client.get(f"/api/v1/join-requests/{token}").json()
        assert (shown["status"], shown["reason"]) == ("DENIED", "Not yet")
        assert shown["decided_at"]

    def test_withdraws_it(self, acme: Organization, token: str, client: Client) -> None:
        post(client, queue_of(acme), {"request_token": token})

        assert client.delete(f"/api/v1/join-requests/{token}").status_code == 204

        shown = client.get(f"/api/v1/join-requests/{token}").json()
        assert shown["status"] == "WITHDRAWN"

    def test_is_refused_elsewhere_and_made_up(
        self, acme: Organization, token: str, client: Client
    ) -> None:
        other = DomainFactory.create(name="other.example").organization
        for path, given in ((queue_of(other), token), (queue_of(acme), "made-up")):
            answer = post(client, path, {"request_token": given})
            assert problem_code(answer) == (404, "request_token_unknown")
        assert client.get("/api/v1/join-requests/made-up").status_code == 404


class TestMyJoinRequests:
    def test_lets_one_withdraw_one_or_all(self, client_with: type_of_client) -> None:
        issued = signed_in()
        client = client_with(issued.access_token)
        first, second, third = JoinRequestFactory.create_batch(3, user=issued.device.user)
        decided = JoinRequestFactory.create(user=issued.device.user, status=Status.DENIED)

        assert client.get(f"{MINE}/{first.pk}").json()["status"] == "PENDING"
        assert client.delete(f"{MINE}/{first.pk}").status_code == 204
        assert JoinRequest.objects.pending().count() == 2
        assert client.delete(MINE).status_code == 204

        assert not JoinRequest.objects.pending().exists()
        assert problem_code(client.delete(f"{MINE}/{decided.pk}")) == (409, "already_decided")
        assert {second.pk, third.pk} <= set(
            JoinRequest.objects.filter(status=Status.WITHDRAWN).values_list("pk", flat=True)
        )

    def test_takes_a_personal_token_that_reads_or_writes(self, client_with: type_of_client) -> None:
        mine = JoinRequestFactory.create()
        one = f"{MINE}/{mine.pk}"
        narrow, reader, writer = (
            client_with(personal_token(mine.user, scopes=[scope]).secret)
            for scope in (Scope.CALLS_READ, Scope.ORGANIZATION_READ, Scope.ORGANIZATION_WRITE)
        )

        for path in (MINE, one):
            assert problem_code(narrow.get(path)) == (403, "insufficient_scope")
            assert problem_code(reader.delete(path)) == (403, "insufficient_scope")
            assert reader.get(path).status_code == 200
        assert JoinRequest.objects.pending().exists()
        assert writer.delete(one).status_code == 204

    def test_does_not_know_a_strangers(self, client_with: type_of_client) -> None:
        theirs = JoinRequestFactory.create()
        client = client_with(signed_in().access_token)

        assert client.delete(f"{MINE}/{theirs.pk}").status_code == 404
        assert client.get(MINE).json()["results"] == []

    def test_shows_an_organizations_app_its_own(self, client_with: type_of_client) -> None:
        member = MembershipFactory.create()
        JoinRequestFactory.create(user=member.user)
        app = AppFactory.create(organization=member.organization)
        client = client_with(signed_in(member.user, app=app).access_token)

        assert client.get(MINE).json()["results"] == []
        assert client.delete(MINE).status_code == 204
        assert JoinRequest.objects.pending().exists()


class TestDeciding:
    def test_lists_by_status(self, acme: Organization, script: Client) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        JoinRequestFactory.create(organization=acme, status=Status.DENIED)
        JoinRequestFactory.create()

        listed = script.get(queue_of(acme), {"status": "PENDING"}).json()

        assert [shown["id"] for shown in listed["results"]] == [str(waiting.pk)]
        assert listed["results"][0]["email"] == waiting.email
        assert script.get(queue_of(acme), {"status": "nonsense"}).status_code == 422

    def test_approves_with_role_and_solutions(
        self, acme: Organization, admin: User, script: Client
    ) -> None:
        waiting = JoinRequestFactory.create(organization=acme, offered=True)
        solution = SolutionFactory.create(organization=acme)
        path = f"{queue_of(acme)}/{waiting.pk}"

        answer = post(script, f"{path}/approve", {"role": "CREATOR", "solutions": [solution.pk]})

        assert answer.status_code == 201
        shown = answer.json()
        assert (shown["status"], shown["decided_by"]) == ("APPROVED", admin.email)
        assert shown == script.get(path).json()
        membership = Membership.objects.get(user=shown["user_id"])
        assert membership.role == Membership.Role.CREATOR
        assert membership.solution_roles.get().solution == solution

    def test_denies_and_takes_it_back(self, acme: Organization, script: Client) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        path = f"{queue_of(acme)}/{waiting.pk}"

        assert post(script, f"{path}/deny", {"reason": "Not yet"}).json()["reason"] == "Not yet"
        assert problem_code(post(script, f"{path}/approve")) == (409, "already_decided")
        assert post(script, f"{path}/undo").json()["status"] == "PENDING"
        assert problem_code(post(script, f"{path}/undo")) == (409, "not_decided")

    def test_names_each_solution_that_is_not_there(
        self, acme: Organization, script: Client
    ) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        own, foreign = SolutionFactory.create(organization=acme), SolutionFactory.create()
        named = [str(solution.pk) for solution in (own, own, foreign)]

        answer = post(script, f"{queue_of(acme)}/{waiting.pk}/approve", {"solutions": named})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/solutions/2"

    @pytest.mark.parametrize("role", ["CREATOR", "USER"])
    def test_is_for_who_manages_people(
        self, acme: Organization, client_with: type_of_client, role: str
    ) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        member = MembershipFactory.create(organization=acme, role=role)
        client = client_with(personal_token(member.user).secret)

        for path in ("", f"/{waiting.pk}"):
            assert client.get(f"{queue_of(acme)}{path}").status_code == 403
        for act in ("approve", "deny", "undo"):
            answer = post(client, f"{queue_of(acme)}/{waiting.pk}/{act}")
            assert problem_code(answer) == (403, "not_allowed")

    def test_takes_a_token_that_reaches_so_far(
        self, acme: Organization, admin: User, client_with: type_of_client
    ) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        path = f"{queue_of(acme)}/{waiting.pk}/approve"
        narrow = client_with(personal_token(admin, scopes=[Scope.PEOPLE_READ]).secret)
        phone = client_with(signed_in(admin).access_token)

        for client in (narrow, phone):
            assert problem_code(post(client, path)) == (403, "insufficient_scope")

    def test_is_not_for_strangers(self, acme: Organization, client_with: type_of_client) -> None:
        waiting = JoinRequestFactory.create(organization=acme)
        stranger = MembershipFactory.create(owner=True)
        client = client_with(personal_token(stranger.user).secret)

        for organization in (acme, stranger.organization):
            path = f"{queue_of(organization)}/{waiting.pk}/approve"
            assert post(client, path).status_code == 404
