"""The API's doors for an organization's people."""

from typing import Any

import pytest
from django.test import Client

from auth_providers.services.scopes import Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import personal_token
from auth_providers.tests.flows import problem_code
from orgs.models import Membership, Organization, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def acme(owner: Membership) -> Organization:
    return owner.organization


@pytest.fixture
def mia(acme: Organization) -> Membership:
    return MembershipFactory.create(
        organization=acme, user__first_name="Mia", user__email="mia@acme.example"
    )


@pytest.fixture
def client(owner: Membership, client_with: type_of_client) -> Client:
    """What calls as the owner."""
    return client_with(personal_token(owner.user).secret)


def people(acme: Organization, query: str = "") -> str:
    return f"/api/v1/organizations/{acme.pk}/members{query}"


def one(membership: Membership) -> str:
    return f"/api/v1/organizations/{membership.organization_id}/members/{membership.pk}"


def change(client: Client, membership: Membership, **body: Any) -> Any:
    return client.patch(one(membership), body, content_type="application/json")


class TestListMembers:
    def test_tells_who_is_in_and_as_what(
        self, client: Client, acme: Organization, mia: Membership
    ) -> None:
        place = SolutionMemberFactory.create(
            membership=mia, solution__organization=acme, role=SolutionMember.Role.EDITOR
        )

        answer = client.get(people(acme, "?search=mia@")).json()

        solution = {"id": str(place.solution.pk), "name": place.solution.name, "role": "EDITOR"}
        (row,) = answer["results"]
        assert answer["next"] is None
        assert row.pop("created_at")
        assert row == {
            "id": str(mia.pk),
            "user_id": str(mia.user_id),
            "email": "mia@acme.example",
            "first_name": "Mia",
            "last_name": mia.user.last_name,
            "role": "USER",
            "state": "active",
            "solutions": [solution],
            "last_seen_at": None,
        }

    @pytest.mark.parametrize(
        ("query", "roles"),
        [
            ("", ["CREATOR", "USER", "OWNER"]),
            ("?role=USER", ["USER"]),
            ("?state=disabled", ["CREATOR"]),
            ("?state=active", ["USER", "OWNER"]),
        ],
    )
    def test_is_narrowed(
        self, client: Client, acme: Organization, mia: Membership, query: str, roles: list[str]
    ) -> None:
        MembershipFactory.create(organization=acme, creator=True, user__is_active=False)

        listed = client.get(people(acme, query)).json()["results"]

        assert [row["role"] for row in listed] == roles

    def test_refuses_a_filter_that_there_is_not(self, client: Client, acme: Organization) -> None:
        answer = client.get(people(acme, "?role=KING"))

        assert problem_code(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["pointer"] == "/role"

    def test_tells_creators_of_their_own_solutions_only(
        self, acme: Organization, mia: Membership, client_with: type_of_client
    ) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True)
        own, other = SolutionFactory.create_batch(2, organization=acme)
        SolutionMemberFactory.create(
            solution=own, membership=creator, role=SolutionMember.Role.EDITOR
        )
        for solution in (own, other):
            SolutionMemberFactory.create(solution=solution, membership=mia)
        client = client_with(personal_token(creator.user).secret)

        (row,) = client.get(people(acme, "?role=USER")).json()["results"]

        assert [solution["name"] for solution in row["solutions"]] == [own.name]

    def test_is_not_for_users_nor_strangers(
        self, acme: Organization, mia: Membership, client_with: type_of_client
    ) -> None:
        stranger = MembershipFactory.create(owner=True)

        for user, status in ((mia.user, 403), (stranger.user, 404)):
            client = client_with(personal_token(user).secret)
            assert client.get(people(acme)).status_code == status
            assert client.get(one(mia)).status_code == status

    def test_takes_the_scope(
        self, owner: Membership, acme: Organization, client_with: type_of_client
    ) -> None:
        token = personal_token(owner.user, scopes=[Scope.PEOPLE_READ])
        client = client_with(token.secret)

        assert client.get(people(acme)).status_code == 200
        assert problem_code(client.delete(one(owner))) == (403, "insufficient_scope")


class TestOneMember:
    def test_is_given_another_role_and_disabled(self, client: Client, mia: Membership) -> None:
        answer = change(client, mia, role="CREATOR", state="disabled")

        assert answer.status_code == 200
        assert (answer.json()["role"], answer.json()["state"]) == ("CREATOR", "disabled")
        assert client.get(one(mia)).json() == answer.json()
        assert change(client, mia, state="active").json()["state"] == "active"

    def test_may_be_changed_by_nothing(self, client: Client, mia: Membership) -> None:
        assert change(client, mia).json()["role"] == "USER"

    def test_is_removed(self, client: Client, mia: Membership) -> None:
        assert client.delete(one(mia)).status_code == 204
        assert client.get(one(mia)).status_code == 404

    def test_stays_when_it_is_the_last_owner(self, client: Client, owner: Membership) -> None:
        answers = [
            change(client, owner, role="ADMIN"),
            change(client, owner, state="disabled"),
            client.delete(one(owner)),
        ]

        assert [problem_code(answer) for answer in answers] == [(409, "last_owner")] * 3

    def test_refuses_a_role_that_there_is_not(self, client: Client, mia: Membership) -> None:
        answer = change(client, mia, role="KING")

        assert problem_code(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["pointer"] == "/role"

    def test_is_not_known_in_another_organization(self, client: Client, acme: Organization) -> None:
        stranger = MembershipFactory.create()

        for url in (one(stranger), f"{people(acme)}/{stranger.pk}"):
            assert client.get(url).status_code == 404
            assert client.delete(url).status_code == 404
