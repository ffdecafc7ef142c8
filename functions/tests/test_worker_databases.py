"""A customer's database at the worker: who signs in, with what, and for how long that holds."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from functions import engine
from functions.calls.database import Database
from functions.engine.batches import Batch
from functions.engine.failures import AddressRefused, EngineFailure
from functions.engine.recordsets import Recordsets
from functions.models import Connection, CredentialStamp
from functions.sql_server.databases import PooledDatabase
from functions.sql_server.targets import AccessToken, Password
from functions.tests.factories import PASSWORD, owner_of, save_server
from functions.worker.databases import Databases
from jigxmgmt import outbound
from orgs.models import Solution
from orgs.tests.factories import SolutionFactory
from tests.tds import Column, Rows, Server, Silence, kinds, sql_server

pytestmark = pytest.mark.django_db(transaction=True)

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
DIRECTORY = "99999999-8888-7777-6666-555555555555"
ALIVE = Rows([Column("alive", kinds.INT)], [(1,)])
NETWORKS = ["127.0.0.0/8"]
Find = Callable[..., Coroutine[Any, Any, PooledDatabase]]


@pytest.fixture
def solution() -> Solution:
    return SolutionFactory.create()


def save(solution: Solution, server: Server | None = None, **fields: Any) -> None:
    """Save the connection `erp`, to this server where there is one."""
    place = {"server": server.host, "port": server.port} if server else {}
    trusting = {"trusts_any_certificate": True}
    save_server(solution, by=owner_of(solution), **{**place, **trusting, **fields})


def save_principal(solution: Solution, server: Server | None = None, **fields: Any) -> None:
    principal = {"sign_in": Connection.SignIn.SERVICE_PRINCIPAL.value, "user_name": CLIENT_ID}
    save(solution, server, **{**principal, "directory_id": DIRECTORY, **fields})


def tell(solution: Solution, story: Callable[[Find], Coroutine[Any, Any, Any]]) -> Any:
    """Tell a story with the databases of one worker; each find is another call's."""
    database = Database(1)

    async def told() -> Any:
        client = outbound.Client()
        databases = Databases(database, client)

        async def find(name: str, networks: Sequence[str] = NETWORKS) -> PooledDatabase:
            message = await database.run(message_of, solution, networks)
            return await databases.find(message, name)

        try:
            return await story(find)
        finally:
            await databases.close()
            await client.close()

    try:
        return asyncio.run(told())
    finally:
        database.close()


def message_of(solution: Solution, networks: Sequence[str] = NETWORKS) -> dict[str, Any]:
    stamp = CredentialStamp.objects.filter(solution=solution).first()
    return {
        "organization": {"id": str(solution.organization_id)},
        "solution": {"id": str(solution.pk)},
        "credential_stamp": stamp.number if stamp else 0,
        "networks": list(networks),
    }


def failure_of(solution: Solution, name: str = "erp") -> EngineFailure:
    with pytest.raises(EngineFailure) as refused:
        tell(solution, lambda find: find(name))
    return refused.value


async def ask(database: PooledDatabase) -> None:
    batch = Batch("SELECT 1 AS alive", (), ())
    await database.run(batch, Recordsets(engine.Limits(), outputs=()), seconds=5)


class TestFind:
    def test_gives_the_password_and_what_was_saved(self, solution: Solution) -> None:
        save(
            solution,
            application_intent="read_only",
            certificate_host_name="db.example.com",
            query_seconds=7,
        )

        database = tell(solution, lambda find: find("erp"))

        assert isinstance(database.sign_in, Password)
        assert (database.sign_in.user, database.secrets[0].reveal()) == ("reader", PASSWORD)
        target = database.target
        assert (target.host, target.port, target.database) == ("sql.example.com", 1433, "orders")
        assert (target.is_read_only, target.query_seconds) == (True, 7)
        assert target.name_to_verify == "db.example.com"
        assert PASSWORD not in repr(database)

    @pytest.mark.parametrize(
        ("name", "code"),
        [("crm", "connection_missing"), ("erp", "connection_without_secret")],
    )
    def test_says_what_is_missing(self, solution: Solution, name: str, code: str) -> None:
        save(solution)
        Connection.objects.update(sealed=None, data_key=None)

        assert failure_of(solution, name).details == {"code": code}

    def test_says_that_the_driver_is(self, solution: Solution, settings: Settings) -> None:
        settings.SQL_SERVER_DRIVER = "no_such_driver"
        save(solution)

        assert failure_of(solution).details == {"code": "driver_missing"}

    def test_another_password_ends_the_sessions_of_the_one_before(self, solution: Solution) -> None:
        async def story(find: Find) -> None:
            await ask(await find("erp"))
            await ask(await find("erp"))
            assert len(server.open_sessions) == 1
            await saver.run(save, solution, server, secret="another")
            await find("erp")
            await asyncio.to_thread(server.wait_until, lambda: not server.open_sessions)

        saver = Database(1)  # which closes what its thread opened
        with sql_server(lambda _request: ALIVE) as server:
            save(solution, server)
            tell(solution, story)
        saver.close()

    def test_networks_that_are_taken_away_end_the_sessions_there(self, solution: Solution) -> None:
        async def story(find: Find) -> None:
            await ask(await find("erp"))
            with pytest.raises(AddressRefused):
                await ask(await find("erp", networks=()))
            await asyncio.to_thread(server.wait_until, lambda: not server.open_sessions)

        with sql_server(lambda _request: ALIVE) as server:
            save(solution, server)
            tell(solution, story)

    def test_an_organization_has_its_share_of_the_threads(
        self, solution: Solution, settings: Settings
    ) -> None:
        settings.LANE_SQL_PER_ORGANIZATION = 2

        async def story(find: Find) -> None:
            names = ["erp", "crm", "hr"]
            late = [asyncio.create_task(ask(await find(name))) for name in names]
            await asyncio.to_thread(server.wait_until, lambda: len(server.requests) == 2)
            await asyncio.gather(*late, return_exceptions=True)
            assert len(server.sessions) == 2

        with sql_server(lambda _request: Silence()) as server:
            for name in ("erp", "crm", "hr"):
                save(solution, server, name=name, query_seconds=1)
            tell(solution, story)


class TestServicePrincipal:
    @pytest.fixture(autouse=True)
    def _authority(self, settings: Settings, httpserver: HTTPServer) -> None:
        settings.AZURE_AUTHORITY_HOST = httpserver.url_for("").rstrip("/")

    def answer(self, httpserver: HTTPServer, lifetime: int, *tokens: str) -> None:
        for token in tokens:
            httpserver.expect_ordered_request(
                f"/{DIRECTORY}/oauth2/v2.0/token", method="POST"
            ).respond_with_json({"access_token": token, "expires_in": lifetime})

    def test_signs_in_by_a_token_that_serves_many_calls(
        self, solution: Solution, httpserver: HTTPServer
    ) -> None:
        self.answer(httpserver, 3600, "ey.first")

        async def story(find: Find) -> None:
            for _ in range(2):
                database = await find("erp")
                assert isinstance(database.sign_in, AccessToken)
                await ask(database)

        with sql_server(lambda _request: ALIVE, tokens=["ey.first"], logins={}) as server:
            save_principal(solution, server)
            tell(solution, story)

        [(request, _)] = httpserver.log
        assert request.form.to_dict() == {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": PASSWORD,
            "scope": "https://database.windows.net/.default",
        }
        login = server.sessions[0].login
        assert login is not None
        assert login.token == "ey.first"

    def test_asks_again_before_a_token_ends(
        self, solution: Solution, httpserver: HTTPServer
    ) -> None:
        self.answer(httpserver, 200, "ey.first", "ey.second")
        save_principal(solution)

        async def story(find: Find) -> list[str]:
            return [(await find("erp")).secrets[0].reveal() for _ in range(2)]

        assert tell(solution, story) == ["ey.first", "ey.second"]

    @pytest.mark.parametrize(
        ("status", "document"),
        [
            (401, json.dumps({"error": "invalid_client", "error_description": "AADSTS7000215"})),
            (200, "[]"),
            (200, "no JSON"),
        ],
    )
    def test_a_refusal_tells_nothing_of_the_secret(
        self, solution: Solution, httpserver: HTTPServer, status: int, document: str
    ) -> None:
        httpserver.expect_request(f"/{DIRECTORY}/oauth2/v2.0/token").respond_with_data(
            document, status=status
        )
        save_principal(solution)

        failure = failure_of(solution)

        assert failure.details == {"code": "token_refused"}
        assert PASSWORD not in str(failure)

    def test_nobody_to_ask(self, solution: Solution, settings: Settings) -> None:
        settings.AZURE_AUTHORITY_HOST = "http://127.0.0.1:1"
        save_principal(solution)

        assert failure_of(solution).name == "UpstreamUnreachable"
