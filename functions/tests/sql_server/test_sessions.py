"""What a session sends and reads, by the real driver over the real wire.

The wire is what is real here: the server understands no T-SQL, so that the batch's own statements
are seen as they arrive and answered as a server would.
"""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from functions import engine
from functions.engine.batches import ERROR_MARK, MARK
from functions.engine.failures import (
    BadResponse,
    SqlError,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnreachable,
)
from functions.sql_server.drivers import Driver
from functions.tests.engine.database import execute, query
from functions.tests.sql_server.asking import ask, signed_in
from tests.tds import (
    Certificate,
    Column,
    Count,
    Drop,
    EndlessCell,
    EndlessRows,
    Error,
    Info,
    Rows,
    WaitForCancel,
    deadlock_victim,
    kinds,
    sql_server,
)

ONE = Rows([Column("n", kinds.INT)], [(1,)])
CAUGHT = Rows(
    [
        Column(ERROR_MARK, kinds.INT),
        Column("severity", kinds.INT),
        Column("state", kinds.INT),
        Column("line", kinds.INT),
        Column("procedure", kinds.nvarchar(128)),
        Column("message", kinds.nvarchar(4000)),
    ],
    [(2627, 14, 1, 3, "dbo.p", "Violation of PRIMARY KEY")],
)
PARAMETERS = {
    "text": {"type": "string"},
    "long": {"type": "string"},
    "whole": {"type": "int"},
    "exact": {"type": "number"},
    "near": {"type": "number"},
    "bit": {"type": "boolean"},
    "list": {"type": "array"},
    "octets": {"type": "file", "encoding": "binary"},
    "date": {"type": "date"},
    "nothing": {"type": "number"},
}
VALUES = {
    "text": "nämé 😀'; --",
    "long": "ß" * 4_001,
    "whole": 2**53 + 1,
    "exact": 12.5,
    "near": 1e30,
    "bit": True,
    "list": [1, None],
    "octets": "AP8=",
    "date": "2026-02-03",
}


class TestRequests:
    def test_values_arrive_as_they_are(self, driver: Driver, certificate: Certificate) -> None:
        text = "SELECT @text, N'?' -- not a parameter"
        with sql_server([ONE], certificate=certificate) as server:
            ask(signed_in(driver, server), query(text, parameters=PARAMETERS), VALUES)

        [request] = server.requests
        assert [(str(one.type), one.value) for one in request.parameters] == [
            ("nvarchar(max)", text),
            ("nvarchar(max)", request.parameters[1].value),
            ("nvarchar(4000)", VALUES["text"]),
            ("nvarchar(max)", VALUES["long"]),
            ("bigint", VALUES["whole"]),
            ("decimal(38,10)", Decimal("12.5")),
            ("float", 1e30),
            ("bit", True),
            ("nvarchar(4000)", "[1, null]"),
            ("varbinary(max)", b"\x00\xff"),
            ("nvarchar(4000)", "2026-02-03"),
            ("decimal(38,10)", None),
        ]
        assert request.parameters[1].value == (
            "@text nvarchar(4000), @long nvarchar(max), @whole bigint, @exact decimal(38,10), "
            "@near float, @bit bit, @list nvarchar(4000), @octets varbinary(max), "
            "@date nvarchar(4000), @nothing decimal(38,10)"
        )
        assert "EXEC sp_executesql @P1, @P2, @P3, @P4" in request.statement

    def test_a_session_used_again_is_reset_by_the_server(
        self, driver: Driver, certificate: Certificate
    ) -> None:
        with sql_server([ONE, ONE, ONE], certificate=certificate) as server:
            session = signed_in(driver, server)
            ask(session, query())
            session.renew()
            ask(session, query())
            session.renew()

            assert session.is_alive()

        assert [request.resets_connection for request in server.requests] == [False, True, True]


class TestAnswers:
    @pytest.mark.parametrize(
        ("kind", "value", "json"),
        [
            (kinds.BIT, True, True),
            (kinds.TINYINT, 200, 200),
            (kinds.INT, -5, -5),
            (kinds.BIGINT, 2**53 + 1, "9007199254740993"),
            (kinds.FLOAT, 0.1, 0.1),
            (kinds.REAL, 0.1, 0.1),
            (kinds.decimal(10, 2), Decimal("12.50"), 12.5),
            (kinds.decimal(38, 2), Decimal("123456789012345678.25"), "123456789012345678.25"),
            (kinds.MONEY, Decimal("3.5"), 3.5),
            (kinds.nvarchar(20), "naïve 😀", "naïve 😀"),
            (kinds.nvarchar(None), "x" * 20_000, "x" * 20_000),
            (kinds.varchar(20), "né€", "né€"),
            (kinds.DATE, date(2026, 2, 3), "2026-02-03"),
            (
                kinds.datetime2(),
                datetime.fromisoformat("2026-02-03T04:05:06.123456"),
                "2026-02-03T04:05:06.123456",
            ),
            (
                kinds.datetimeoffset(),
                datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
                "2026-02-03T04:05:06+00:00",
            ),
            (
                kinds.UNIQUEIDENTIFIER,
                UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF"),
                "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            ),
            (kinds.varbinary(None), b"\x00\xff" * 9_000, None),
            (kinds.XML, "<a/>", "<a/>"),
        ],
    )
    def test_every_type_is_json(
        self, driver: Driver, certificate: Certificate, kind: kinds.Kind, value: Any, json: Any
    ) -> None:
        answer = Rows([Column("a", kind), Column("b", kind)], [(value, None)])
        with sql_server([answer], certificate=certificate) as server:
            body = ask(signed_in(driver, server), query())

        if json is None:
            json = "AP8A/wD/" * 3_000
        assert body["recordsets"] == [[{"a": json, "b": None}]]

    def test_half_a_character_is_no_text(self, driver: Driver, certificate: Certificate) -> None:
        answer = Rows([Column("a", kinds.nvarchar(20))], [("half \ud83d",)])
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises(BadResponse),
        ):
            ask(signed_in(driver, server), query())

    def test_several_sets_and_counts(self, driver: Driver, certificate: Certificate) -> None:
        columns = [Column("n", kinds.INT)]
        many = Rows(columns, [(number,) for number in range(1_200)])
        answer = [Count(3), ONE, Info("on the way"), many, Count(2), Rows(columns)]
        with sql_server([answer], certificate=certificate) as server:
            body = ask(signed_in(driver, server), query())

        first, second, third = body["recordsets"]
        assert (first, len(second), third) == ([{"n": 1}], 1_200, [])
        assert second[-1] == {"n": 1_199}
        assert body["rowsAffected"] == 5

    def test_outputs(self, driver: Driver, certificate: Certificate) -> None:
        parameters = {
            "total": {"type": "number", "location": "output"},
            "note": {"type": "string", "location": "both"},
        }
        columns = [
            Column(f"{MARK}0", kinds.decimal(38, 10)),
            Column(f"{MARK}1", kinds.nvarchar(None)),
        ]
        answer = [ONE, Rows(columns, [(Decimal("12.5"), "after")])]
        with sql_server([answer], certificate=certificate) as server:
            source = execute("dbo.p", parameters=parameters)
            body = ask(signed_in(driver, server), source, {"note": "before"})

        assert body["recordsets"] == [[{"n": 1}]]
        assert body["output"] == {"total": 12.5, "note": "after"}
        [request] = server.requests
        assert request.values[:3] == (
            None,
            "before",
            "EXEC dbo.p @total = @total OUTPUT, @note = @note OUTPUT",
        )

    @pytest.mark.parametrize(
        "limits", [engine.Limits(rows=600), engine.Limits(response_bytes=2_000)]
    )
    def test_what_is_too_much_is_cancelled(
        self, driver: Driver, certificate: Certificate, limits: engine.Limits
    ) -> None:
        answer = EndlessRows([Column("n", kinds.nvarchar(40))], ["x" * 40])
        with sql_server([answer], certificate=certificate) as server:
            session = signed_in(driver, server)
            with pytest.raises(UpstreamTooLarge):
                ask(session, query(), limits=limits)
            session.close()
            server.wait_until(lambda: not server.open_sessions)


class TestHostileAnswers:
    def test_a_cell_without_an_end(self, driver: Driver, certificate: Certificate) -> None:
        answer = EndlessCell(Column("t", kinds.nvarchar(None)))
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises(UpstreamTooLarge),
        ):
            ask(signed_in(driver, server), query(), limits=engine.Limits(response_bytes=10_000))

    def test_messages_without_an_end(self, driver: Driver, certificate: Certificate) -> None:
        answer = [Info("x" * 2_000)] * 1_000
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises(UpstreamTooLarge),
        ):
            ask(signed_in(driver, server), query(), limits=engine.Limits(response_bytes=10_000))

    def test_sets_without_an_end(self, driver: Driver, certificate: Certificate) -> None:
        sets = [Rows([Column("n", kinds.INT)])] * 2_000
        with (
            sql_server([sets], certificate=certificate) as server,
            pytest.raises(UpstreamTimeout),
        ):
            ask(signed_in(driver, server), query(), seconds=0.001)


class TestErrors:
    def test_what_the_batch_caught(self, driver: Driver, certificate: Certificate) -> None:
        with sql_server([[ONE, CAUGHT], ONE], certificate=certificate) as server:
            session = signed_in(driver, server)
            with pytest.raises(SqlError) as refused:
                ask(session, query())
            again = ask(session, query())

        assert refused.value.details == {
            "number": 2627,
            "severity": 14,
            "state": 1,
            "line": 3,
            "procedure": "dbo.p",
            "message": "Violation of PRIMARY KEY",
        }
        assert again["recordsets"] == [[{"n": 1}]]

    @pytest.mark.parametrize("error", [deadlock_victim(), Error(50001, "Out of stock")])
    def test_what_it_could_not_catch(
        self, driver: Driver, certificate: Certificate, error: Error
    ) -> None:
        with (
            sql_server([error], certificate=certificate) as server,
            pytest.raises(SqlError) as refused,
        ):
            ask(signed_in(driver, server), query())

        assert refused.value.description == error.text
        assert refused.value.details["message"] == error.text
        assert refused.value.details["number"] == error.number

    def test_a_type_that_the_library_does_not_know(
        self, driver: Driver, certificate: Certificate
    ) -> None:
        answer = Rows([Column("a", kinds.SQL_VARIANT)], [(7,)])
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises(SqlError, match="not yet supported"),
        ):
            ask(signed_in(driver, server), query())

    def test_an_error_behind_a_set(self, driver: Driver, certificate: Certificate) -> None:
        answer = [ONE, Error(8134, "Divide by zero error encountered.")]
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises(SqlError, match="Divide by zero"),
        ):
            ask(signed_in(driver, server), query())

    @pytest.mark.parametrize(
        "answer",
        [
            [Drop(after=20), Rows([Column("n", kinds.INT)], [(1,)] * 50)],
            Error(823, "Read failed", severity=24),
        ],
        ids=["mid-result", "fatal"],
    )
    def test_a_way_that_breaks(self, driver: Driver, certificate: Certificate, answer: Any) -> None:
        with (
            sql_server([answer], certificate=certificate) as server,
            pytest.raises((UpstreamUnreachable, SqlError)),
        ):
            ask(signed_in(driver, server), query())

    def test_a_time_that_runs_out_is_cancelled_at_the_server(
        self, driver: Driver, certificate: Certificate
    ) -> None:
        started = time.monotonic()
        with sql_server([WaitForCancel()], certificate=certificate) as server:
            with pytest.raises(UpstreamTimeout):
                ask(signed_in(driver, server), query(), seconds=0.3)
            server.wait_until(lambda: server.attentions == 1)

        assert time.monotonic() - started < 5

    def test_rows_that_never_end_are_cancelled(
        self, driver: Driver, certificate: Certificate
    ) -> None:
        answer = EndlessRows([Column("n", kinds.nvarchar(None))], ["x" * 40], 0.05)
        with sql_server([answer], certificate=certificate) as server:
            session = signed_in(driver, server)
            with pytest.raises(UpstreamTimeout):
                ask(session, query(), seconds=1)
            session.close()
            server.wait_until(lambda: not server.open_sessions)
