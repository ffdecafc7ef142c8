"""Whatever a caller gives: the request goes where the definition says, as one message."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from functions import engine
from functions.engine.urls import text_of
from functions.tests.engine.upstream import Stage, call, get, play, post
from jigxmgmt import outbound

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("./\\?#&=%@:;+ \r\n{}[]\x00\t'\"", max_size=8),
    st.sampled_from(["..", ".", "%2e%2e", "..%2f", "?x=1&d=2", "#f", "//evil.test", "@evil.test"]),
)
VALUES = st.one_of(
    TEXTS,
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
SEGMENTS = st.sampled_from(["v1", "{a}", "{b}", "x-{a}", "{b}.json", "{a}{b}", "a%20b", "{c}:go"])
OWN_PAIRS = st.sampled_from(["fixed=1", "a={a}", "f=x{b}y", "two={a}{c}", "$top=5"])
NAMES = ("a", "b", "c", "d")


@dataclass
class Recorder:
    """A way out that sends nothing and answers at once."""

    requests: list[outbound.Request] = field(default_factory=list)

    async def send(
        self, request: outbound.Request, *, timeout: float, max_bytes: int
    ) -> outbound.Response:
        self.requests.append(request)
        return outbound.Response(200, "OK", (), b"{}")


def sent(source: dict[str, Any], values: dict[str, Any]) -> tuple[str | None, engine.Outcome]:
    recorder = Recorder()
    outcome = asyncio.run(call(source, Stage(parameters=values), "", recorder))
    return next((request.url for request in recorder.requests), None), outcome


def filled(text: str, values: dict[str, Any]) -> str:
    """Write a piece of the template as a service should read it."""
    for name in NAMES:
        text = text.replace(f"{{{name}}}", f"\ue000{name}")
    text = unquote(text)
    for name in NAMES:
        text = text.replace(f"\ue000{name}", text_of(values[name]))
    return text


class TestAddresses:
    @settings(deadline=None, max_examples=200)
    @given(
        segments=st.lists(SEGMENTS, min_size=1, max_size=4),
        pairs=st.lists(OWN_PAIRS, max_size=3, unique=True),
        values=st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)),
    )
    def test_a_value_is_nothing_but_a_value(
        self, segments: list[str], pairs: list[str], values: dict[str, Any]
    ) -> None:
        url = f"https://api.test:8443/{'/'.join(segments)}?{'&'.join(pairs)}"
        path = {"location": "path", "required": True}
        source = get(
            url=url,
            parameters={**dict.fromkeys(("a", "b", "c"), path), "d": {"location": "query"}},
        )

        address, outcome = sent(source, values)

        read = [filled(segment, values) for segment in segments]
        if address is None:
            assert outcome.error is not None
            assert outcome.error["name"] == "BadRequest"
            assert {".", ".."} & set(read)
            return
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.test:8443", "")
        assert [unquote(part) for part in parts.path.split("/")] == ["", *read]
        expected = [tuple(filled(half, values) for half in pair.split("=")) for pair in pairs]
        found = parse_qsl(parts.query, keep_blank_values=True)
        assert found == [*expected, ("d", text_of(values["d"]))]

    @settings(deadline=None, max_examples=150)
    @given(host=VALUES, port=VALUES, rest=TEXTS)
    def test_a_value_in_the_authority_is_a_host_or_a_port(
        self, host: Any, port: Any, rest: str
    ) -> None:
        path = {"location": "path", "required": True}
        source = get(
            url="https://{host}:{port}/v1/{rest}?fixed=1",
            parameters={"host": path, "port": path, "rest": path},
        )

        address, outcome = sent(source, {"host": host, "port": port, "rest": rest})

        if address is None:
            assert outcome.error is not None
            assert outcome.error["name"] == "BadRequest"
            return
        parts = urlsplit(address)
        assert (parts.scheme, parts.query, parts.username) == ("https", "fixed=1", None)
        assert parts.path.split("/")[:2] == ["", "v1"]
        assert unquote(parts.path.split("/", 2)[2]) == rest

    @settings(deadline=None, max_examples=150)
    @given(base=st.one_of(TEXTS, TEXTS.map("https://h.test".__add__)), rest=TEXTS)
    def test_a_value_at_the_start_is_an_address_without_a_query(self, base: str, rest: str) -> None:
        path = {"location": "path", "required": True}
        source = get(url="{base}/v1/{rest}?fixed=1", parameters={"base": path, "rest": path})

        address, outcome = sent(source, {"base": base, "rest": rest})

        if address is None:
            assert outcome.error is not None
            assert outcome.error["name"] == "BadRequest"
            return
        parts = urlsplit(address)
        assert (parts.query, parts.fragment, parts.username) == ("fixed=1", "", None)
        assert unquote(parts.path.rsplit("/", 1)[1]) == rest
        assert parts.path.rsplit("/", 2)[1] == "v1"


class TestMessages:
    @settings(deadline=None, max_examples=60)
    @given(
        value=st.one_of(
            VALUES,
            st.text("aé\r\n\x00\x7f\u2028: ", max_size=10),
            st.sampled_from(["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\r\n\r\nGET /evil HTTP/1.1"]),
        )
    )
    def test_a_header_is_one_line_of_one_message(self, value: Any) -> None:
        source = post(
            parameters={
                "X-Given": {"location": "header"},
                "X-Computed": {"location": "header", "value": "=$string(@ctx.inputs.X-Given)"},
                "X-Last": {"location": "header", "value": "last"},
            }
        )

        played = play(
            source,
            service=lambda request: web.json_response(sorted(request.headers)),
            parameters={"X-Given": value},
        )

        if played.error is not None:
            assert played.error == "BadRequest"
            assert played.requests == []
            return
        headers = {
            name: text.encode("utf-8", "surrogateescape").decode()
            for name, text in played.request.headers.items()
        }
        assert headers["X-Given"] == text_of(value).strip(" \t")
        assert headers["X-Last"] == "last"
        assert {name.lower() for name in headers} == {
            *("accept", "accept-encoding", "content-length", "host", "user-agent"),
            *("x-given", "x-computed", "x-last"),
        }

    @settings(deadline=None, max_examples=100)
    @given(values=st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1, max_size=3))
    def test_a_form_says_what_was_given(self, values: dict[str, str]) -> None:
        header = {"location": "header", "value": "application/x-www-form-urlencoded"}
        source = post(
            url="https://api.test/",
            parameters={
                **{name: {"location": "body"} for name in values},
                "Content-Type": header,
            },
        )
        recorder = Recorder()

        asyncio.run(call(source, Stage(parameters=values), "", recorder))

        body = (recorder.requests[0].body or b"").decode()
        assert dict(parse_qsl(body, keep_blank_values=True)) == values

    @settings(deadline=None, max_examples=100)
    @given(value=VALUES)
    def test_a_json_body_says_what_was_given(self, value: Any) -> None:
        source = post(url="https://api.test/", parameters={"a": {"location": "body"}})
        recorder = Recorder()

        asyncio.run(call(source, Stage(parameters={"a": value}), "", recorder))

        assert json.loads(recorder.requests[0].body or b"") == {"a": value}
