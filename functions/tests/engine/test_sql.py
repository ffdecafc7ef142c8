"""SQL functions: what becomes of a database's answer, and of its errors."""

import asyncio
import time
from typing import Any

import pytest

from functions import engine
from functions.engine.failures import UpstreamUnreachable
from functions.tests.engine.database import (
    PASSWORD,
    Scripted,
    ask,
    called,
    count,
    error,
    execute,
    failing,
    outputs,
    query,
    rows,
    several,
)

TWO = rows(["id", "name"], (1, "Ada"), (2, "Bo"))
BOTH = {"total": {"type": "int", "location": "both"}}


class TestAnswers:
    def test_rows_are_objects_by_column(self) -> None:
        played, _ = ask(query(), TWO)

        assert played.outcome.status == "ok"
        assert played.outcome.output == [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}]
        assert played.outcome.records == played.outcome.output
        assert played.outcome.pages == 1

    def test_nothing_is_an_empty_list(self) -> None:
        played, _ = ask(query("DELETE FROM t"), count(3))

        assert played.outcome.output == []

    def test_the_first_set_is_the_output_and_the_rest_is_in_the_body(self) -> None:
        source = query(output="=@ctx.response.body")

        played, _ = ask(source, several(TWO, count(4), rows(["n"], (7,)), rows(["m"])))

        assert played.outcome.records == [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}]
        assert played.outcome.output == {
            "recordsets": [played.outcome.records, [{"n": 7}], []],
            "output": {},
            "rowsAffected": 4,
        }

    def test_outputs_come_back_by_name(self) -> None:
        source = execute(parameters=BOTH, output="=@ctx.response.body.output")

        played, _ = ask(source, several(TWO, outputs(9)), parameters={"total": 3})

        assert played.outcome.output == {"total": 9}
        assert len(played.outcome.records) == 2

    def test_transform_and_records_work_as_for_rest(self) -> None:
        source = query(
            outputTransform='{"people": $.{"key": id}, "more": $.recordsets[1].n}',
            records="=$.people",
            operations=[{"type": "operation.upsert-merge", "records": "=$.people"}],
        )

        played, _ = ask(source, several(TWO, rows(["n"], (7,))))

        assert played.outcome.output == {"people": [{"key": 1}, {"key": 2}], "more": 7}
        assert played.outcome.records == [{"key": 1}, {"key": 2}]
        assert played.outcome.operations[0]["records"] == [{"key": 1}, {"key": 2}]

    def test_a_false_condition_asks_nobody(self) -> None:
        played, database = ask(query(when="=false"), TWO)

        assert played.outcome.status == "skipped"
        assert database.batches == []

    def test_a_required_parameter_without_a_value_asks_nobody(self) -> None:
        played, database = ask(query(parameters={"a": {"required": True}}), TWO)

        assert played.error == "BadRequest"
        assert database.batches == []

    def test_the_sign_in_s_secret_is_masked(self) -> None:
        source = query(output='={"rows": $, "half": $substring(name[0], 0, 6)}')

        played, _ = ask(source, rows(["name"], (f"it is {PASSWORD}",)))

        assert PASSWORD not in str(played.outcome.output)
        assert played.outcome.output["rows"] == [{"name": "it is ***"}]
        assert played.outcome.echoed_secret

    def test_figures_are_told(self) -> None:
        played, _ = ask(query(parameters={"a": {}}), TWO, parameters={"a": "é" * 10})

        assert played.outcome.response_bytes == len('{"id":1,"name":"Ada"},{"id":2,"name":"Bo"}')
        assert played.outcome.request_bytes > 20


class TestErrors:
    def test_the_server_s_error_is_told_with_its_number(self) -> None:
        played, _ = ask(query(), error(2627, "Violation of PRIMARY KEY"))

        assert played.outcome.error is not None
        assert played.outcome.error["name"] == "SqlError"
        assert played.outcome.error["description"] == "Violation of PRIMARY KEY"
        assert played.outcome.error["details"] == {
            "number": 2627,
            "severity": 16,
            "state": 1,
            "line": 3,
            "procedure": None,
            "message": "Violation of PRIMARY KEY",
        }

    def test_an_error_after_rows_is_no_result(self) -> None:
        played, _ = ask(query(), several(TWO, error(547, "conflict")))

        assert played.error == "SqlError"
        assert played.outcome.output is None
        assert list(played.outcome.records) == []

    def test_a_handler_sees_the_number(self) -> None:
        source = query(
            error=[
                {"when": "=@ctx.error.details.number = 2627", "title": "There is one already"},
                {"title": "Something else"},
            ]
        )

        first, _ = ask(source, error(2627, "twice"))
        other, _ = ask(source, error(547, "conflict"))

        assert first.outcome.error is not None
        assert first.outcome.error["title"] == "There is one already"
        assert other.outcome.error is not None
        assert other.outcome.error["title"] == "Something else"

    def test_the_older_transform_sees_the_error(self) -> None:
        played, _ = ask(query(errorTransform='{"n": number}'), error(547, "conflict"))

        assert played.outcome.status == "error"
        assert played.outcome.output == {"n": 547}

    def test_nothing_is_repeated_by_itself(self) -> None:
        _, database = ask(query(), error(1205, "deadlock victim"), TWO)

        assert len(database.batches) == 1

    def test_a_handler_may_repeat(self) -> None:
        retry = {"when": "=@ctx.error.details.number = 1205", "retry": {"delay": 1}}

        played, database = ask(query(error=[retry]), error(1205, "deadlock victim"), TWO)

        assert played.outcome.status == "ok"
        assert len(database.batches) == 2

    def test_a_way_that_broke_is_for_handlers_too(self) -> None:
        source = query(error=[{"when": "=@ctx.error.name = 'UpstreamUnreachable'", "title": "t"}])

        played, _ = ask(source, failing(UpstreamUnreachable("gone")))

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "t"

    def test_handlers_never_see_the_sign_in_s_secret(self) -> None:
        source = query(error=[{"details": "=$substring(@ctx.error.details.message, 0, 4)"}])

        played, _ = ask(source, error(18456, f"{PASSWORD} is wrong"))

        assert played.outcome.error is not None
        assert played.outcome.error["details"] != PASSWORD[:4]
        assert PASSWORD not in str(played.outcome.error)

    @pytest.mark.parametrize(
        "limits", [engine.Limits(rows=1), engine.Limits(response_bytes=30)], ids=["rows", "bytes"]
    )
    def test_an_answer_past_its_bounds(self, limits: engine.Limits) -> None:
        played, _ = ask(query(), TWO, limits=limits)

        assert played.error == "UpstreamTooLarge"
        assert list(played.outcome.records) == []

    def test_parameters_past_their_bound(self) -> None:
        limits = engine.Limits(request_bytes=100)

        played, database = ask(
            query(parameters={"a": {}}), TWO, parameters={"a": "x" * 200}, limits=limits
        )

        assert played.error == "UpstreamTooLarge"
        assert database.batches == []

    @pytest.mark.parametrize(
        ("names", "told"), [(["a", "b", "a"], "a"), (["a", ""], "number 2")], ids=["twice", "none"]
    )
    def test_columns_that_can_not_be_told_apart(self, names: list[str], told: str) -> None:
        played, _ = ask(query(), rows(names, [1] * len(names)))

        assert played.error == "BadResponse"
        assert played.outcome.error is not None
        assert played.outcome.error["details"] == {"columns": [told]}


class TestHoldingUp:
    def test_nobody_waits_for_a_sign_in_past_the_call(self) -> None:
        async def find(_name: str) -> engine.Database:
            await asyncio.sleep(60)
            return Scripted([TWO])

        started = time.monotonic()
        outcome = asyncio.run(called(query(), find, seconds=0.2))

        assert outcome.error is not None
        assert outcome.error["name"] == "UpstreamTimeout"
        assert time.monotonic() - started < 5

    @pytest.mark.parametrize(("length", "times"), [(10, 0), (1_000_000, 4)])
    def test_what_is_large_is_written_and_searched_off_the_loop(
        self, length: int, times: int
    ) -> None:
        works: list[object] = []

        async def off_loop(work: Any, /, *args: Any) -> Any:
            works.append(work)
            return await asyncio.to_thread(work, *args)

        async def find(_name: str) -> engine.Database:
            return Scripted([rows(["a"], ["x" * length])])

        outcome = asyncio.run(called(query(), find, off_loop=off_loop))

        assert outcome.output == [{"a": "x" * length}]
        assert len(works) == times  # body, first set, its parsing, masking

    def test_and_so_are_large_parameters(self) -> None:
        works: list[object] = []

        async def off_loop(work: Any, /, *args: Any) -> Any:
            works.append(work)
            return await asyncio.to_thread(work, *args)

        async def find(_name: str) -> engine.Database:
            return Scripted([TWO])

        source = query(parameters={"a": {"type": "array"}})
        asyncio.run(called(source, find, off_loop=off_loop, parameters={"a": [1] * 100_000}))

        assert len(works) == 1
