"""What a definition and its parameters make of a request's body."""

import base64
import json
from typing import Any

from functions import engine
from functions.tests.engine.upstream import get, play, post

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00").decode()


def parameter(location: str, **keys: Any) -> dict[str, Any]:
    return {"location": location, **keys}


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

    def test_a_parameter_without_anything_said_of_it_is_of_the_body(self) -> None:
        played = play(post(parameters={"a": None, "b": {}}), parameters={"a": 1})

        assert played.request.body == b'{"a":1}'

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
