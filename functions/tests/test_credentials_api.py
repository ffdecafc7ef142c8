"""Credentials at the API's door: secrets go in, never out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.tests.factories import OAuthConfigurationFactory
from functions.models import Credential
from functions.services.credentials import secret_of
from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import SECRET, creator, save_secret, technician
from orgs.models import Solution, SolutionMember, User
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {
    "type": "api_key",
    "secret": {"value": SECRET},
    "allowed_origins": ["https://crm.example.com"],
    "available_to_devices": False,
}


def path(solution: Solution, key: str = "crm") -> str:
    return reverse("api-credential", kwargs={"pk": solution.pk, "key": key})


def put(caller: Client, solution: Solution, key: str = "crm", **changes: Any) -> Any:
    return caller.put(path(solution, key), BODY | changes, content_type="application/json")


class TestPutCredential:
    def test_tells_all_but_the_secret(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner), solution)

        assert answer.status_code == 200
        told = answer.json()
        assert told.pop("saved_at").endswith("Z")
        assert told == {
            "key": "crm",
            "type": "api_key",
            "has_secret": True,
            "allowed_origins": ["https://crm.example.com"],
            "available_to_devices": False,
            "configuration": None,
            "connected": None,
            "saved_by": owner.email,
        }
        assert SECRET.encode() not in answer.content

    def test_keeps_a_secret_as_it_was_written(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner), solution, secret={"value": f" {SECRET} "})

        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"type": "password"}, "/type"),
            ({"secret": SECRET}, "/secret"),
            ({"secret": {}}, "/secret/value"),
            ({"secret": {"value": ""}}, "/secret/value"),
            ({"secret": {"value": SECRET + "\n"}}, "/secret/value"),
            ({"secret": {"value": SECRET * 1000}}, "/secret/value"),
            ({"allowed_origins": "https://a.example"}, "/allowed_origins"),
            ({"allowed_origins": ["http://a.example"]}, "/allowed_origins/0"),
            ({"available_to_devices": "perhaps"}, "/available_to_devices"),
        ],
    )
    def test_points_at_the_fault_and_repeats_no_secret(
        self, solution: Solution, owner: User, changes: dict[str, Any], pointer: str
    ) -> None:
        answer = put(script_of(owner), solution, **changes)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
        assert SECRET.encode() not in answer.content
        assert not Credential.objects.exists()

    @pytest.mark.parametrize("key", ["1", "a b", "ä"])
    def test_refuses_a_key_that_is_none(self, solution: Solution, owner: User, key: str) -> None:
        (fault,) = assert_problem(put(script_of(owner), solution, key), 422, "credential_invalid")

        assert fault["pointer"] == "/key"

    def test_gives_to_devices_by_owners_and_admins_alone(self, solution: Solution) -> None:
        editor = creator(solution, SolutionMember.Role.EDITOR)

        answer = put(script_of(editor), solution, available_to_devices=True)

        assert_problem(answer, 403, "not_allowed")

    def test_takes_a_token_of_the_scope(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner, "credentials:read", "solutions:write"), solution)

        assert_problem(answer, 403, "insufficient_scope")


class TestTypes:
    def test_take_a_user_name_with_a_password(self, solution: Solution, owner: User) -> None:
        secret = {"username": "mia", "password": SECRET}

        answer = put(script_of(owner), solution, type="basic_auth", secret=secret)

        assert (answer.status_code, answer.json()["type"]) == (200, "basic_auth")
        assert secret_of(Credential.objects.get()) == f"mia:{SECRET}"

    @pytest.mark.parametrize(
        ("secret", "pointers"),
        [
            ({"value": SECRET}, ["/secret/username", "/secret/password"]),
            ({"username": "a:b", "password": SECRET}, ["/secret/username"]),
            ({"username": "mia", "password": "a\nb"}, ["/secret/password"]),
        ],
    )
    def test_point_at_what_is_no_user_name_or_password(
        self, solution: Solution, owner: User, secret: dict[str, str], pointers: list[str]
    ) -> None:
        answer = put(script_of(owner), solution, type="basic_auth", secret=secret)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == pointers
        assert SECRET.encode() not in answer.content

    def test_take_a_configuration_of_the_organization(
        self, solution: Solution, owner: User
    ) -> None:
        mine = OAuthConfigurationFactory.create(organization=solution.organization)
        theirs = OAuthConfigurationFactory.create()
        script = script_of(owner)

        refused = put(script, solution, type="oauth_alias", configuration_id=str(theirs.pk))
        answer = put(script, solution, type="oauth_alias", configuration_id=str(mine.pk))

        (fault,) = assert_problem(refused, 422, "credential_invalid")
        assert fault["pointer"] == "/configuration_id"
        told = answer.json()
        assert (told["has_secret"], told["connected"]) == (True, False)
        assert told["configuration"]["client_id"] == mine.client_id

    def test_take_a_client_of_their_own(self, solution: Solution, owner: User) -> None:
        client: dict[str, Any] = {
            "name": "CRM",
            "client_id": "field-app",
            "issuer": "https://login.example",
            "scopes": "crm.read offline_access",
            "redirect_urls": ["https://app.example/callback"],
            "secret": {"client_secret": SECRET},
        }

        answer = put(script_of(owner), solution, type="oauth", **client)
        refused = put(script_of(owner), solution, "other", type="oauth", **client | {"issuer": ""})

        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert (told["type"], told["has_secret"], told["connected"]) == ("oauth", True, False)
        assert told["configuration"]["scopes"] == "crm.read offline_access"
        assert SECRET.encode() not in answer.content
        (fault,) = assert_problem(refused, 422, "credential_invalid")
        assert fault["pointer"] == "/issuer"


class TestReadCredentials:
    def test_never_gives_the_secret(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        script = script_of(owner, "credentials:read")

        listed = script.get(reverse("api-credentials", args=[solution.pk]))
        one = script.get(path(solution))

        assert listed.json()["results"] == [one.json()]
        assert one.json()["key"] == "crm"
        assert set(one.json()) == {
            "key", "type", "has_secret", "allowed_origins", "available_to_devices",
            "configuration", "connected", "saved_by", "saved_at",
        }  # fmt: skip

    def test_says_that_there_is_none(self, solution: Solution, owner: User) -> None:
        answer = script_of(owner).get(path(solution, "other"))

        assert_problem(answer, 404, "credential_unknown")

    def test_is_for_admins_of_the_organization_too(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        admin = MembershipFactory.create(admin=True, organization=solution.organization).user

        assert script_of(admin).get(path(solution)).status_code == 200


class TestDeleteCredential:
    def test_forgets_it(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)
        script = script_of(owner)

        assert script.delete(path(solution)).status_code == 204
        assert_problem(script.delete(path(solution)), 404, "credential_unknown")

    def test_takes_a_token_of_the_scope(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        answer = script_of(owner, "credentials:read").delete(path(solution))

        assert_problem(answer, 403, "insufficient_scope")


class TestWho:
    def test_no_phone(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        for answer in self.all_of(phone_of(owner), solution):
            assert_problem(answer, 403, "insufficient_scope")

    def test_no_stranger(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        for answer in self.all_of(stranger(), solution):
            assert_problem(answer, 404, "solution_unknown")

    def test_nobody_who_only_runs_it(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner)

        for answer in self.all_of(script_of(technician(solution)), solution):
            assert_problem(answer, 404, "solution_unknown")

    def test_nobody_without_a_token(self, solution: Solution, owner: User) -> None:
        for answer in self.all_of(Client(), solution):
            assert_problem(answer, 401, "unauthenticated")

    @staticmethod
    def all_of(caller: Client, solution: Solution) -> list[Any]:
        return [
            caller.get(reverse("api-credentials", args=[solution.pk])),
            caller.get(path(solution)),
            put(caller, solution),
            caller.delete(path(solution)),
        ]
