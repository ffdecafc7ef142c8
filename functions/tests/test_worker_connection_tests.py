"""A connection's test at the worker: what a hostile server can make it show."""

import asyncio
from typing import Any

import pytest

from functions.calls.database import Database
from functions.tests.factories import PASSWORD
from functions.tests.test_worker_databases import message_of, save
from functions.worker.connection_tests import LONGEST_DETAIL, run_connection_test
from functions.worker.databases import Databases
from jigxmgmt import outbound
from orgs.models import Solution
from orgs.tests.factories import SolutionFactory
from tests.tds import Answer, Error, Refuse, sql_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def solution() -> Solution:
    return SolutionFactory.create()


def stages_of(solution: Solution, name: str = "erp") -> list[dict[str, Any]]:
    database = Database(1)

    async def story() -> list[dict[str, Any]]:
        client = outbound.Client()
        databases = Databases(database, client)
        message = await database.run(message_of, solution)
        try:
            return await run_connection_test(databases, {**message, "connection": name}, seconds=10)
        finally:
            await databases.close()
            await client.close()

    try:
        return asyncio.run(story())
    finally:
        database.close()


class TestWordsOfTheServer:
    """Whoever tests a connection need not know its secret; the server does."""

    def test_hold_no_secret_when_it_answers(self, solution: Solution) -> None:
        answer: Answer = Error(50001, f"I was told {PASSWORD}")
        with sql_server([answer], logins={"reader": PASSWORD}) as server:
            save(solution, server)
            *_, query = stages_of(solution)

        assert (query["advice"], query["detail"]) == ("query_failed", "I was told ***")

    def test_nor_when_it_refuses_the_sign_in(self, solution: Solution) -> None:
        greeting = Refuse(Error(50001, f"I was told {PASSWORD}"))
        with sql_server(greeting=greeting) as server:
            save(solution, server)
            *_, sign_in, _ = stages_of(solution)

        assert sign_in["status"] == "failed"
        assert PASSWORD not in str(sign_in)

    def test_are_cut_short(self, solution: Solution) -> None:
        with sql_server([Error(50001, "x" * 2_000)]) as server:
            save(solution, server)
            *_, query = stages_of(solution)

        assert len(query["detail"]) == LONGEST_DETAIL


class TestRemovedMeanwhile:
    def test_is_no_bug(self, solution: Solution) -> None:
        first, *rest = stages_of(solution, "gone")

        assert (first["name"], first["status"]) == ("dns", "failed")
        assert {stage["status"] for stage in rest} == {"skipped"}
