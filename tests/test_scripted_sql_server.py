"""The scripted SQL Server, seen through the driver that the product uses."""

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import UUID

import mssql_python
import pytest

from tests.tds import (
    Answer,
    Authority,
    Certificate,
    Column,
    Count,
    Drop,
    EndlessRows,
    Error,
    Greeting,
    HangUp,
    Info,
    Refuse,
    Reroute,
    Rows,
    Server,
    Silence,
    Stage,
    Stall,
    WaitForCancel,
    kinds,
    not_allow_listed,
    sql_server,
    unknown_database,
)

NAME = "db.example.test"
NUMBERS = [Column("n", kinds.INT)]
ACCESS_TOKEN = 1256  # SQL_COPT_SS_ACCESS_TOKEN
RESET_CONNECTION = 1246  # SQL_COPT_SS_RESET_CONNECTION

VALUES: dict[str, tuple[kinds.Kind, Any]] = {
    "bit": (kinds.BIT, True),
    "tinyint": (kinds.TINYINT, 200),
    "smallint": (kinds.SMALLINT, -3),
    "int": (kinds.INT, -(2**31)),
    "bigint": (kinds.BIGINT, 2**63 - 1),
    "real": (kinds.REAL, 1.5),
    "float": (kinds.FLOAT, 0.1),
    "decimal": (kinds.decimal(5, 2), Decimal("-12.50")),
    "numeric": (kinds.numeric(38, 10), Decimal("1234567890123456789012345678.0123456789")),
    "money": (kinds.MONEY, Decimal("-922337203685477.5808")),
    "smallmoney": (kinds.SMALLMONEY, Decimal("-1.2345")),
    "nvarchar": (kinds.nvarchar(20), "nämé 😀"),
    "nvarchar(max)": (kinds.nvarchar(None), "ß" * 9000),
    "nchar": (kinds.nchar(4), "abcd"),
    "varchar": (kinds.varchar(20), "né€"),
    "varchar, Cyrillic": (kinds.varchar(20, kinds.CYRILLIC, "cp1251"), "Привет"),
    "varchar(max)": (kinds.varchar(None), "x" * 9000),
    "char": (kinds.char(4), "abcd"),
    "text": (kinds.TEXT, "né"),
    "ntext": (kinds.NTEXT, "😀"),
    "image": (kinds.IMAGE, b"\x00\x01"),
    "date": (kinds.DATE, date(2026, 12, 1)),
    "time": (kinds.time_of_day(), time(12, 34, 56, 789012)),
    "datetime": (kinds.DATETIME, datetime(2026, 12, 1, 12, 34, 56, 790000)),  # noqa: DTZ001
    "smalldatetime": (kinds.SMALLDATETIME, datetime(2026, 12, 1, 12, 34)),  # noqa: DTZ001
    "datetime2": (kinds.datetime2(), datetime(1, 1, 1, 0, 0, 0, 1)),  # noqa: DTZ001
    "datetimeoffset": (kinds.datetimeoffset(), datetime(2026, 12, 1, 1, 2, 3, 4, UTC)),
    "uniqueidentifier": (
        kinds.UNIQUEIDENTIFIER,
        UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ),
    "varbinary": (kinds.varbinary(10), b"\x00\xff"),
    "varbinary(max)": (kinds.varbinary(None), b"\x01" * 20000),
    "binary": (kinds.binary(2), b"\x01\x02"),
    "xml": (kinds.XML, "<a>é</a>"),
    "sql_variant": (kinds.SQL_VARIANT, "seven"),
}

PARAMETERS: list[tuple[Any, str]] = [
    (True, "bit"),
    (200, "tinyint"),
    (-5, "smallint"),
    (2**40, "bigint"),
    (0.5, "float"),
    (Decimal("-12.50"), "numeric(4,2)"),
    ("abc", "varchar(3)"),
    ("é😀", "nvarchar(3)"),
    ("x" * 9000, "varchar(max)"),
    (None, "varchar(1)"),
    (date(2026, 12, 1), "date"),
    (time(12, 34, 56, 789012), "time(6)"),
    (datetime(2026, 12, 1, 12, 34, 56, 789012), "datetime2(6)"),  # noqa: DTZ001
    (datetime(2026, 12, 1, 12, 34, 56, 789012, UTC), "datetimeoffset(7)"),
    (UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"), "uniqueidentifier"),
    (b"\x00\xff", "varbinary(2)"),
    (b"\x01" * 9000, "varbinary(max)"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that this process trusts."""
    mssql_python.pooling(enabled=False)
    authority = Authority()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.save(tmp_path_factory.mktemp("tls"))))
        yield authority


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue(NAME)


def connect(server: Server, user: str = "app", **options: Any) -> mssql_python.Connection:
    who = f"UID={user};PWD=s3crét;" if user else ""
    target = f"Server={server.host},{server.port};HostNameInCertificate={NAME};Encrypt=yes;"
    more = "Database=shop;ApplicationIntent=ReadOnly;ConnectRetryCount=0;"
    return mssql_python.connect(target + who + more, autocommit=True, timeout=2, **options)


def ask_in_vain(client: mssql_python.Connection) -> None:
    with pytest.raises(mssql_python.OperationalError):
        client.cursor().execute("WAITFOR DELAY '01:00'")


def results_of(cursor: mssql_python.Cursor) -> list[list[tuple[Any, ...]]]:
    """Read every result set; of what has no columns, nothing."""
    results = []
    while True:
        if cursor.description:
            results.append([tuple(row) for row in cursor.fetchall()])
        if not cursor.nextset():
            return results


class TestAnswers:
    @pytest.mark.parametrize("name", VALUES)
    def test_hold_every_type_and_its_null(self, certificate: Certificate, name: str) -> None:
        kind, value = VALUES[name]
        answer = Rows([Column("", kind), Column("", kind)], [(value, None)])
        with sql_server([answer], certificate=certificate) as server, connect(server) as client:
            found = results_of(client.cursor().execute("SELECT"))

        assert found == [[(value, None)]]

    def test_hold_several_results(self, certificate: Certificate) -> None:
        answer = [Count(3), Rows(NUMBERS, [(1,), (2,)]), Info("halfway"), Rows(NUMBERS)]
        with sql_server([answer], certificate=certificate) as server, connect(server) as client:
            cursor = client.cursor().execute("EXEC several")
            changed = cursor.rowcount
            found = results_of(cursor)

        assert (changed, found) == (3, [[(1,), (2,)], []])

    def test_hold_an_error_behind_a_result(self, certificate: Certificate) -> None:
        answer = [Rows(NUMBERS, [(1,)]), Error(50001, "Out of stock", procedure="dbo.take")]
        with sql_server([answer], certificate=certificate) as server, connect(server) as client:
            cursor = client.cursor().execute("EXEC take")
            found = cursor.fetchall()
            with pytest.raises(mssql_python.ProgrammingError, match="Out of stock"):
                cursor.nextset()

        assert len(found) == 1

    @pytest.mark.parametrize(
        "answer", [Error(823, "Read failed", severity=24), [Drop(after=30), Rows(NUMBERS, [(1,)])]]
    )
    def test_end_the_connection(self, certificate: Certificate, answer: Answer) -> None:
        with sql_server([answer], certificate=certificate) as server, connect(server) as client:
            with pytest.raises(mssql_python.OperationalError):
                client.cursor().execute("SELECT").fetchall()
            server.wait_until(lambda: not server.open_sessions)


class TestRequests:
    @pytest.mark.parametrize(("value", "declared"), PARAMETERS, ids=[d for _, d in PARAMETERS])
    def test_keep_each_parameter(
        self, certificate: Certificate, value: object, declared: str
    ) -> None:
        with sql_server([Count(1)], certificate=certificate) as server, connect(server) as client:
            client.cursor().execute("UPDATE t SET v = ?", (value,))
            [request] = server.requests

        assert request.statement == "UPDATE t SET v = @P1"
        assert [(p.value, str(p.type)) for p in request.parameters] == [(value, declared)]

    def test_tell_when_the_session_is_reset(self, certificate: Certificate) -> None:
        script = [Count(1)] * 2
        with sql_server(script, certificate=certificate) as server, connect(server) as client:
            client._conn.set_attr(RESET_CONNECTION, 1)
            for _ in range(2):
                client.cursor().execute("UPDATE t SET v = 1")
            resets = [request.resets_connection for request in server.requests]

        assert resets == [True, False]

    def test_know_transactions(self, certificate: Certificate) -> None:
        with sql_server([Count(1)], certificate=certificate) as server, connect(server) as client:
            client.autocommit = False
            client.cursor().execute("UPDATE t SET v = 1")
            client.rollback()
            statements = [request.statement for request in server.sessions[0].requests]

        assert statements == ["BEGIN", "UPDATE t SET v = 1", "ROLLBACK"]


class TestCancelling:
    def test_is_acknowledged_while_an_answer_is_awaited(self, certificate: Certificate) -> None:
        script = [WaitForCancel(), Rows(NUMBERS, [(1,)])]
        with sql_server(script, certificate=certificate) as server, connect(server) as client:
            client.timeout = 1
            with pytest.raises(mssql_python.OperationalError, match="timeout expired"):
                client.cursor().execute("WAITFOR DELAY '01:00'")
            found = results_of(client.cursor().execute("SELECT"))

        assert (server.attentions, found) == (1, [[(1,)]])

    def test_ends_rows_without_end(self, certificate: Certificate) -> None:
        script = [EndlessRows(NUMBERS, (1,)), Rows(NUMBERS, [(2,)])]
        with sql_server(script, certificate=certificate) as server, connect(server) as client:
            cursor = client.cursor().execute("SELECT")
            some = cursor.fetchmany(1000)
            cursor.close()
            found = results_of(client.cursor().execute("SELECT"))

        assert (len(some), server.attentions, found) == (1000, 1, [[(2,)]])

    def test_can_be_ignored(self, certificate: Certificate) -> None:
        with sql_server([Silence()], certificate=certificate) as server:
            client = connect(server)
            client.timeout = 1
            asking = Thread(target=ask_in_vain, args=[client])
            asking.start()
            server.wait_until(lambda: server.attentions > 0)
            is_waiting = asking.is_alive()
        asking.join()

        assert is_waiting


class TestGreetings:
    def test_show_who_signs_in(self, certificate: Certificate) -> None:
        with sql_server(certificate=certificate, logins={"app": "s3crét"}) as server:
            connect(server).close()
            login = server.sessions[0].login

        assert login is not None
        assert (login.user, login.password, login.database) == ("app", "s3crét", "shop")
        assert login.is_read_only

    def test_know_a_token(self, certificate: Certificate) -> None:
        token = "eyJ.a.b".encode("utf-16-le")
        attributes = {ACCESS_TOKEN: struct.pack("<I", len(token)) + token}
        with sql_server(certificate=certificate, tokens={"eyJ.a.b"}) as server:
            connect(server, user="", attrs_before=attributes).close()
            login = server.sessions[0].login

        assert login is not None
        assert login.token == "eyJ.a.b"

    def test_refuse_a_stranger(self, certificate: Certificate) -> None:
        with (
            sql_server(certificate=certificate, logins={"app": "s3crét"}) as server,
            pytest.raises(mssql_python.Error, match="Login failed for user 'stranger'"),
        ):
            connect(server, user="stranger")

    @pytest.mark.parametrize(
        ("greeting", "words"),
        [
            (Refuse(unknown_database("shop")), 'Cannot open database "shop"'),
            (Refuse(not_allow_listed("203.0.113.7")), "address '203.0.113.7' is not allowed"),
            (HangUp(Stage.CONNECTED), "handshakes before login"),
            (HangUp(Stage.TLS), "TCP Provider"),
            (HangUp(Stage.LOGIN), "TCP Provider"),
            (Stall(Stage.LOGIN), "Timeout error"),
        ],
        ids=["database", "firewall", "at once", "in TLS", "at the login", "silently"],
    )
    def test_let_nobody_in(self, certificate: Certificate, greeting: Greeting, words: str) -> None:
        with (
            sql_server(certificate=certificate, greeting=greeting) as server,
            pytest.raises(mssql_python.Error, match=words),
        ):
            connect(server)

    def test_send_the_client_elsewhere(self, certificate: Certificate) -> None:
        with (
            sql_server(certificate=certificate) as first,
            sql_server([Count(1)], certificate=certificate) as second,
        ):
            first.greeting = Reroute(second.host, second.port)
            with connect(first) as client:
                client.cursor().execute("UPDATE t SET v = 1")

        assert (first.statements, second.statements) == ([], ["UPDATE t SET v = 1"])


class TestCertificates:
    def test_are_verified(self, authority: Authority) -> None:
        for certificate, reason in [
            (authority.issue("other.example.test"), "does not match host name"),
            (authority.issue(NAME, has_expired=True), "has expired"),
            (Authority().issue(NAME), "unable to get local issuer"),
        ]:
            with (
                sql_server(certificate=certificate) as server,
                pytest.raises(mssql_python.OperationalError, match=reason),
            ):
                connect(server)
