"""What a definition and its parameters make of a request."""

import json
from typing import Any

import pytest

from functions.tests.engine.upstream import ADDRESS, get, play, post


def parameter(location: str, **keys: Any) -> dict[str, Any]:
    return {"location": location, **keys}


class TestLocations:
    def test_a_path_parameter_is_one_encoded_segment(self) -> None:
        source = get(
            url=f"{ADDRESS}/customers/{{id}}/orders",
            parameters={"id": parameter("path", type="string", required=True)},
        )

        played = play(source, parameters={"id": "a/b ?&#ü"})

        assert played.request.path == "/customers/a%2Fb%20%3F%26%23%C3%BC/orders"

    def test_a_path_parameter_may_be_absent_from_the_url(self) -> None:
        played = play(get(parameters={"note": parameter("path")}), parameters={"note": "x"})

        assert played.request.path == "/rows"

    def test_query_parameters_are_appended_in_their_order(self) -> None:
        source = get(
            parameters={
                "$filter": parameter("query", type="string"),
                "page": parameter("query", type="int", value=1),
                "deep": parameter("query", type="boolean", value=True),
            }
        )

        played = play(source, parameters={"$filter": "name eq 'a&b'"})

        assert played.request.path.startswith("/rows?$filter=")
        assert played.request.query == [
            ("$filter", "name eq 'a&b'"),
            ("page", "1"),
            ("deep", "true"),
        ]

    def test_an_array_repeats_its_query_parameter(self) -> None:
        source = get(parameters={"id": parameter("query", type="array")})

        played = play(source, parameters={"id": [1, "b", None]})

        assert played.request.query == [("id", "1"), ("id", "b")]

    def test_a_whole_float_is_written_like_an_integer(self) -> None:
        played = play(
            get(parameters={"n": parameter("query", type="number")}), parameters={"n": 3.0}
        )

        assert played.request.path == "/rows?n=3"

    @pytest.mark.parametrize("given", [{}, {"x": None}])
    def test_optional_query_and_header_without_value_are_left_out(
        self, given: dict[str, Any]
    ) -> None:
        source = get(parameters={"x": parameter("query"), "X-Y": parameter("header")})

        played = play(source, parameters=given)

        assert played.request.path == "/rows"
        assert "X-Y" not in played.request.headers

    def test_a_header_parameter_is_sent_under_its_name(self) -> None:
        source = get(parameters={"x-api-version": parameter("header", value="2024-01")})

        played = play(source)

        assert played.request.headers["X-Api-Version"] == "2024-01"

    def test_headers_that_frame_the_message_are_not_sent(self) -> None:
        source = post(
            parameters={
                "Content-Length": parameter("header", value="3"),
                "Host": parameter("header", value="elsewhere.test"),
                "a": parameter("body", value=1),
            }
        )

        played = play(source)

        assert played.request.headers["Host"] == played.address.removeprefix("http://")
        assert played.request.body == b'{"a":1}'

    def test_an_output_parameter_is_seen_and_never_sent(self) -> None:
        source = post(
            parameters={"note": parameter("output", type="string")},
            outputTransform='{"note": @ctx.parameters.note}',
        )

        played = play(source, parameters={"note": "mine"})

        assert played.request.body == b""
        assert played.outcome.output == {"note": "mine"}


class TestDefaults:
    def test_an_expression_sees_the_context_and_other_parameters(self) -> None:
        source = get(
            parameters={
                "who": parameter("query", value="=@ctx.user.email"),
                "skip": parameter("query", value="=@ctx.parameters.page * @ctx.parameters.size"),
                "size": parameter("query", type="int", value=10),
                "page": parameter("query", type="int"),
            }
        )

        played = play(source, parameters={"page": 3}, call={"user": {"email": "ann@example.com"}})

        assert played.request.fields == {
            "who": "ann@example.com",
            "size": "10",
            "skip": "30",
            "page": "3",
        }

    def test_a_default_may_be_built_of_several_expressions(self) -> None:
        source = post(
            parameters={
                "tags": parameter(
                    "body", value=["fixed", "=@ctx.user.id", "=@ctx.user.nothing", {"a": "=1 + 1"}]
                )
            }
        )

        played = play(source, call={"user": {"id": "u"}})

        assert json.loads(played.request.body) == {"tags": ["fixed", "u", {"a": 2}]}

    def test_a_value_of_the_caller_comes_before_the_default(self) -> None:
        source = get(parameters={"size": parameter("query", value=10)})

        played = play(source, parameters={"size": 5})

        assert played.request.fields == {"size": "5"}

    @pytest.mark.parametrize("default", ["=@ctx.user.nothing", "=null", "=$error('no')"])
    def test_a_required_default_that_gives_nothing_is_told_and_nothing_is_sent(
        self, default: str
    ) -> None:
        source = get(parameters={"x": parameter("query", required=True, value=default)})

        played = play(source)

        assert played.outcome.error is not None
        assert played.outcome.error["name"] == "BadRequest"
        assert played.outcome.error["title"] == "The parameter x has no value"
        assert played.requests == []


class TestUrl:
    @pytest.mark.parametrize("url", ["=@ctx.user.nothing", "=5", "='no address'", "='https://'"])
    def test_an_expression_that_gives_no_address_ends_the_call(self, url: str) -> None:
        assert play(get(url=url)).error == "BadRequest"

    def test_own_pairs_stay_unless_they_are_declared_or_unresolved(self) -> None:
        source = get(
            url=f"{ADDRESS}/rows?v=2&top=5&since={{since}}&name={{name}}",
            parameters={
                "top": parameter("query", value=9),
                "since": parameter("path"),
                "name": parameter("path"),
            },
        )

        played = play(source, parameters={"name": "a&b"})

        assert played.request.path == "/rows?v=2&name=a%26b&top=9"

    def test_a_whole_expression_may_name_any_address(self) -> None:
        source = get(
            url="=@ctx.parameters.base & '/items?x=1'",
            parameters={"base": parameter("output", required=True)},
        )

        played = play(source, parameters={"base": ADDRESS})

        assert played.request.path == "/items?x=1"

    def test_a_leading_token_is_an_address(self) -> None:
        source = get(
            url="{baseUrl}/customers", parameters={"baseUrl": parameter("path", required=True)}
        )

        played = play(source, parameters={"baseUrl": f"{ADDRESS}/api/"})

        assert played.request.path == "/api/customers"

    @pytest.mark.parametrize("base", ["ftp://x.test", "https://x.test/?q=", "//x.test", "x"])
    def test_a_leading_token_is_nothing_but_an_address(self, base: str) -> None:
        source = get(
            url="{baseUrl}/customers", parameters={"baseUrl": parameter("path", required=True)}
        )

        assert play(source, parameters={"baseUrl": base}).error == "BadRequest"

    def test_dot_segments_are_refused(self) -> None:
        source = get(
            url=f"{ADDRESS}/a/{{x}}{{y}}/b",
            parameters={
                "x": parameter("path", required=True),
                "y": parameter("path", required=True),
            },
        )

        played = play(source, parameters={"x": ".", "y": "."})

        assert played.error == "BadRequest"
        assert played.requests == []


class TestMethods:
    @pytest.mark.parametrize("method", ["get", "Head", "POST", "put", "PATCH", "delete"])
    def test_any_letter_case_is_the_same_method(self, method: str) -> None:
        played = play(get(method=method))

        assert played.request.method == method.upper()

    def test_get_is_the_default(self) -> None:
        played = play({"provider": "DATA_PROVIDER_REST", "url": f"{ADDRESS}/"})

        assert played.request.method == "GET"


class TestHeaders:
    def test_a_control_character_from_an_expression_is_refused(self) -> None:
        source = get(
            parameters={
                "a": parameter("output"),
                "X-A": parameter("header", value="=@ctx.parameters.a"),
            }
        )

        played = play(source, parameters={"a": "x\r\nX-B: 1"})

        assert played.error == "BadRequest"
        assert "X-B" not in str(played.outcome.error)
