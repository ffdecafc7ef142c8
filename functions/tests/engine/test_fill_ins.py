"""Names at the root of an expression that the root lacks."""

from typing import Any

import pytest
from aiohttp import web

from functions.tests.engine.upstream import get, play, post, serve

PARAMETERS = {"q": {"location": "query", "type": "string"}}


class TestFillIns:
    @pytest.mark.parametrize(
        ("transform", "expected"),
        [
            ("$.inputs.q", "mine"),
            ("inputs.q", "mine"),
            ("$$.parameters.q", "mine"),
            ("$.inputs.q.value", "mine"),
            ("rows.{'id': id, 'q': $$.inputs.q.value}", {"id": 1, "q": "mine"}),
            ("$.{'rows': rows.id, 'q': $.inputs.q.value}", {"rows": 1, "q": "mine"}),
            ("$$.{'q': inputs.q}.q", "mine"),
            ("rows.$.{'q': $.inputs.q}", {}),
            ("$map(rows, function($r){$r.id & $$.inputs.q})", "1mine"),
            ("$.headers.x-total", None),
            ("$.headers.`x-total`", "9"),
            ("$$.response.status", 200),
            ("$.queries.known", [1]),
            ("$exists($.inputs)", False),
            ("$exists(inputs.q) ? 'y' : $.inputs.q", "mine"),
            ("$keys($)", "rows"),
            ("$.user", None),
            ("'$.inputs.q'", "$.inputs.q"),
        ],
    )
    def test_context_keys_at_the_root_are_filled_in(self, transform: str, expected: Any) -> None:
        played = play(
            get(parameters=PARAMETERS, outputTransform=transform),
            service=serve({"rows": [{"id": 1}]}, headers={"X-Total": "9"}),
            parameters={"q": "mine"},
            call={"queries": {"known": [1]}, "user": {"id": "u"}},
        )

        assert played.outcome.output == expected

    def test_a_name_that_the_body_has_is_the_bodys(self) -> None:
        source = get(parameters=PARAMETERS, outputTransform="$.inputs.q.value")

        played = play(
            source, service=serve({"inputs": {"q": {"value": 5}}}), parameters={"q": "mine"}
        )

        assert played.outcome.output == 5

    @pytest.mark.parametrize("body", [[], [1], [{"id": 1}, [{"id": 2}]], "text", 5, None])
    def test_a_root_that_can_not_have_a_name_lacks_it(self, body: Any) -> None:
        source = get(parameters=PARAMETERS, outputTransform='{"q": $.inputs.q, "all": $}')

        played = play(source, service=serve(body), parameters={"q": "mine"})

        assert played.outcome.output["q"] == "mine"

    def test_a_list_has_what_one_of_its_rows_has(self) -> None:
        source = get(parameters=PARAMETERS, outputTransform="$.inputs.q")
        rows = [{"id": 1}, [{"inputs": {"q": "theirs"}}]]

        assert play(source, service=serve(rows), parameters={"q": "mine"}).outcome.output == (
            "theirs"
        )

    def test_each_row_of_a_list_may_be_built_with_the_inputs(self) -> None:
        source = get(parameters=PARAMETERS, outputTransform='$.{"id": id, "q": $.inputs.q}')

        played = play(source, service=serve([{"id": 1}, {"id": 2}]), parameters={"q": "mine"})

        assert played.outcome.output == [{"id": 1, "q": "mine"}, {"id": 2, "q": "mine"}]

    def test_a_name_that_the_transform_dropped_comes_from_the_body(self) -> None:
        source = get(
            outputTransform='{"rows": tasks.id}',
            records="=$.rows",
            output='={"count": $count($.tasks), "last": last, "rows": $count(rows)}',
        )

        played = play(source, service=serve({"tasks": [{"id": 1}, {"id": 2}], "last": True}))

        assert played.outcome.output == {"count": 2, "last": True, "rows": 2}

    def test_after_an_empty_answer_the_inputs_are_there(self) -> None:
        source = post(parameters=PARAMETERS, outputTransform='{"id": $.inputs.q}')

        played = play(
            source, service=lambda _request: web.Response(status=204), parameters={"q": "mine"}
        )

        assert played.outcome.output == {"id": "mine"}

    def test_the_input_transform_reaches_the_context_too(self) -> None:
        source = post(
            parameters=PARAMETERS, inputTransform='{"a": $.inputs.q.value, "b": queries.known}'
        )

        played = play(source, parameters={"q": "mine"}, call={"queries": {"known": 1}})

        assert played.request.body == b'{"a":"mine","b":1}'
