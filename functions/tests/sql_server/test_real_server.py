"""The same on a real SQL Server, which understands what it is asked.

Run where PORTAL_TEST_MSSQL_URL names one: `mssql://user:password@host:port/database`, and after the
`?` what DATABASE_URL takes there. The user must be able to make a schema, and what is in it.
"""

import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from functions import engine
from functions.engine.failures import (
    SqlError,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnreachable,
)
from functions.sql_server.drivers import Driver, load_driver
from functions.sql_server.relays import Relay
from functions.sql_server.sessions import Session
from functions.sql_server.targets import Password, Target
from functions.tests.engine.database import execute, query
from functions.tests.engine.test_batches import INJECTIONS
from functions.tests.sql_server.asking import ask

# ruff: noqa: S608 (the schema's name is the tests' own)

pytestmark = pytest.mark.real_sql_server

URL = urlsplit(os.environ.get("PORTAL_TEST_MSSQL_URL", ""))


@dataclass(frozen=True)
class Place:
    """A schema of the tests' own, and how to get there."""

    schema: str
    driver: Driver

    def open(self, *, password: str | None = None, **changed: Any) -> Session:
        secret = unquote(URL.password or "") if password is None else password
        target = target_of_url(**changed)
        sign_in = Password(unquote(URL.username or ""), engine.Secret(secret))
        relay = Relay.connect(target.host, target.port, bind_address=None, seconds=10)
        try:
            return self.driver.open(target, sign_in, relay)
        except BaseException:
            relay.close()
            raise

    def make(self, statement: str) -> None:
        """Run a statement that must stand alone in its batch, with the schema put in."""
        self.ask("EXEC sp_executesql @text", text=statement.format(schema=self.schema))

    def ask(self, statement: str, **values: Any) -> Any:
        """Run a statement in a session of its own and return its first set."""
        session = self.open()
        try:
            return rows(session, statement.replace("{schema}", self.schema), **values)
        finally:
            session.close()


def target_of_url(**changed: Any) -> Target:
    said = {name.lower(): value for name, value in parse_qsl(URL.query)}
    known: dict[str, Any] = {
        "certificate_name": said.get("hostnameincertificate", ""),
        "trusts_any_certificate": said.get("trustservercertificate", "no") == "yes",
        "database": URL.path.strip("/") or "master",
    }
    return Target(URL.hostname or "", URL.port or 1433, **{**known, **changed})


def rows(session: Session, statement: str, **values: Any) -> Any:
    source = query(statement, parameters={name: {} for name in values})
    return ask(session, source, values)["recordsets"][:1]


def body(session: Session, statement: str, **values: Any) -> dict[str, Any]:
    return ask(session, query(statement, parameters={name: {} for name in values}), values)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Make a schema with a table and procedures, and leave nothing behind."""
    place = Place(f"portal_{secrets.token_hex(6)}", load_driver())
    place.make("CREATE SCHEMA {schema}")
    place.make("CREATE TABLE {schema}.stock (id int PRIMARY KEY, name nvarchar(40), n int)")
    place.make("INSERT INTO {schema}.stock VALUES (1, N'Bén', 5), (2, N'Ann', 7)")
    for name, procedure in PROCEDURES.items():
        place.make("CREATE PROCEDURE {schema}." + name + procedure)
    yield place
    for name in PROCEDURES:
        place.make("DROP PROCEDURE {schema}." + name)
    place.make("DROP TABLE {schema}.stock")
    place.make("DROP SCHEMA {schema}")


PROCEDURES = {
    "total": """
        @amount decimal(18, 2), @factor int = 3,
        @total decimal(18, 2) OUTPUT, @note nvarchar(100) OUTPUT
        AS BEGIN
            SET @total = @amount * @factor;
            SET @note = @note + N' é';
            SELECT @factor AS factor;
        END""",
    "take": """
        @id int, @n int
        AS BEGIN
            BEGIN TRANSACTION;
            UPDATE {schema}.stock SET n = n - @n WHERE id = @id;
            IF (SELECT n FROM {schema}.stock WHERE id = @id) < 0
                RAISERROR(N'None left of %d', 16, 1, @id);
            COMMIT TRANSACTION;
        END""",
}


@pytest.fixture
def session(place: Place) -> Iterator[Session]:
    session = place.open()
    yield session
    session.close()


class TestTypes:
    @pytest.mark.parametrize(
        ("expression", "json"),
        [
            ("CAST(1 AS bit)", True),
            ("CAST(200 AS tinyint)", 200),
            ("CAST(9007199254740993 AS bigint)", "9007199254740993"),
            ("CAST(0.1 AS float)", 0.1),
            ("CAST(0.1 AS real)", 0.1),
            ("CAST(12.50 AS decimal(10, 2))", 12.5),
            ("CAST('123456789012345678.25' AS decimal(38, 2))", "123456789012345678.25"),
            ("CAST(3.5 AS money)", 3.5),
            ("N'naïve 😀'", "naïve 😀"),
            ("CAST(N'é' AS varchar(10))", "é"),
            ("CAST('2026-02-03' AS date)", "2026-02-03"),
            ("CAST('04:05:06.1234567' AS time(7))", "04:05:06.123456"),
            ("CAST('2026-02-03T04:05:06.1234567' AS datetime2(7))", "2026-02-03T04:05:06.123456"),
            ("CAST('2026-02-03T04:05:06' AS smalldatetime)", "2026-02-03T04:05:00"),
            (
                "CAST('2026-02-03T04:05:06+02:00' AS datetimeoffset(0))",
                "2026-02-03T04:05:06+02:00",
            ),
            (
                "CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier)",
                "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            ),
            ("CAST(0x00FF AS varbinary(max))", "AP8="),
            ("CAST(NULL AS int)", None),
        ],
    )
    def test_come_back_as_json(self, session: Session, expression: str, json: Any) -> None:
        assert rows(session, f"SELECT {expression} AS a") == [[{"a": json}]]

    @pytest.mark.parametrize(
        ("kind", "value", "json"),
        [
            ("string", "nämé 😀", "nämé 😀"),
            ("string", "x" * 5_000, "x" * 5_000),
            ("int", 2**53 + 1, "9007199254740993"),
            ("number", 12.5, 12.5),
            ("number", 1e30, 1e30),
            ("boolean", True, True),
            ("array", [1, None], "[1, null]"),
            ("date", "2026-02-03", "2026-02-03"),
            ("number", None, None),
        ],
    )
    def test_go_there_and_back(self, session: Session, kind: str, value: Any, json: Any) -> None:
        source = query("SELECT @a AS a", parameters={"a": {"type": kind}})

        assert ask(session, source, {"a": value})["recordsets"] == [[{"a": json}]]

    def test_octets(self, session: Session) -> None:
        parameters = {"a": {"type": "file", "encoding": "binary"}}
        source = query("SELECT @a AS a, DATALENGTH(@a) AS n", parameters=parameters)

        assert ask(session, source, {"a": "AP8="})["recordsets"] == [[{"a": "AP8=", "n": 2}]]

    def test_a_number_finds_a_decimal(self, session: Session) -> None:
        statement = "SELECT 1 AS found WHERE CAST('0.1' AS decimal(10, 1)) = @a"

        assert rows(session, statement, a=0.1) == [[{"found": 1}]]


class TestResults:
    def test_several_sets_and_counts(self, place: Place, session: Session) -> None:
        found = body(
            session,
            f"UPDATE {place.schema}.stock SET n = n WHERE id IN (1, 2);"
            f"SELECT id FROM {place.schema}.stock ORDER BY id;"
            "PRINT N'on the way'; SELECT 1 AS one WHERE 1 = 0; SELECT N'three' AS three;",
        )

        assert found == {
            "recordsets": [[{"id": 1}, {"id": 2}], [], [{"three": "three"}]],
            "output": {},
            "rowsAffected": 2,
        }

    def test_a_procedure_with_outputs_and_its_own_default(
        self, place: Place, session: Session
    ) -> None:
        parameters = {
            "amount": {"type": "number"},
            "factor": {"type": "int"},
            "total": {"type": "number", "location": "output"},
            "note": {"type": "string", "location": "both"},
        }
        source = execute(f"{place.schema}.total", parameters=parameters)

        found = ask(session, source, {"amount": 2.5, "note": "a"})

        assert found["recordsets"] == [[{"factor": 3}]]
        assert found["output"] == {"total": 7.5, "note": "a é"}

    def test_a_statement_with_an_output(self, session: Session) -> None:
        parameters = {"n": {"type": "int", "location": "output"}}
        source = query("SET @n = 41 + 1", parameters=parameters)

        assert ask(session, source)["output"] == {"n": 42}

    @pytest.mark.parametrize("type_of", ["nvarchar(max)", "varchar(max)"])
    def test_what_the_server_had_to_cut_is_too_large(self, session: Session, type_of: str) -> None:
        source = query(f"SELECT REPLICATE(CAST('x' AS {type_of}), 5000) AS a")

        with pytest.raises(UpstreamTooLarge):
            ask(session, source, limits=engine.Limits(response_bytes=1_000))

    def test_what_a_session_was_told_is_forgotten(self, session: Session) -> None:
        body(session, "EXEC sp_set_session_context N'who', N'a stranger'")
        session.renew()

        said = "SELECT CAST(SESSION_CONTEXT(N'who') AS nvarchar(100)) AS who"
        assert rows(session, said) == [[{"who": None}]]


class TestInjection:
    @pytest.mark.parametrize("kind", ["string", "file", "image", "date", "array", "object", None])
    def test_a_value_stays_a_value(self, place: Place, session: Session, kind: str | None) -> None:
        parameters = {"a": {} if kind is None else {"type": kind}}
        for text in (*INJECTIONS, f"'; DROP TABLE {place.schema}.stock; --"):
            value = {"array": [text], "object": {text: text}}.get(kind or "", text)
            source = query("SELECT @a AS a", parameters=parameters)

            [[row]] = ask(session, source, {"a": value})["recordsets"]

            assert text in row["a"] or kind in ("array", "object")
        assert len(place.ask("SELECT id FROM {schema}.stock")[0]) == 2


class TestErrors:
    def test_a_key_that_is_there_already(self, place: Place, session: Session) -> None:
        statement = f"\nINSERT INTO {place.schema}.stock VALUES (1, N'again', 0)"
        with pytest.raises(SqlError) as refused:
            body(session, statement)

        details = refused.value.details
        assert (details["number"], details["severity"], details["line"]) == (2627, 14, 2)
        assert "PRIMARY KEY" in details["message"]

    def test_an_error_of_a_procedure_undoes_its_transaction(
        self, place: Place, session: Session
    ) -> None:
        parameters = {"id": {"type": "int"}, "n": {"type": "int"}}
        source = execute(f"{place.schema}.take", parameters=parameters)
        with pytest.raises(SqlError) as refused:
            ask(session, source, {"id": 1, "n": 99})

        assert refused.value.details["number"] == 50000
        assert refused.value.details["message"] == "None left of 1"
        assert refused.value.details["procedure"].endswith("take")
        assert place.ask("SELECT n FROM {schema}.stock WHERE id = 1") == [[{"n": 5}]]

    @pytest.mark.parametrize(
        "statement", ["SELEC 1", "SELECT * FROM no_such_table", "EXEC no_such_procedure"]
    )
    def test_a_statement_that_can_not_run(self, session: Session, statement: str) -> None:
        with pytest.raises(SqlError) as refused:
            body(session, statement)

        assert refused.value.details["number"] in (102, 156, 208, 2812)
        assert rows(session, "SELECT 1 AS still") == [[{"still": 1}]]

    def test_a_transaction_that_is_left_open(self, place: Place, session: Session) -> None:
        with pytest.raises(SqlError):
            body(session, f"BEGIN TRANSACTION; DELETE FROM {place.schema}.stock")

        assert rows(session, "SELECT @@TRANCOUNT AS n") == [[{"n": 0}]]
        assert len(place.ask("SELECT id FROM {schema}.stock")[0]) == 2

    def test_the_victim_of_a_deadlock(self, place: Place) -> None:
        numbers: list[int | None] = []

        def take(first: int, second: int) -> None:
            session = place.open()
            try:
                statement = (
                    f"BEGIN TRANSACTION; UPDATE {place.schema}.stock SET n = n WHERE id = {first};"
                    "WAITFOR DELAY '00:00:01';"
                    f"UPDATE {place.schema}.stock SET n = n WHERE id = {second}; COMMIT"
                )
                # The server looks for deadlocks every five seconds.
                ask(session, query(statement), seconds=30)
            except SqlError as error:
                numbers.append(error.details["number"])
            finally:
                session.close()

        threads = [threading.Thread(target=take, args=pair) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert numbers == [1205]

    def test_a_time_that_runs_out_is_cancelled(self, place: Place) -> None:
        session = place.open()
        statement = (
            f"BEGIN TRANSACTION; DELETE FROM {place.schema}.stock;WAITFOR DELAY '00:00:20'; COMMIT"
        )
        with pytest.raises(UpstreamTimeout):
            ask(session, query(statement), seconds=1)
        session.close()

        assert len(place.ask("SELECT id FROM {schema}.stock")[0]) == 2

    def test_a_session_that_somebody_ends(self, place: Place) -> None:
        session = place.open()
        [[row]] = rows(session, "SELECT @@SPID AS id")
        ended = threading.Timer(1, lambda: place.ask(f"KILL {row['id']}"))
        ended.start()
        with pytest.raises((UpstreamUnreachable, SqlError)):
            body(session, "WAITFOR DELAY '00:00:20'")
        ended.join()
        session.close()


class TestSignIn:
    def test_a_wrong_password(self, place: Place) -> None:
        with pytest.raises(SqlError) as refused:
            place.open(password=secrets.token_hex(8))

        assert refused.value.details["code"] == "sign_in_refused"

    def test_a_database_that_is_not_there(self, place: Place) -> None:
        with pytest.raises(SqlError) as refused:
            place.open(database=f"none_{secrets.token_hex(6)}")

        assert refused.value.details["code"] in ("database_unknown", "sign_in_refused")

    def test_a_certificate_of_another(self, place: Place) -> None:
        with pytest.raises(UpstreamUnreachable) as refused:
            place.open(certificate_name="other.example.test", trusts_any_certificate=False)

        assert refused.value.details == {"code": "tls_refused"}
