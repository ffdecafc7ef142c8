"""Each way in which a call can end without a result has its name."""

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import (
    ADDRESS,
    Received,
    Stage,
    Unused,
    call,
    credential,
    get,
    play,
    post,
)
from jigxmgmt import outbound

KEY = credential("key", "abc-123-def", origins=("http://127.0.0.1:1",))


def answer(
    status: int, body: Any = None, *, headers: dict[str, str] | None = None
) -> Callable[[Received], web.Response]:
    return lambda _request: web.json_response(body, status=status, headers=headers)


async def hang(_request: Received) -> web.Response:
    """Answer nothing; the server is taken down when the caller has given up."""
    await asyncio.Event().wait()
    raise AssertionError


class TestNames:
    def test_no_connection(self) -> None:
        assert play(get(url="http://127.0.0.1:1/")).error == "UpstreamUnreachable"

    def test_no_answer_in_the_services_time(self) -> None:
        played = play(get(), service=hang, limits=engine.Limits(service_seconds=0.05))

        assert played.error == "UpstreamTimeout"

    def test_no_answer_in_the_calls_time(self) -> None:
        assert play(get(), service=hang, seconds=0.05).error == "UpstreamTimeout"

    def test_no_time_left(self) -> None:
        played = play(get(), seconds=-1)

        assert played.error == "UpstreamTimeout"
        assert played.requests == []

    def test_too_large_an_answer(self) -> None:
        played = play(
            get(), service=answer(200, "x" * 1000), limits=engine.Limits(response_bytes=100)
        )

        assert played.error == "UpstreamTooLarge"

    def test_an_address_that_is_not_let_out(self) -> None:
        played = play(get(), policy=outbound.Policy())

        assert played.error == "AddressRefused"
        assert played.requests == []

    def test_an_address_that_another_network_is_let_out_to(self) -> None:
        policy = outbound.Policy(allowed_networks=(ipaddress.IPv4Network("10.0.0.0/8"),))

        assert play(get(), policy=policy).error == "AddressRefused"

    def test_an_answer_that_is_not_json(self) -> None:
        played = play(get(), service=lambda _request: web.Response(text="<html>"))

        assert played.error == "BadResponse"
        assert played.outcome.upstream_status == 200

    def test_an_answer_that_is_not_json_to_a_transform(self) -> None:
        played = play(
            get(outputTransform="$.rows[0]"), service=lambda _request: web.Response(text="{a")
        )

        assert played.error == "BadResponse"

    @pytest.mark.parametrize("depth", [300, 900])
    def test_an_answer_that_is_nested_too_deep(self, depth: int) -> None:
        body = "[" * depth + "1" + "]" * depth
        source = get(parameters={"x-key": {"location": "header", "value": "key"}})

        played = play(
            source,
            service=lambda _request: web.Response(text=body),
            credentials=(credential("key", "abc-123-def"),),
        )

        assert played.error == "BadResponse"

    @pytest.mark.parametrize("depth", [300, 3000])
    def test_parameters_that_are_nested_too_deep(self, depth: int) -> None:
        nested: Any = 1
        for _ in range(depth):
            nested = [nested]
        source = post(
            url="http://127.0.0.1:1/",
            parameters={
                "x-key": {"location": "header", "value": "key"},
                "a": {"location": "body"},
            },
        )

        outcome = asyncio.run(
            call(source, Stage(parameters={"a": nested}, credentials=(KEY,)), ADDRESS, Unused())
        )

        assert outcome.error is not None
        assert outcome.error["name"] == "BadRequest"

    @pytest.mark.parametrize(
        "expression",
        [
            "($f := function($n){$f($n + 1)}; $f(1))",
            "($f := function($n){1 + $f($n + 1)}; $f(1))",
            "$count([1..9000000])",
            "$string([1..900000])",
        ],
    )
    def test_an_expression_past_its_bounds(self, expression: str) -> None:
        limits = engine.Limits(
            expression_seconds=0.2, expression_items=100_000, expression_bytes=100_000
        )

        played = play(get(outputTransform=expression), limits=limits)

        assert played.error == "ExpressionLimit"
        assert ADDRESS not in str(played.outcome.error)
