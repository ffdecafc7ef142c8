"""The API's doors for organizations, their settings and their domains."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auth_providers.services.scopes import Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from orgs.models import Domain, Membership, Organization
from orgs.tests.factories import DomainFactory, MembershipFactory, UserFactory
from orgs.tests.name_server import NameServer, running_name_server

pytestmark = pytest.mark.django_db
ORGANIZATIONS = "/api/v1/organizations"


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def script(owner: Membership, client_with: type_of_client) -> Client:
    """The owner's script, whose token reaches everywhere."""
    return client_with(personal_token(owner.user).secret)


@pytest.fixture
def address(owner: Membership) -> str:
    return f"{ORGANIZATIONS}/{owner.organization_id}"


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """The name server that every question goes to."""
    with running_name_server() as server:
        yield server


def send(client: Client, method: str, url: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method,
        url,
        b"" if body is None else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


class TestOrganizations:
    def test_lists_the_callers_own(self, script: Client, owner: Membership) -> None:
        MembershipFactory.create(owner=True)
        MembershipFactory.create(user=owner.user, is_active=False)

        answer = script.get(ORGANIZATIONS).json()

        assert [(one["name"], one["role"]) for one in answer["results"]] == [("Acme", "OWNER")]
        assert answer["next"] is None

    def test_takes_a_scope(self, owner: Membership, client_with: type_of_client) -> None:
        narrow = client_with(personal_token(owner.user, scopes=[Scope.CALLS_READ]).secret)

        assert narrow.get(ORGANIZATIONS).status_code == 403
        assert send(narrow, "POST", ORGANIZATIONS, {"name": "Zebra"}).status_code == 403

    def test_founds_one_from_the_installations_app(self, client_with: type_of_client) -> None:
        user = UserFactory.create()
        phone = client_with(signed_in(user).access_token)
        body = {"name": "Zebra", "domain": "zebra.example", "join_policy": "OFF"}
        key = {"Idempotency-Key": "k"}

        answer = send(phone, "POST", ORGANIZATIONS, body, **key)

        assert answer.status_code == 201
        assert (answer.json()["name"], answer.json()["role"]) == ("Zebra", "OWNER")
        domain = Domain.objects.get()
        assert (domain.name, domain.join_policy) == ("zebra.example", "OFF")
        repeat = send(phone, "POST", ORGANIZATIONS, body, **key)
        assert (repeat.status_code, repeat.json()["subject_id"]) == (409, answer.json()["id"])

    def test_founds_none_from_an_organizations_app(
        self, owner: Membership, client_with: type_of_client
    ) -> None:
        app = AppFactory.create(organization=owner.organization, is_first_party=False)
        phone = client_with(signed_in(owner.user, app=app).access_token)

        assert send(phone, "POST", ORGANIZATIONS, {"name": "Zebra"}).status_code == 403

    def test_points_at_what_is_wrong(self, script: Client) -> None:
        answer = send(script, "POST", ORGANIZATIONS, {"name": "Zebra", "domain": "gmail.com"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/domain"
        assert not Organization.objects.filter(name="Zebra").exists()


class TestOneOrganization:
    def test_changes_what_is_given(self, script: Client, address: str) -> None:
        until = timezone.now() + timedelta(hours=1)
        body = {
            "idle_minutes": 15,
            "region_label": "eu-west",
            "support_access": {"level": "READ", "until": until.isoformat()},
        }

        changed = send(script, "PATCH", address, body)

        assert changed.status_code == 200
        shown = script.get(address).json()
        assert shown == changed.json()
        assert (shown["name"], shown["idle_minutes"]) == ("Acme", 15)
        assert shown["support_access"]["level"] == "READ"

    def test_points_at_every_fault(self, script: Client, address: str) -> None:
        answer = send(script, "PATCH", address, {"idle_minutes": 1, "website": "nonsense"})

        assert answer.status_code == 422
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {
            "/idle_minutes",
            "/website",
        }

    def test_shows_a_user_no_settings_and_lets_them_change_nothing(
        self, owner: Membership, address: str, client_with: type_of_client
    ) -> None:
        user = MembershipFactory.create(organization=owner.organization).user
        script = client_with(personal_token(user).secret)

        assert "request_email" not in script.get(address).json()
        assert send(script, "PATCH", address, {"name": "Mine"}).status_code == 403
        assert send(script, "DELETE", address, {"name": "Acme"}).status_code == 403

    def test_is_not_there_for_a_stranger(self, address: str, client_with: type_of_client) -> None:
        stranger = client_with(personal_token().secret)

        for method in ("GET", "PATCH", "DELETE"):
            assert send(stranger, method, address, {"name": "Acme"}).status_code == 404

    def test_is_deleted_by_its_name(self, script: Client, address: str) -> None:
        assert send(script, "DELETE", address, {"name": "Acne"}).status_code == 422
        assert send(script, "DELETE", address, {"name": "Acme"}).status_code == 204

        assert script.get(address).status_code == 404


class TestDomains:
    def test_names_proves_opens_and_removes_one(
        self, script: Client, address: str, name_server: NameServer
    ) -> None:
        named = send(script, "POST", f"{address}/domains", {"name": "ACME.example"}).json()
        proof = named["proof"]
        assert (named["name"], named["is_proved"], proof["type"]) == ("acme.example", False, "TXT")
        one = f"{address}/domains/{named['id']}"

        missing = script.post(f"{one}/verify").json()
        assert missing["finding"] == "There is no such name in the DNS."

        name_server.texts[proof["name"]] = [proof["value"]]
        assert script.post(f"{one}/verify").json()["is_proved"] is True
        opened = send(script, "PATCH", one, {"join_policy": "AUTOMATIC"}).json()
        assert opened == script.get(one).json()
        assert opened["join_policy"] == "AUTOMATIC"
        assert script.get(f"{address}/domains").json()["results"] == [opened]

        assert script.delete(one).status_code == 204
        assert script.get(one).status_code == 404

    def test_says_who_proved_it_first(
        self, script: Client, owner: Membership, address: str, name_server: NameServer
    ) -> None:
        DomainFactory.create(proved=True)
        domain = DomainFactory.create(organization=owner.organization)
        name_server.texts[domain.proof_name] = [domain.proof_value]

        answer = script.post(f"{address}/domains/{domain.pk}/verify")

        assert (answer.status_code, answer.json()["code"]) == (409, "proved_by_another")

    @pytest.mark.parametrize(
        ("body", "status", "pointer"),
        [
            ({"name": "gmail.com"}, 422, "/name"),
            ({"name": "zebra.example", "join_policy": "AUTOMATIC"}, 422, "/join_policy"),
            ({"name": "acme.example"}, 409, "/name"),
        ],
    )
    def test_points_at_what_is_wrong(
        self,
        script: Client,
        owner: Membership,
        address: str,
        body: dict[str, str],
        status: int,
        pointer: str,
    ) -> None:
        DomainFactory.create(organization=owner.organization)

        answer = send(script, "POST", f"{address}/domains", body)

        assert answer.status_code == status
        assert answer.json()["errors"][0]["pointer"] == pointer

    def test_are_seen_by_who_may_set_up(
        self, owner: Membership, address: str, client_with: type_of_client
    ) -> None:
        creator = MembershipFactory.create(organization=owner.organization, creator=True).user
        script = client_with(personal_token(creator).secret)

        assert script.get(f"{address}/domains").status_code == 403
        stranger = client_with(personal_token().secret)
        assert stranger.get(f"{address}/domains").status_code == 404

    def test_are_those_of_this_organization(self, script: Client, address: str) -> None:
        foreign = DomainFactory.create()

        for identity in (foreign.pk, uuid.uuid4()):
            assert script.get(f"{address}/domains/{identity}").status_code == 404
            assert script.post(f"{address}/domains/{identity}/verify").status_code == 404
