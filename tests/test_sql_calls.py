"""The other main job through every part: phone, web server, broker, worker, driver, SQL Server.

The wire to the server is real, and so is the driver; T-SQL is not: the server is scripted.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pytest_httpserver import HTTPServer

from auth_providers.services.scopes import ALL_SCOPES
from auth_providers.tests.factories import personal_token
from functions.models import CallRecord, Connection
from functions.services.connections import remove_connection
from tests.conftest import Installation, answers, wait_until
from tests.people import SERVER_NAME, Field
from tests.tds import (
    Answer,
    Authority,
    Certificate,
    Column,
    Count,
    Request,
    Rows,
    Silence,
    WaitForCancel,
    kinds,
    sql_server,
)

LIST = """
provider: DATA_PROVIDER_SQL
method: query
connection: erp
query: SELECT id, name FROM customers WHERE region = @region
parameters:
  region: {type: string, required: true}
outputTransform: |
  $.{"id": $string(id), "name": name}
"""
BOOK = """
provider: DATA_PROVIDER_SQL
method: execute
connection: erp
procedure: dbo.book
parameters:
  amount: {type: number, required: true}
  total: {type: number, location: output}
output: =@ctx.response.body
error:
  - when: =@ctx.error.details.number = 50001
    title: Out of stock
    description: =@ctx.error.details.message
"""
REST = """
provider: DATA_PROVIDER_REST
url: {service}/quick
"""
CUSTOMERS = Rows(
    [Column("id", kinds.INT), Column("name", kinds.nvarchar(40))], [(1, "Ann"), (2, "Bén")]
)
TOTAL = Rows([Column("jigxmgmt:0", kinds.decimal(38, 10))], [("12.5",)])
CAUGHT = Rows(
    [
        Column("jigxmgmt:error", kinds.INT),
        Column("severity", kinds.INT),
        Column("message", kinds.nvarchar(4000)),
    ],
    [(50001, 16, "None left of 7")],
)
LOGINS = {"reader": "correct horse battery staple"}


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue(SERVER_NAME)


def always(answer: Answer) -> Callable[[Request], Answer]:
    return lambda _request: answer


class TestSqlCall:
    def test_brings_the_rows_home(self, field: Field, certificate: Certificate) -> None:
        field.publish(list_customers=LIST)
        with sql_server([CUSTOMERS], certificate=certificate, logins=LOGINS) as server:
            field.save_server(server)
            document = field.call("list-customers", region="EU'; --").json()

        rows = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bén"}]
        assert (document["status"], document["output"], document["records"]) == ("ok", rows, rows)
        assert "answer" not in document
        assert [parameter.value for parameter in server.requests[0].parameters] == [
            "SELECT id, name FROM customers WHERE region = @region",
            "@region nvarchar(4000)",
            "EU'; --",
        ]
        wait_until(lambda: CallRecord.objects.exists())
        record = CallRecord.objects.get()
        assert (record.function_name, record.status) == ("list-customers", "OK")
        assert record.response_bytes > 0

    def test_calls_procedures_and_tells_their_errors(
        self, field: Field, certificate: Certificate
    ) -> None:
        field.publish(book=BOOK)
        script: list[Answer] = [[CUSTOMERS, Count(3), TOTAL], CAUGHT]
        with sql_server(script, certificate=certificate) as server:
            field.save_server(server)
            booked = field.call("book", amount=7).json()
            refused = field.call("book", amount=8).json()

        assert booked["output"] == {
            "recordsets": [[{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bén"}]],
            "output": {"total": 12.5},
            "rowsAffected": 3,
        }
        assert refused["error"]["name"] == "SqlError"
        assert (refused["error"]["title"], refused["error"]["description"]) == (
            "Out of stock",
            "None left of 7",
        )
        wait_until(lambda: CallRecord.objects.filter(error_name="SqlError").exists())

    def test_a_change_of_the_connection_holds_with_the_next_call(
        self, field: Field, certificate: Certificate
    ) -> None:
        field.publish(list_customers=LIST)
        with sql_server(always(CUSTOMERS), certificate=certificate, logins=LOGINS) as server:
            field.save_server(server)
            assert field.call("list-customers", region="EU").json()["status"] == "ok"
            assert field.call("list-customers", region="EU").json()["status"] == "ok"
            assert len(server.sessions) == 1

            field.save_server(server, secret="another")
            refused = field.call("list-customers", region="EU").json()
            server.wait_until(lambda: not server.open_sessions)
            remove_connection(field.solution, name="erp", by=field.owner)
            gone = field.call("list-customers", region="EU").json()

        assert refused["error"]["details"]["code"] == "sign_in_refused"
        assert gone["error"]["details"] == {"code": "connection_missing"}

    def test_a_time_that_runs_out_is_cancelled_at_the_server(
        self, field: Field, certificate: Certificate
    ) -> None:
        field.publish(list_customers=LIST)
        with sql_server([WaitForCancel(), CUSTOMERS], certificate=certificate) as server:
            field.save_server(server, query_seconds=1)
            late = field.call("list-customers", region="EU").json()
            server.wait_until(lambda: server.attentions == 1)

            assert field.call("list-customers", region="EU").json()["status"] == "ok"

        assert late["error"]["name"] == "UpstreamTimeout"

    def test_a_silent_database_starves_neither_rest_nor_another(
        self, field: Field, certificate: Certificate, httpserver: HTTPServer
    ) -> None:
        httpserver.expect_request("/quick").respond_with_json({"quick": True})
        service = httpserver.url_for("").rstrip("/")
        other = LIST.replace("connection: erp", "connection: crm")
        field.publish(wait=LIST, other=other, quick=REST.format(service=service))
        with (
            sql_server(always(Silence()), certificate=certificate) as silent,
            sql_server(always(CUSTOMERS), certificate=certificate) as server,
            ThreadPoolExecutor(20) as phones,
        ):
            field.save_server(silent, query_seconds=2)
            field.save_server(server, name="crm")
            waiting = [phones.submit(field.call, "wait", region="EU") for _ in range(16)]
            silent.wait_until(lambda: len(silent.requests) == 8)

            assert field.call("other", region="EU").json()["status"] == "ok"
            assert field.call("quick").json()["status"] == "ok"
            assert not any(call.done() for call in waiting)
            names = {call.result().json()["error"]["name"] for call in waiting}

        assert names == {"UpstreamTimeout"}
        assert len(silent.sessions) == 8


class TestWithoutDriver:
    def test_a_call_says_so_and_the_log_names_the_command(
        self, installation: Installation, field: Field
    ) -> None:
        field.publish(list_customers=LIST)
        apart = {"REDIS_URL": installation.broker_url + "?db=1"}
        with sql_server() as server:
            field.save_server(server)
        with (
            installation.web(**apart) as field.address,
            installation.worker(**apart, SQL_SERVER_DRIVER="no_such_driver"),
        ):
            wait_until(lambda: answers(f"{field.address}/readyz", 200))
            document = field.call("list-customers", region="EU").json()

        assert document["error"]["name"] == "SqlError"
        assert document["error"]["details"] == {"code": "driver_missing"}
        assert "-r requirements-mssql.txt" in installation.log.read_text()


class TestConnectionTest:
    def ask(self, field: Field) -> list[dict[str, object]]:
        token = personal_token(field.owner, scopes=ALL_SCOPES).secret
        answer = requests.post(
            f"{field.address}/api/v1/solutions/{field.solution.pk}/connections/erp/test",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        stages: list[dict[str, object]] = answer.json()["stages"]
        return stages

    def test_goes_the_whole_way(self, field: Field, certificate: Certificate) -> None:
        alive = Rows([Column("alive", kinds.INT)], [(1,)])
        with sql_server([alive], certificate=certificate, logins=LOGINS) as server:
            field.save_server(server)
            stages = self.ask(field)

        assert [(stage["name"], stage["status"]) for stage in stages] == [
            (name, "ok") for name in ("dns", "tcp", "tls", "sign_in", "query")
        ]
        proof = stages[2]["certificate"]
        assert isinstance(proof, dict)
        assert proof["names"] == [SERVER_NAME]
        assert Connection.objects.get().has_passed

    @pytest.mark.parametrize(
        ("changed", "failed", "advice"),
        [
            ({"certificate_host_name": "other.example.test"}, "tls", "tls_wrong_name"),
            ({"secret": "wrong"}, "sign_in", "sign_in_refused"),
            ({"port": 1}, "tcp", "tcp_refused"),
            ({"server": "10.0.0.1"}, "dns", "address_refused"),
        ],
    )
    def test_says_where_it_failed_and_why(
        self,
        field: Field,
        certificate: Certificate,
        changed: dict[str, object],
        failed: str,
        advice: str,
    ) -> None:
        with sql_server(certificate=certificate, logins=LOGINS) as server:
            field.save_server(server, **changed)  # type: ignore[arg-type]
            stages = self.ask(field)

        [fault] = [stage for stage in stages if stage["status"] == "failed"]
        assert (fault["name"], fault["advice"]) == (failed, advice)
        assert Connection.objects.get().failed_stage == failed

    def test_is_over_before_its_caller_is(self, field: Field, certificate: Certificate) -> None:
        started = time.monotonic()
        with sql_server(always(Silence()), certificate=certificate) as server:
            field.save_server(server, query_seconds=1)
            stages = self.ask(field)

        assert stages[-1]["advice"] == "query_failed"
        assert time.monotonic() - started < 10
