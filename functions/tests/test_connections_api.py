"""Connections at the API's door: secrets go in, never out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from functions.models import Connection
from functions.services.connections import secret_of
from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import PASSWORD, save_server, technician
from orgs.models import Solution, User

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {
    "server": "sql.example.com",
    "database": "orders",
    "user_name": "reader",
    "secret": {"password": PASSWORD},
}


def path(solution: Solution, name: str = "erp") -> str:
    return reverse("api-connection", kwargs={"pk": solution.pk, "name": name})


def put(caller: Client, solution: Solution, name: str = "erp", **changes: Any) -> Any:
    return caller.put(path(solution, name), BODY | changes, content_type="application/json")


class TestPutConnection:
    def test_tells_all_but_the_secret(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner), solution, options={"query_seconds": 60})

        assert answer.status_code == 200
        told = answer.json()
        assert told.pop("saved_at").endswith("Z")
        assert told == {
            "name": "erp",
            "server": "sql.example.com",
            "port": 1433,
            "database": "orders",
            "sign_in": "password",
            "user_name": "reader",
            "directory_id": "",
            "certificate_host_name": "",
            "trusts_any_certificate": False,
            "options": {
                "application_intent": "read_write",
                "connect_seconds": 15,
                "query_seconds": 60,
                "connect_retries": 0,
                "retry_seconds": 10,
                "multi_subnet_failover": False,
            },
            "has_secret": True,
            "saved_by": owner.email,
            "tested_at": None,
            "failed_stage": "",
        }
        assert PASSWORD.encode() not in answer.content

    def test_takes_what_it_told(self, solution: Solution, owner: User) -> None:
        caller = script_of(owner)
        told = put(caller, solution, port=1444, options={"retry_seconds": 3}).json()

        again = put(caller, solution, **told)

        assert again.json() == told | {"saved_at": again.json()["saved_at"]}

    def test_takes_the_secret_of_an_application(self, solution: Solution, owner: User) -> None:
        application: dict[str, Any] = {
            "sign_in": "service_principal",
            "user_name": "6b8f3d0e-1c2a-4f5b-9e7d-0a1b2c3d4e5f",
            "directory_id": "acme.example",
            "secret": {"client_secret": f" {PASSWORD}"},
        }

        answer = put(script_of(owner), solution, **application)

        assert answer.status_code == 200
        assert secret_of(Connection.objects.get()) == f" {PASSWORD}"

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"server": "sql.example.com,1433"}, "/server"),
            ({"port": 70_000}, "/port"),
            ({"sign_in": "windows"}, "/sign_in"),
            ({"options": {"connect_seconds": 31}}, "/options/connect_seconds"),
            ({"options": {"application_intent": "x"}}, "/options/application_intent"),
            ({"secret": {}}, "/secret/password"),
            ({"secret": {"client_secret": PASSWORD}}, "/secret/password"),
            ({"secret": {"password": PASSWORD + "\n"}}, "/secret/password"),
            ({"secret": PASSWORD}, "/secret"),
        ],
    )
    def test_points_at_the_fault_and_repeats_no_secret(
        self, solution: Solution, owner: User, changes: dict[str, Any], pointer: str
    ) -> None:
        answer = put(script_of(owner), solution, **changes)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
        assert PASSWORD.encode() not in answer.content
        assert not Connection.objects.exists()

    def test_takes_a_token_of_the_scope(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner, "credentials:read", "solutions:write"), solution)

        assert_problem(answer, 403, "insufficient_scope")


class TestReadConnections:
    def test_lists_and_shows_them_without_a_secret(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        caller = script_of(owner, "credentials:read")

        listed = caller.get(reverse("api-connections", args=[solution.pk]))
        shown = caller.get(path(solution))

        (told,) = listed.json()["results"]
        assert told == shown.json()
        assert told["server"] == "sql.example.com"
        assert PASSWORD.encode() not in listed.content + shown.content

    def test_asks_the_database_no_more_for_more(
        self,
        solution: Solution,
        owner: User,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(6):
            save_server(solution, by=owner, name=f"server{number}")
        caller = script_of(owner)

        with django_assert_max_num_queries(12):
            caller.get(reverse("api-connections", args=[solution.pk]))


class TestDeleteConnection:
    def test_forgets_it(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        caller = script_of(owner)

        assert caller.delete(path(solution)).status_code == 204
        assert_problem(caller.get(path(solution)), 404, "connection_unknown")


class TestStrangers:
    def test_learn_and_change_nothing(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        caller = stranger()

        for answer in (
            caller.get(reverse("api-connections", args=[solution.pk])),
            caller.get(path(solution)),
            put(caller, solution),
            caller.delete(path(solution)),
            caller.post(path(solution) + "/test"),
        ):
            assert_problem(answer, 404, "solution_unknown")
        assert Connection.objects.exists()

    @pytest.mark.parametrize("door", [phone_of, script_of])
    def test_are_those_who_only_run_the_solution(
        self, solution: Solution, owner: User, door: Any
    ) -> None:
        save_server(solution, by=owner)
        caller = door(technician(solution))

        for answer in (caller.get(path(solution)), caller.post(path(solution) + "/test")):
            assert answer.status_code in (403, 404)
