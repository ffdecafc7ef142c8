"""Transforms, records, output and conditions, and what their expressions see."""

from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import Received, get, play, post, serve


def output_of(transform: str, body: Any, **staged: Any) -> Any:
    played = play(get(outputTransform=transform), service=serve(body), **staged)
    assert played.outcome.status == "ok"
    return played.outcome.output


class TestShapes:
    def test_without_a_transform_the_body_is_the_output(self) -> None:
        body: dict[str, Any] = {
            "id": 9007199254740993,
            "rate": 1.0,
            "none": None,
            "text": "",
            "list": [],
        }

        played = play(get(), service=serve(body))

        assert played.outcome.output == body
        assert isinstance(played.outcome.output["rate"], float)

    @pytest.mark.parametrize(
        ("transform", "expected"),
        [
            ("rows.id", [1, 2]),
            ("rows[id = 1].id", 1),
            ("rows[id = 9]", None),
            ('{"a": nothing, "b": none, "c": empty}', {"b": None, "c": ""}),
            ("none", None),
            ("=rows[0]", {"id": 1}),
            ("$.rows[-1].id", 2),
        ],
    )
    def test_shapes_are_those_of_jsonata(self, transform: str, expected: Any) -> None:
        body = {"rows": [{"id": 1}, {"id": 2}], "none": None, "empty": ""}

        assert output_of(transform, body) == expected

    def test_integers_stay_integers(self) -> None:
        assert repr(output_of('{"a": a * 2, "b": b}', {"a": 2, "b": 1.5})) == "{'a': 4, 'b': 1.5}"

    def test_large_bodies_are_read_off_the_loop(self) -> None:
        rows = [{"id": number, "text": "x" * 100} for number in range(2000)]

        assert list(play(get(), service=serve(rows)).outcome.records) == rows

    def test_large_bodies_are_transformed_off_the_loop(self) -> None:
        rows = [{"id": number, "text": "x" * 100} for number in range(2000)]

        assert output_of("$count(rows.text)", {"rows": rows}) == 2000


class TestRecords:
    @pytest.mark.parametrize(
        ("records", "expected"),
        [
            (None, [{"rows": [{"id": 1}, {"id": 2}]}]),
            ("=$.rows", [{"id": 1}, {"id": 2}]),
            ("=$.rows[0]", [{"id": 1}]),
            ("=$.rows[id > 5]", []),
            ("=@ctx.response.body.rows.id", [1, 2]),
        ],
    )
    def test_rows_are_found_in_the_result(self, records: str | None, expected: Any) -> None:
        played = play(get(records=records), service=serve({"rows": [{"id": 1}, {"id": 2}]}))

        assert list(played.outcome.records) == expected

    def test_without_records_the_result_itself_is_the_rows(self) -> None:
        assert list(play(get(), service=serve([1, 2])).outcome.records) == [1, 2]


class TestOutput:
    def test_an_expression_decides_what_the_caller_gets(self) -> None:
        source = get(
            outputTransform='{"rows": rows}', records="=$.rows", output="=$count($.rows) & ' rows'"
        )

        played = play(source, service=serve({"rows": [1, 2]}))

        assert played.outcome.output == "2 rows"
        assert list(played.outcome.records) == [1, 2]

    def test_it_may_be_built_of_several(self) -> None:
        source = get(output={"status": "=@ctx.response.status", "first": "=@ctx.output.rows[0]"})

        played = play(source, service=serve({"rows": [1, 2]}))

        assert played.outcome.output == {"status": 200, "first": 1}


CALLER = {
    "user": {"id": "u", "email": "ann@example.com", "displayName": "Ann"},
    "solution": {"settings": {"custom": {"color": "red"}}},
    "organization": {"id": "o", "name": "Acme"},
    "entity": "customers",
    "command_id": "c",
    "correlation_id": "x",
    "queries": {"existing-countries": [{"the-name": "ZA"}]},
}


class TestContext:
    @pytest.mark.parametrize(
        ("expression", "found"),
        [
            ("@ctx.parameters.X-opsPrimaryKey", "k"),
            ("@ctx.inputs.X-opsPrimaryKey.value", "k"),
            ("@.parameters.X-opsPrimaryKey", "k"),
            ("@ctx.user", {"id": "u", "email": "ann@example.com", "displayName": "Ann"}),
            ("@ctx.solution.settings.custom.color", "red"),
            ("@ctx.organization.name", "Acme"),
            ("@ctx.request.method", "GET"),
            ("[@ctx.response.ok, @ctx.response.status]", [True, 200]),
            ("@ctx.response.statusText", "OK"),
            ("[@ctx.response.headers.x-total, @ctx.headers.x-total]", ["9", "9"]),
            ("@ctx.entity", "customers"),
            ("@ctx.commandId", "c"),
            ("@ctx.correlationId", "x"),
            ("@ctx.queries.existing-countries[0].the-name", "ZA"),
        ],
    )
    def test_everything_is_there(self, expression: str, found: object) -> None:
        parameters = {"X-opsPrimaryKey": {"location": "header"}}

        played = play(
            get(parameters=parameters, outputTransform=expression),
            service=serve({}, headers={"X-Total": "9"}),
            parameters={"X-opsPrimaryKey": "k"},
            call=CALLER,
        )

        assert played.outcome.output == found

    def test_own_functions(self) -> None:
        made = output_of(
            '{"a": $uuid(), "b": $uuid_v4(), "t": $isTempId(id), "f": $isTempId("5")}',
            {"id": "temp_77"},
        )

        assert len(made["a"]) == len(made["b"]) == 36
        assert made["a"] != made["b"]
        assert (made["t"], made["f"]) == (True, False)

    @pytest.mark.parametrize("name", ["uuid", "isTempId", "__few__", "__first_of_each__"])
    @pytest.mark.parametrize("values", ["", "1", "rows, 2, 3", "function($x){$x}"])
    def test_own_functions_take_what_they_are_given(self, name: str, values: str) -> None:
        assert output_of(f'($found := ${name}({values}); "went on")', {"rows": [1]}) == "went on"


PARAMETERS = {"q": {"location": "query", "type": "string"}}


class TestThrowing:
    def test_what_throws_is_null_and_a_warning_without_values(self) -> None:
        source = get(outputTransform='"a secret" + 1', output={"x": "=$number(@ctx.entity)"})

        played = play(source, call={"entity": "a value"})

        assert played.outcome.status == "ok"
        assert played.outcome.output == {"x": None}
        assert played.outcome.warnings == [
            {"path": "outputTransform", "code": "T2001"},
            {"path": "output.x", "code": "D3030"},
        ]

    def test_so_is_what_can_not_be_filled_in(self) -> None:
        source = get(outputTransform="rows", records='=(tasks.{"id": %.%.id}) ~> $count')

        played = play(source, service=serve({"rows": {"a": 1}, "tasks": [{"id": 1}]}))

        assert played.outcome.status == "ok"
        assert played.outcome.warnings == [{"path": "records", "code": "S0217"}]


class TestCondition:
    @pytest.mark.parametrize("when", [False, "=@ctx.user.id = 'other'", "=@ctx.user.nothing"])
    def test_false_skips_the_call(self, when: Any) -> None:
        played = play(get(when=when), call={"user": {"id": "u"}})

        assert played.outcome.status == "skipped"
        assert played.outcome.error is None
        assert played.requests == []

    def test_it_is_asked_before_credentials_are(self) -> None:
        source = get(
            when="=@ctx.parameters.q = 'go'",
            parameters={**PARAMETERS, "accessToken": {"location": "header", "value": "gone"}},
        )

        assert play(source, parameters={"q": "stop"}).outcome.status == "skipped"
        assert play(source, parameters={"q": "go"}).error == "CredentialMissing"


class TestOperations:
    def test_they_are_evaluated_here(self) -> None:
        source = get(
            outputTransform='{"rows": rows, "gone": gone}',
            operations=[
                {
                    "type": "operation.upsert-merge",
                    "table": "=@ctx.entity",
                    "primaryKey": "id",
                    "records": "=$.rows",
                    "forRowsWithValues": {"q": "=@ctx.left.alone"},
                },
                {"type": "operation.execute-sql", "when": "=$count(@ctx.output.gone) > 5"},
            ],
        )

        played = play(
            source,
            service=serve({"rows": [{"id": 1}], "gone": [2]}),
            call={"entity": "customers"},
        )

        assert played.outcome.operations == [
            {
                "type": "operation.upsert-merge",
                "table": "customers",
                "primaryKey": "id",
                "records": [{"id": 1}],
                "forRowsWithValues": {"q": "=@ctx.left.alone"},
            }
        ]

    def test_what_only_the_answer_tells_is_in_operations_as_a_value(self) -> None:
        source = post(
            parameters={"id": {"location": "body"}},
            operations=[
                {
                    "type": "operation.find-replace",
                    "tables": ["orders", "=@ctx.entity"],
                    "find": "=@ctx.parameters.id",
                    "replace": "=@ctx.response.body.id",
                },
                {
                    "type": "operation.execute-sql",
                    "statements": [
                        {
                            "statement": "DELETE FROM orders WHERE id = @id",
                            "parameters": {"id": "=@ctx.response.body.id"},
                        }
                    ],
                },
            ],
        )

        played = play(
            source,
            service=serve({"id": 7}),
            parameters={"id": "temp_1"},
            call={"entity": "notes"},
        )

        assert [
            {key: value for key, value in operation.items() if key != "type"}
            for operation in played.outcome.operations
        ] == [
            {"tables": ["orders", "notes"], "find": "temp_1", "replace": 7},
            {
                "statements": [
                    {"statement": "DELETE FROM orders WHERE id = @id", "parameters": {"id": 7}}
                ]
            },
        ]

    @pytest.mark.parametrize(
        ("key", "found"),
        [
            ("=@ctx.entity & 'Id'", "customerId"),
            ("=@ctx.record.a & @ctx.entity", "=@ctx.record.a & @ctx.entity"),
            ("=@ctx.output.key", None),
            ("=@ctx.user.none", None),
        ],
    )
    def test_a_key_that_is_made_of_each_record_is_left_to_the_device(
        self, key: str, found: str | None
    ) -> None:
        source = get(operations=[{"type": "operation.upsert-merge", "primaryKey": key}])

        played = play(source, service=serve({"key": "=1"}), call={"entity": "customer"})

        assert played.outcome.operations[0]["primaryKey"] == found

    def test_rows_of_later_pages_are_added_to_the_same_operation(self) -> None:
        def pages(request: Received) -> web.Response:
            page = int(request.fields["page"])
            return web.json_response({"rows": [{"id": page}], "more": page < 3})

        page = {"location": "query", "type": "int"}
        source = get(
            parameters={"page": {**page, "value": 1}},
            operations=[{"type": "operation.delete-insert", "table": "t", "records": "=$.rows"}],
            continuation={
                "when": "=$.more",
                "parameters": {"page": {**page, "value": "=@ctx.parameters.page + 1"}},
            },
        )

        played = play(source, service=pages)

        assert played.outcome.operations == [
            {
                "type": "operation.delete-insert",
                "table": "t",
                "records": [{"id": 1}, {"id": 2}, {"id": 3}],
            }
        ]

    def test_what_later_pages_make_different_is_done_for_each(self) -> None:
        def pages(request: Received) -> web.Response:
            page = int(request.fields["page"])
            return web.json_response({"id": page, "kind": "ab"[page % 2], "more": page < 3})

        page = {"location": "query", "type": "int"}
        statement = {
            "statement": "DELETE FROM t WHERE id = @id",
            "parameters": {"id": "=@ctx.output.id"},
        }
        source = get(
            parameters={"page": {**page, "value": 1}},
            operations=[
                {"type": "operation.execute-sql", "statements": [statement]},
                {"type": "operation.upsert-merge", "table": "=@ctx.output.kind", "records": "=$"},
            ],
            continuation={
                "when": "=$.more",
                "parameters": {"page": {**page, "value": "=@ctx.parameters.page + 1"}},
            },
        )

        operations = play(source, service=pages).outcome.operations

        assert [operation["statements"][0]["parameters"]["id"] for operation in operations[:3]] == [
            1,
            2,
            3,
        ]
        assert [
            (operation["table"], [row["id"] for row in operation["records"]])
            for operation in operations[3:]
        ] == [("b", [1, 3]), ("a", [2])]


class TestFigures:
    def test_sizes_and_times_are_reported(self) -> None:
        source = post(parameters={"a": {"location": "body", "value": "xyz"}})

        outcome = play(source, service=serve({"b": 1})).outcome

        assert (outcome.request_bytes, outcome.response_bytes) == (11, 8)
        assert outcome.pages == 1
        assert 0 < outcome.timing.upstream < 5

    def test_values_do_not_show_when_it_is_printed(self) -> None:
        outcome = play(get(), service=serve({"b": "marker"})).outcome

        assert "marker" not in repr(outcome)
        assert isinstance(outcome, engine.Outcome)
