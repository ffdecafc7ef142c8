"""Testing a connection, with a worker that says what the story needs."""

import asyncio
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from functions.calls import NoWorker
from functions.services import connection_tests
from functions.services.connection_tests import (
    ConnectionTest,
    ConnectionWithoutSecret,
    TooManyConnectionTests,
)
from functions.tests.doors import assert_problem, script_of
from functions.tests.factories import PASSWORD, owner_of, save_server, technician
from functions.tests.lane.stage import answering, on_lane
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Solution, User
from orgs.tests.factories import SolutionFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db(transaction=True)

CERTIFICATE = {
    "subject": "CN=sql.example.com",
    "issuer": "CN=Example CA",
    "names": ["sql.example.com"],
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-01-01T00:00:00Z",
    "sha256": "ab" * 32,
}


def stage(name: str, **told: Any) -> dict[str, Any]:
    return {"name": name, "status": "ok", "ms": 3, "detail": "", "advice": None} | told


PASSED = {
    "stages": [
        stage("dns"),
        stage("tcp"),
        stage("tls", certificate=CERTIFICATE),
        stage("sign_in"),
        stage("query"),
    ]
}
EXPIRED = {
    "stages": [
        stage("dns"),
        stage("tcp"),
        stage("tls", status="failed", advice="tls_expired", detail="It ended.", certificate=None),
        stage("sign_in", status="skipped", ms=None),
        stage("query", status="skipped", ms=None),
    ]
}


@pytest.fixture
def solution() -> Solution:
    return SolutionFactory.create(title="Field")


@pytest.fixture
def owner(solution: Solution) -> User:
    return owner_of(solution)


def run_test(user: User, solution: Solution) -> ConnectionTest:
    connection = solution.connections.get()
    return asyncio.run(connection_tests.test_connection(user, connection=connection))


class TestConnectionTests:
    def test_send_a_worker_all_that_it_needs(self, solution: Solution, owner: User) -> None:
        solution.organization.allowed_networks = ["10.0.0.0/8"]
        solution.organization.save()
        save_server(solution, by=owner)

        with answering(PASSED) as asked:
            test = run_test(owner, solution)

        assert asked == [
            {
                "kind": "connection_test",
                "organization": {"id": str(solution.organization_id)},
                "solution": {"id": str(solution.pk)},
                "connection": "erp",
                "credential_stamp": 1,
                "networks": ["10.0.0.0/8"],
            }
        ]
        assert test.passed
        assert [one.name for one in test.stages] == list(connection_tests.STAGES)
        proof = test.stages[2].certificate
        assert proof is not None
        assert (proof.names, proof.not_after.year) == (["sql.example.com"], 2027)

    def test_have_a_bound_for_each_person(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with answering(PASSED) as asked:
            run_test(owner, solution)
            cache.set(f"functions.connection-tests.{owner.pk}", connection_tests.TESTS_AN_HOUR)
            with pytest.raises(TooManyConnectionTests):
                run_test(owner, solution)

        assert len(asked) == 1

    def test_keep_that_it_passed(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner)

        with answering(PASSED):
            run_test(owner, solution)

        connection.refresh_from_db()
        assert connection.has_passed

    def test_keep_where_it_failed_and_no_more(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner)

        with answering(EXPIRED):
            test = run_test(owner, solution)

        connection.refresh_from_db()
        assert (test.failed_stage, connection.failed_stage) == ("tls", "tls")
        event = AuditEvent.objects.get(act="connection.test")
        assert (event.actor, event.changes) == (owner, {"failed_stage": [None, "tls"]})

    def test_are_for_who_may_configure(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with pytest.raises(NotAllowed):
            run_test(technician(solution), solution)

    def test_wait_for_a_secret(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        solution.connections.update(sealed=None, data_key=None)

        with pytest.raises(ConnectionWithoutSecret):
            run_test(owner, solution)

    def test_keep_nothing_where_no_worker_is(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner)
        on_lane(lambda _lane: asyncio.sleep(0))  # which empties it

        with pytest.raises(NoWorker):
            run_test(owner, solution)

        connection.refresh_from_db()
        assert connection.tested_at is None
        assert not AuditEvent.objects.filter(act="connection.test").exists()


class TestApi:
    def test_tells_the_stages(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with answering(EXPIRED):
            answer = script_of(owner).post(address_of_test(solution))

        assert answer.status_code == 200
        told = answer.json()
        assert not told["passed"]
        assert [one["name"] for one in told["stages"]] == list(connection_tests.STAGES)
        assert told["stages"][2] == {
            "name": "tls",
            "status": "failed",
            "ms": 3,
            "detail": "It ended.",
            "advice": "tls_expired",
            "certificate": None,
        }

    def test_tells_the_certificate(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with answering(PASSED):
            answer = script_of(owner).post(address_of_test(solution))

        assert answer.json()["stages"][2]["certificate"] == CERTIFICATE
        assert PASSWORD.encode() not in answer.content

    def test_says_that_there_is_no_secret(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        solution.connections.update(sealed=None, data_key=None)

        answer = script_of(owner).post(address_of_test(solution))

        assert_problem(answer, 409, "connection_without_secret")


def address_of_test(solution: Solution) -> str:
    return reverse("api-connection-test", args=[solution.pk, "erp"])


class TestConsole:
    @pytest.fixture
    def browser(self, owner: User, client: Client) -> Client:
        client.force_login(owner)
        return client

    def test_shows_the_stages_and_what_to_do(
        self, solution: Solution, owner: User, browser: Client
    ) -> None:
        save_server(solution, by=owner)

        with answering(EXPIRED):
            answer = browser.post(reverse("solution-connection-test", args=[solution.pk, "erp"]))

        read_page(answer)
        text = answer.content.decode()
        assert answer.headers["Cache-Control"] == "no-store"
        for words in ("It failed at", "The certificate is out of date", "It ended."):
            assert words in text

    def test_answers_htmx_with_the_part_alone(
        self, solution: Solution, owner: User, browser: Client
    ) -> None:
        save_server(solution, by=owner)

        with answering(PASSED):
            answer = browser.post(
                reverse("solution-connection-test", args=[solution.pk, "erp"]),
                headers={"HX-Request": "true"},
            )

        text = answer.content.decode()
        assert "<html" not in text
        assert "<c-" not in text
        for words in ("The server answers.", "CN=Example CA", "It works"):
            assert words in text
