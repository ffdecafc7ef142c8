"""Whatever a caller or a service sends, a call ends with an outcome that can be written down."""

import asyncio
from typing import Any

import orjson
import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.hostile import HOSTILE
from functions.tests.engine.upstream import ADDRESS, Stage, Unused, call, credential, play, post

LOCATIONS = ["path", "query", "header", "body", "output"]
KEYS: list[dict[str, Any]] = [
    {},
    {"inputTransform": '{"x": p}', "format": "text"},
    {"outputTransform": "[@ctx.parameters.p, $, @ctx.request]"},
    {"when": "=$string(@ctx) != '1'", "records": "=$", "format": "xml"},
    {"output": {"a": "=@ctx.inputs", "b": "=@ctx.response.body"}},
    {"error": [{"title": "=@ctx.parameters.p", "details": "=@ctx.response.body"}]},
    {"continuation": {"when": True, "url": "=$.next"}},
]


def taking(location: str, **keys: Any) -> dict[str, Any]:
    """Define a function with one parameter there, and a secret."""
    return post(
        url=f"{ADDRESS}/rows" + ("/{p}" if location == "path" else ""),
        parameters={
            "p": {"location": location, "required": True},
            "X-Key": {"location": "header", "value": "key"},
            "again": {"location": "query", "value": "=@ctx.parameters.p"},
        },
        **keys,
    )


KEY = (credential("key", "abcdefghijk"),)


def written(outcome: engine.Outcome) -> bytes:
    """Write the outcome down, as whoever answers the caller will."""
    return orjson.dumps(
        [outcome.output, outcome.records, outcome.operations, outcome.error, outcome.warnings]
    )


class TestCallers:
    @pytest.mark.parametrize("value", HOSTILE)
    @pytest.mark.parametrize("location", LOCATIONS)
    def test_what_json_can_not_hold_is_not_sent(self, location: str, value: Any) -> None:
        stage = Stage(parameters={"p": value}, credentials=KEY)

        outcome = asyncio.run(call(taking(location), stage, ADDRESS, Unused()))

        assert outcome.error is not None
        assert outcome.error["name"] == "BadRequest"
        assert written(outcome)

    @pytest.mark.parametrize("value", HOSTILE)
    def test_nor_is_what_came_beside_the_parameters(self, value: Any) -> None:
        stage = Stage(parameters={"p": 1}, credentials=KEY, call={"queries": {"q": value}})

        outcome = asyncio.run(call(taking("query"), stage, ADDRESS, Unused()))

        assert outcome.error is not None
        assert outcome.error["name"] == "BadRequest"

    @pytest.mark.parametrize("value", ["a\0b", {"\0": "\0"}, float("inf"), [float("nan")], 2**63])
    @pytest.mark.parametrize("location", ["path", "header", "body"])
    @pytest.mark.parametrize("keys", KEYS)
    def test_what_is_odd_ends_somehow(
        self, location: str, value: Any, keys: dict[str, Any]
    ) -> None:
        played = play(taking(location, **keys), parameters={"p": value}, credentials=KEY)

        assert played.outcome.status in ("ok", "error")
        assert written(played.outcome)


class TestServices:
    @pytest.mark.parametrize(
        "body",
        [
            '{"a":' * 150 + "1" + "}" * 150,
            '{"a":' * 400 + "1" + "}" * 400,
            "[" * 900 + "1" + "]" * 900,
            "[" * 100_000 + "1" + "]" * 100_000,
            "<a>" * 150 + "</a>" * 150,
            "9" * 5000,
            "[18446744073709551616, 1e999]",
            r'"\ud800"',
            r'"\u0000"',
            "\0",
        ],
    )
    @pytest.mark.parametrize("status", [200, 500])
    @pytest.mark.parametrize("keys", KEYS)
    def test_any_answer_ends_somehow(self, body: str, status: int, keys: dict[str, Any]) -> None:
        played = play(
            taking("query", **keys),
            service=lambda _request: web.Response(text=body, status=status),
            parameters={"p": 1},
            credentials=KEY,
            limits=engine.Limits(pages=2),
        )

        assert played.outcome.status in ("ok", "error")
        assert written(played.outcome)

    @pytest.mark.parametrize("expression", ["$power(2, 64)", "$power(10, 300)"])
    def test_a_number_past_64_bits_ends_somehow(self, expression: str) -> None:
        played = play(taking("query", outputTransform=expression), parameters={"p": 1})

        assert written(played.outcome)
