"""What is refused, warned of, and known before anybody calls a function."""

import json
from typing import Any

import pytest

from functions import engine

URL = "https://api.test/rows"


def rest(**keys: Any) -> dict[str, Any]:
    return {"provider": "DATA_PROVIDER_REST", "url": URL, **keys}


def sql(**keys: Any) -> dict[str, Any]:
    return {
        "provider": "DATA_PROVIDER_SQL",
        "method": "query",
        "connection": "crm",
        "query": "SELECT 1",
        **keys,
    }


def faults(source: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    checked = engine.check_definition(source, name="f")
    assert (checked.definition is None) == bool(checked.faults)
    return [(fault.path, fault.code) for fault in checked.faults]


def warnings(source: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    checked = engine.check_definition(source, name="f")
    assert checked.faults == []
    return [(warning.path, warning.code) for warning in checked.warnings]


HEADER = {"location": "header"}
A = {"a": {"location": "path", "required": True}}
A_IN = {"a": {"type": "string", "required": True}}
BODY = {"a": {"location": "body"}}
MERGE = {"type": "operation.upsert-merge", "table": "t", "records": "=$"}


class TestFaults:
    @pytest.mark.parametrize("path", ["\ue0000\ue001", "\ue000", "a\uf8ffb"])
    def test_a_url_with_the_template_s_own_marks_is_refused(self, path: str) -> None:
        checked = engine.check_definition(rest(url=f"https://a.example/{path}"), name="f")

        assert [fault.code for fault in checked.faults] == ["url_invalid"]

    @pytest.mark.parametrize(
        ("source", "path", "code"),
        [
            ({"url": URL}, ("provider",), "provider_unknown"),
            ({"provider": "DATA_PROVIDER_X", "url": URL}, ("provider",), "provider_unknown"),
            (rest(url=None), ("url",), "url_missing"),
            (rest(url=5), ("url",), "url_missing"),
            (rest(url="/rows"), ("url",), "url_not_absolute"),
            (rest(url="ftp://a.test/"), ("url",), "url_invalid"),
            (rest(url="https://a b/"), ("url",), "url_invalid"),
            (rest(url="https://a.test/../x"), ("url",), "url_invalid"),
            (rest(url="=a +"), ("url",), "expression_unparsed"),
            (rest(url=URL + "/{id}"), ("url",), "token_unknown"),
            (
                rest(url=URL + "/{id}", parameters={"id": {"location": "path"}}),
                ("url",),
                "token_optional",
            ),
            (rest(method="FETCH"), ("method",), "method_unknown"),
            (rest(format="csv"), ("format",), "format_unknown"),
            (rest(parameters=[1]), ("parameters",), "not_a_mapping"),
            (rest(parameters={"a": 5}), ("parameters", "a"), "not_a_mapping"),
            (
                rest(parameters={"a": {"location": "cookie"}}),
                ("parameters", "a", "location"),
                "location_unknown",
            ),
            (rest(parameters={"a b": HEADER}), ("parameters", "a b"), "header_name"),
            (
                rest(parameters={"a": {"location": "query", "value": "=("}}),
                ("parameters", "a", "value"),
                "expression_unparsed",
            ),
            (rest(inputTransform="{"), ("inputTransform",), "expression_unparsed"),
            (rest(outputTransform="{"), ("outputTransform",), "expression_unparsed"),
            (rest(outputTransform=5), ("outputTransform",), "not_a_text"),
            (rest(errorTransform="{"), ("errorTransform",), "expression_unparsed"),
            (rest(records="=["), ("records",), "expression_unparsed"),
            (rest(output={"a": ["=["]}), ("output", "a", 0), "expression_unparsed"),
            (rest(when="=["), ("when",), "expression_unparsed"),
            (rest(continuation={"url": "=a"}), ("continuation", "when"), "continuation_endless"),
            (
                rest(continuation={"when": True, "url": URL + "/{p}"}),
                ("continuation", "url"),
                "token_unknown",
            ),
            (rest(continuation=[1]), ("continuation",), "not_a_mapping"),
            (rest(error=[{"title": "=("}]), ("error", 0, "title"), "expression_unparsed"),
            (rest(error=["x"]), ("error", 0), "not_a_mapping"),
            (rest(operations={"a": 1}), ("operations",), "not_a_list"),
            (rest(operations=[{"when": "=("}]), ("operations", 0, "when"), "expression_unparsed"),
            (rest(url="https://a.test/../{a}", parameters=A), ("url",), "url_invalid"),
            (rest(url="https://{a}@a.test/", parameters=A), ("url",), "url_invalid"),
            (rest(operations=["x"]), ("operations", 0), "not_a_mapping"),
            (
                rest(operations=[{**MERGE, "find": "=("}]),
                ("operations", 0, "find"),
                "expression_unparsed",
            ),
            (
                rest(operations=[{**MERGE, "timestamp": "=("}]),
                ("operations", 0, "timestamp"),
                "expression_unparsed",
            ),
            (rest(queries={"a": "=("}), ("queries", "a"), "expression_unparsed"),
            (rest(error=[{"operations": {}}]), ("error", 0, "operations"), "not_a_list"),
            (sql(query="SELECT @a"), ("query",), "token_unknown"),
            (sql(method="execute", procedure="p; DROP"), ("procedure",), "procedure_invalid"),
            (sql(query="='SELECT ' & @ctx.parameters.b"), ("query",), "statement_computed"),
            (
                sql(method="execute", procedure="=@ctx.parameters.b"),
                ("procedure",),
                "statement_computed",
            ),
            (sql(connection="=@ctx.parameters.b"), ("connection",), "statement_computed"),
            (sql(parameters={"a": {}, "A": {}}), ("parameters", "A"), "parameter_twice"),
            (sql(parameters={"a": {}, "ａ": {}}), ("parameters", "ａ"), "parameter_twice"),  # noqa: RUF001
            (sql(method="execute", procedure="dbo."), ("procedure",), "procedure_invalid"),
            (sql(method="SELECT"), ("method",), "method_unknown"),
            (sql(useLocalCall=True), ("useLocalCall",), "sql_on_device"),
            (sql(connection=None), ("connection",), "connection_missing"),
            (sql(query=None), ("query",), "query_missing"),
            (sql(method="execute"), ("procedure",), "procedure_missing"),
            (sql(method=None), ("method",), "method_unknown"),
            (
                sql(parameters={"a": {"location": "query"}}),
                ("parameters", "a", "location"),
                "location_unknown",
            ),
        ],
    )
    def test_what_can_not_run_is_refused_with_its_place(
        self, source: dict[str, Any], path: tuple[str | int, ...], code: str
    ) -> None:
        assert faults(source) == [(path, code)]

    @pytest.mark.parametrize(
        "source",
        [
            "1" + "+1" * 500_000,
            "(" * 1_000_000,
            "'" + "a" * 1_000_000 + "'",
        ],
        ids=["sum", "open", "text"],
    )
    def test_an_expression_beyond_its_length_is_refused_unread(self, source: str) -> None:
        assert faults(rest(outputTransform=source)) == [(("outputTransform",), "expression_long")]

    @pytest.mark.parametrize(
        ("opening", "closing"),
        [("(", ")"), ("[", "]"), ("{'a':", "}"), ("-", ""), ("(a?", ":b)"), ("$f(", ")")],
    )
    def test_an_expression_that_is_nested_too_deep_is_refused(
        self, opening: str, closing: str
    ) -> None:
        source = opening * 10_000 + "1" + closing * 10_000

        assert faults(rest(outputTransform=source)) == [
            (("outputTransform",), "expression_unparsed")
        ]

    def test_thousands_of_functions_may_be_defined(self) -> None:
        functions = ";".join(f"$f{n:x}:=λ(){{1}}" for n in range(4000))

        assert faults(rest(outputTransform=f"({functions})")) == []

    @pytest.mark.parametrize("key", ["output", "records", "when"])
    def test_a_value_that_is_nested_too_deep_is_refused(self, key: str) -> None:
        value: Any = 1
        for _ in range(10_000):
            value = [value]

        assert [code for _, code in faults(rest(**{key: value}))] == ["nested_too_deep"]

    def test_half_a_character_is_refused(self) -> None:
        assert faults(rest(when="='\ud800'")) == [(("when",), "expression_unparsed")]

    def test_all_faults_are_told_at_once(self) -> None:
        assert len(faults(rest(url="x", method="y", format="z", when="=("))) == 4

    def test_a_syntax_error_is_told_with_its_place(self) -> None:
        checked = engine.check_definition(rest(outputTransform="{'a': }"), name="f")

        assert checked.faults[0].message == "This expression does not parse (S0211 at character 7)."


class TestWarnings:
    @pytest.mark.parametrize(
        ("source", "path", "code"),
        [
            (rest(colour=1), ("colour",), "unknown_key"),
            (
                rest(parameters={"a": {"location": "query", "ttype": "x"}}),
                ("parameters", "a", "ttype"),
                "unknown_key",
            ),
            (rest(error=[{"tittle": 1}]), ("error", 0, "tittle"), "unknown_key"),
            (
                rest(continuation={"when": False, "x": 1}),
                ("continuation", "x"),
                "unknown_key",
            ),
            (rest(outputTransform="$.inputs.a"), ("outputTransform",), "filled_in"),
            (rest(method="POST", inputTransform="queries.a"), ("inputTransform",), "filled_in"),
            (rest(outputTransform='{"a": 1}', records="=$.tasks"), ("records",), "filled_in"),
            (rest(parameters={"Host": HEADER}), ("parameters", "Host"), "header_unsent"),
            (rest(parameters={"a": {}}), ("parameters", "a"), "location_missing"),
            (
                rest(parameters={"a": {"location": "query", "type": "int", "value": "x"}}),
                ("parameters", "a", "value"),
                "default_type",
            ),
            (rest(url=URL + "?a={a}"), ("url",), "token_unknown"),
            (rest(useLocalCall="perhaps"), ("useLocalCall",), "type_odd"),
            (rest(records=5), ("records",), "type_odd"),
            (rest(url=URL + "/{a"), ("url",), "brace_alone"),
            (rest(parameters=BODY), ("parameters", "a"), "body_unsent"),
            (rest(inputTransform="$"), ("inputTransform",), "body_unsent"),
            (
                rest(continuation={"when": "=$.a", "parameters": BODY}),
                ("continuation", "parameters", "a"),
                "body_unsent",
            ),
            (rest(continuation={"when": "=$.a"}), ("continuation",), "continuation_same"),
            (
                rest(continuation={"when": "=$.a", "url": "https://b.test/{a}"}, parameters=A),
                ("continuation", "url"),
                "continuation_elsewhere",
            ),
            (
                rest(parameters={"a": {"location": "header", "value": "x\n"}}),
                ("parameters", "a", "value"),
                "default_type",
            ),
            (
                rest(parameters={"a": {"location": "query", "type": "String"}}),
                ("parameters", "a", "type"),
                "type_case",
            ),
            (
                rest(parameters={"a": {"location": "query", "type": "dateTime"}}),
                ("parameters", "a", "type"),
                "type_unknown",
            ),
            (rest(when="@ctx.user.id = 'a'"), ("when",), "expression_text"),
            (rest(records="$.rows"), ("records",), "expression_text"),
            (
                rest(continuation={"when": "$.next", "url": "=$.next"}),
                ("continuation", "when"),
                "expression_text",
            ),
            (rest(error=[{"when": "true"}]), ("error", 0, "when"), "expression_text"),
            (rest(error={"when": "true"}), ("error", "when"), "expression_text"),
            (
                rest(operations=[{**MERGE, "records": "$.rows"}]),
                ("operations", 0, "records"),
                "expression_text",
            ),
            (
                rest(error=[{"operations": [{**MERGE, "when": "$.rows"}]}]),
                ("error", 0, "operations", 0, "when"),
                "expression_text",
            ),
            (rest(query="SELECT 1"), ("query",), "key_idle"),
            (rest(guard=[{"when": True}]), ("guard",), "key_idle"),
            (rest(operations=[MERGE], forRowsInRange={"a": {}}), ("forRowsInRange",), "key_idle"),
            (
                rest(forRowsWithMatchingIds=True, outputTransform='{"rows": $}'),
                ("forRowsWithMatchingIds",),
                "records_missing",
            ),
            (
                rest(forRowsInRange={"a": {"form": 1}}),
                ("forRowsInRange", "a", "form"),
                "unknown_key",
            ),
            (rest(error=[{"retry": {"wait": 1}}]), ("error", 0, "retry", "wait"), "unknown_key"),
            (rest(error=[{"retry": {"delay": "x"}}]), ("error", 0, "retry", "delay"), "type_odd"),
            (rest(error=[{}, {"title": "x"}, {}]), ("error", 1), "handler_unreached"),
            (rest(operations=[{**MERGE, "tabel": "t"}]), ("operations", 0, "tabel"), "unknown_key"),
            (
                rest(operations=[{**MERGE, "type": "operation.merge"}]),
                ("operations", 0, "type"),
                "operation_unknown",
            ),
            (rest(operations=[{"table": "t"}]), ("operations", 0), "operation_type_missing"),
            (
                rest(operations=[{"type": "operation.find_replace", "find": "t"}]),
                ("operations", 0),
                "operation_incomplete",
            ),
            (
                rest(error=[{"operations": [{"type": "operation.execute-sql"}]}]),
                ("error", 0, "operations", 0),
                "operation_incomplete",
            ),
        ],
    )
    def test_what_may_surprise_is_told(
        self, source: dict[str, Any], path: tuple[str | int, ...], code: str
    ) -> None:
        assert warnings(source) == [(path, code)]

    @pytest.mark.parametrize(
        ("source", "path", "code"),
        [
            (sql(continuation={"when": True}), ("continuation",), "key_idle"),
            (sql(format="csv"), ("format",), "key_idle"),
            (sql(procedure="p"), ("procedure",), "key_idle"),
            (sql(method="execute", procedure="p"), ("query",), "key_idle"),
            (
                sql(method="execute", procedure="p", query=None, parameters={"a-b": {}}),
                ("parameters", "a-b"),
                "parameter_unbound",
            ),
        ],
    )
    def test_what_does_nothing_in_sql_is_told(
        self, source: dict[str, Any], path: tuple[str | int, ...], code: str
    ) -> None:
        assert warnings(source) == [(path, code)]

    @pytest.mark.parametrize(
        "source",
        [
            sql(query="SELECT @A, @@ROWCOUNT, '@b', [@c], \"@d\" -- @e\n/* @f */", parameters=A_IN),
            sql(query="DECLARE @n int = @a; SELECT @n", parameters=A_IN),
            sql(query="EXEC dbo.p @id = @a", parameters=A_IN),
            sql(query="SELECT 'it''s @b' WHERE x = @a", parameters=A_IN),
            sql(method="Execute", query=None, procedure="[my db].dbo.[p 1]", parameters=A_IN),
            sql(method="execute", query=None, procedure="crm..p"),
            sql(useLocalCall=False, format=None),
            sql(parameters={"a": {"type": "date"}}),
        ],
    )
    def test_sql_in_order_is_not(self, source: dict[str, Any]) -> None:
        assert warnings(source) == []

    @pytest.mark.parametrize(
        "source",
        [
            rest(parameters=None),
            rest(method="post", parameters={"a": {"location": "Body", "type": None}}),
            rest(method="", format="XML", useLocalCall="TRUE", continuation=None, error=None),
            rest(error={"retry": {"delay": "=1", "maxRetries": None}, "operations": None}),
            rest(
                operations=[
                    {**MERGE, "type": "Operation.Upsert_Merge", "forRowsInRange": "=$"},
                    {"type": "operation.execute-sql", "statements": [{"statement": "SELECT 1"}]},
                    {"type": "operation.find-replace", "find": "a", "replace": "b"},
                    {"type": "operation.delete-insert", "timeStamp": "=record.at"},
                ]
            ),
            rest(forRowsWithMatchingIds=True, outputTransform='{"id": a}'),
            rest(forRowsWithMatchingIds=True, outputTransform="$.rows.{'name': a}"),
            rest(url="https://{a}.test:8{a}/x{a}?a={a}", parameters=A),
            rest(url="https://[{a}]/", parameters=A),
            rest(url="{a}://a.test/", parameters=A),
            rest(continuation={"when": "=$.a", "url": "{a}/x"}, parameters=A),
            rest(method="POST", inputTransform="@ctx.output", continuation={"when": "=$.a"}),
            rest(url="=@ctx.output.next", continuation={"when": "=$.a"}),
            rest(
                continuation={"when": "=$.a", "url": "https://b.test/"},
                parameters={"accessToken": {"location": "header", "value": "crm"}},
            ),
            rest(parameters={"a": {"location": "query", "value": None}}),
            rest(outputTransform="$exists($.inputs) or @ctx.inputs.a"),
            rest(when="=$.inputs.a"),
            rest(outputTransform='{"a": 1}', records="=$.a"),
            rest(outputTransform="rows", records="=$.a"),
            rest(useLocalCall=True, forRowsWithMatchingIds=True, queries={}, guard=[]),
        ],
    )
    def test_what_is_in_order_is_not(self, source: dict[str, Any]) -> None:
        assert warnings(source) == []

    def test_an_empty_file_is_neither_a_function_nor_a_fault(self) -> None:
        checked = engine.check_definition({}, name="f")

        assert (checked.definition, checked.faults) == (None, [])
        assert [warning.code for warning in checked.warnings] == ["empty"]


class TestDefinition:
    def test_it_says_what_the_console_shows(self) -> None:
        source = rest(
            method="post",
            useLocalCall=True,
            url="https://API.test:443/{id}",
            parameters={
                "id": {"location": "path", "required": True, "type": "string"},
                "accessToken": {"location": "header", "value": "graph"},
                "x": {"location": "query", "type": "string", "value": "perhaps"},
                "y": {"location": "header", "value": "Bearer literal"},
                "z": {"location": "secret", "value": "vault"},
            },
        )

        definition = engine.check_definition(source, name="f").definition

        assert definition is not None
        assert (definition.provider, definition.method) == (engine.Provider.REST, "POST")
        assert definition.runs_on_device
        assert definition.credential_keys == ("graph", "vault")

    def test_it_is_built_again_from_its_source(self) -> None:
        source = rest(outputTransform="rows.id", error=[{"title": "=@ctx.error.name"}])

        first = engine.check_definition(source, name="f").definition
        assert first is not None
        again = engine.check_definition(json.loads(json.dumps(first.source)), name="f").definition

        assert again == first
