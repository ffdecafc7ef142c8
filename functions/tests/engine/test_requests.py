"""What a definition and its parameters make of a request."""

import base64
import json
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import ADDRESS, Received, get, play, post

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00").decode()


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
                "size": parameter("query", type="int", value=10),
                "skip": parameter("query", value="=@ctx.parameters.page * @ctx.parameters.size"),
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

    def test_a_value_of_the_caller_comes_before_the_default(self) -> None:
        source = get(parameters={"size": parameter("query", value=10)})

        played = play(source, parameters={"size": 5})

        assert played.request.fields == {"size": "5"}

    def test_a_required_default_that_gives_nothing_ends_the_call(self) -> None:
        source = get(
            parameters={"x": parameter("query", required=True, value="=@ctx.user.nothing")}
        )

        played = play(source)

        assert played.error == "BadRequest"
        assert played.requests == []


class TestUrl:
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


class TestBody:
    def test_body_parameters_make_an_object_in_which_null_stays(self) -> None:
        source = post(
            parameters={
                "a": parameter("body", type="int"),
                "b": parameter("body", type="string"),
                "c": parameter("body", type="string"),
            }
        )

        played = play(source, parameters={"a": 1, "b": None})

        assert json.loads(played.request.body) == {"a": 1, "b": None}
        assert played.request.headers["Content-Type"] == "application/json"

    def test_without_body_parameters_there_is_no_body(self) -> None:
        played = play(post())

        assert played.request.body == b""

    def test_a_get_has_no_body(self) -> None:
        played = play(get(parameters={"a": parameter("body", value=1)}, inputTransform='{"a": a}'))

        assert played.request.body == b""

    def test_the_input_transform_sees_parameters_by_bare_name(self) -> None:
        source = post(
            parameters={
                "a": parameter("body", type="int"),
                "tag": parameter("query", value="t"),
            },
            inputTransform='={"outer": {"a": a, "tag": $.tag, "all": $keys($)}}',
        )

        played = play(source, parameters={"a": 2})

        assert json.loads(played.request.body) == {
            "outer": {"a": 2, "tag": "t", "all": ["a", "tag"]}
        }

    def test_big_integers_reach_the_service_exactly(self) -> None:
        source = post(parameters={"id": parameter("body", type="int")})

        played = play(source, parameters={"id": 9007199254740993})

        assert played.request.body == b'{"id":9007199254740993}'

    def test_a_form_is_written_where_the_header_says_so(self) -> None:
        source = post(
            parameters={
                "Content-Type": parameter("header", value="application/x-www-form-urlencoded"),
                "grant": parameter("body", value="a b&c"),
                "none": parameter("body"),
            }
        )

        played = play(source, parameters={"none": None})

        assert played.request.body == b"grant=a+b%26c"
        assert played.request.headers["Content-Type"] == "application/x-www-form-urlencoded"

    def test_a_text_is_sent_as_it_is_where_the_header_is_not_json(self) -> None:
        source = post(
            parameters={
                "Content-Type": parameter("header", value="text/xml"),
                "name": parameter("output", value="Ann"),
            },
            inputTransform="'<name>' & name & '</name>'",
        )

        played = play(source)

        assert played.request.body == b"<name>Ann</name>"

    def test_one_file_is_sent_as_raw_bytes(self) -> None:
        source = post(parameters={"photo": parameter("body", type="image", required=True)})

        played = play(source, parameters={"photo": f"data:image/png;base64,{PNG}"})

        assert played.request.body == base64.b64decode(PNG)
        assert played.request.headers["Content-Type"] == "application/octet-stream"

    def test_one_file_stays_base64_where_its_encoding_says_so(self) -> None:
        source = post(parameters={"photo": parameter("body", type="file", encoding="base64")})

        played = play(source, parameters={"photo": PNG})

        assert played.request.body == PNG.encode()

    def test_a_multipart_form_carries_files(self) -> None:
        source = post(
            parameters={
                "Content-Type": parameter("header", value="multipart/form-data"),
                "title": parameter("body", value="Ann's"),
                "photo": parameter("body", type="image", required=True),
            }
        )

        played = play(source, parameters={"photo": PNG})

        kind, _, boundary = played.request.headers["Content-Type"].partition("; boundary=")
        parts = played.request.body.split(f"--{boundary}".encode())
        assert kind == "multipart/form-data"
        assert parts[1].endswith(b'name="title"\r\n\r\nAnn\'s\r\n')
        assert parts[2].endswith(b"\r\n\r\n" + base64.b64decode(PNG) + b"\r\n")
        assert parts[3] == b"--\r\n"

    def test_a_body_beyond_its_bound_is_not_sent(self) -> None:
        source = post(parameters={"text": parameter("body", type="string")})

        played = play(
            source, parameters={"text": "x" * 100}, limits=engine.Limits(request_bytes=50)
        )

        assert played.error == "UpstreamTooLarge"
        assert played.requests == []


class TestMethods:
    @pytest.mark.parametrize("method", ["get", "Head", "POST", "put", "PATCH", "delete"])
    def test_any_letter_case_is_the_same_method(self, method: str) -> None:
        played = play(get(method=method))

        assert played.request.method == method.upper()

    def test_get_is_the_default(self) -> None:
        played = play({"provider": "DATA_PROVIDER_REST", "url": f"{ADDRESS}/"})

        assert played.request.method == "GET"


def echo(request: Received) -> web.Response:
    return web.json_response({"fields": request.fields})


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
