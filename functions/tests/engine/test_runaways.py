"""Expressions that would never end, or fill the memory: each ends, and leaves its thread free."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import Bound, Stage, call, get, play
from jigxmgmt import outbound
from jigxmgmt.tests.upstream import LOOPBACK, Upstream, answering

ENDLESS = [
    "($f := function($n) { $f($n) }; $f(1))",
    "($f := function($n) { 1 + $f($n) }; $f(1))",
    "($a := function($n) { $b($n) }; $b := function($n) { $a($n) }; $a(1))",
    "($a := function($n) { [$b($n)] }; $b := function($n) { [$a($n)] }; $a(1))",
    "($f := function($n) { $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(60))",
    "($y := function($f) { $f($f) }; $y($y))",
    "$map([1..99999], function($i) { $map([1..99999], function($j) { $i * $j }) })",
    "$map([1..99999], function($i) { $eval('$sum([1..99999])') })",
    "$eval('($f := function($n) { $f($n) }; $f(1))')",
    "$reduce([1..99999], function($all, $n) { $append($all, $n) }, [])",
    "$sort([1..99999], function($l, $r) { $count([1..$l]) > $r })",
    "[1..99999][$ in [1..99999]]",
    "$contains($pad('', 50000, 'a'), /^(a+)+$b/)",
    "$match($pad('', 50000, 'a'), /(a|a)*b/)",
    "$replace($pad('', 50000, 'a'), /(a*)*b/, '')",
    "$split($pad('', 50000, 'a'), /(.*.*)*,/)",
    "$replace($pad('', 50000, 'a'), /a/, function($m) { $string([1..9999]) })",
]
HUGE = [
    "$pad('a', 2000000000)",
    "[1..2000000000]",
    "($t := $pad('', 8000000, 'ab'); $t & $t)",
    "$string([1..3000].$pad('', 5000, 'a'))",
    "$join([1..3000].$pad('', 5000, 'a'))",
    "($f := function($t) { $f($t & $t) }; $f('ab'))",
    "($f := function($l) { $f($append($l, $l)) }; $f([1, 2]))",
    "[1..3000].$pad('', 5000, 'a')",
    "$spread($merge([1..99999].{$string($): [1..99999]}))",
    "$base64encode($pad('', 8500000, 'a'))",
    "$ ~> |$|{'a': [1..2000000]}|",
    "{'a': 1} ~> |$|{}, [1..5000].$string($)|",
]
BOUND = 0.2


class TestExpressions:
    @pytest.mark.parametrize("expression", [*ENDLESS, *HUGE])
    def test_it_ends_by_its_name_and_frees_its_thread(self, expression: str) -> None:
        # The loop is not closed before the threads that were taken by it are free again.
        played = play(
            get(outputTransform=expression), limits=engine.Limits(expression_seconds=BOUND)
        )

        assert played.error == "ExpressionLimit"

    @pytest.mark.parametrize(
        "keys",
        [
            {"when": f"={ENDLESS[0]}"},
            {"records": f"={ENDLESS[0]}"},
            {"output": {"a": [f"={ENDLESS[0]}"]}},
            {"url": f"={ENDLESS[0]}"},
            {"parameters": {"a": {"location": "query", "value": f"={ENDLESS[0]}"}}},
            {"operations": [{"type": "x", "records": f"={ENDLESS[0]}"}]},
            {"operations": [{"type": "x", "when": f"={ENDLESS[0]}"}]},
            {"continuation": {"when": f"={ENDLESS[0]}"}},
            {"method": "POST", "inputTransform": ENDLESS[0]},
        ],
    )
    def test_wherever_it_stands(self, keys: dict[str, Any]) -> None:
        played = play(get(**keys), limits=engine.Limits(expression_seconds=BOUND))

        assert played.error == "ExpressionLimit"

    @pytest.mark.parametrize("keys", [{"title": f"={ENDLESS[0]}"}, {"when": f"={ENDLESS[0]}"}])
    def test_in_what_handles_an_error_too(self, keys: dict[str, Any]) -> None:
        played = play(
            get(error=[keys], errorTransform=ENDLESS[0]),
            service=lambda _request: web.json_response({}, status=500),
            limits=engine.Limits(expression_seconds=BOUND),
        )

        assert played.error == "ExpressionLimit"

    def test_another_call_runs_meanwhile(self) -> None:
        hostile = get(outputTransform=ENDLESS[4])
        plain = get(outputTransform="$.a")
        answer = answering(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a":1}')

        async def story() -> tuple[engine.Outcome, engine.Outcome, bool]:
            async with Upstream(answer) as upstream:
                client = outbound.Client()
                way = Bound(client, LOOPBACK)
                address = upstream.url("").rstrip("/")
                stage = Stage(limits=engine.Limits(expression_seconds=1))
                slow = asyncio.create_task(call(hostile, stage, address, way))
                quick = await call(plain, Stage(), address, way)
                was_first = not slow.done()
                ended = await slow
                await client.close()
                return quick, ended, was_first

        quick, ended, was_first = asyncio.run(story())

        assert quick.output == 1
        assert was_first
        assert ended.error is not None
        assert ended.error["name"] == "ExpressionLimit"


class TestRows:
    """A million rows: too many for some things, and told so."""

    ROWS = "[" + ",".join(["1"] * 1_000_000) + "]"

    @pytest.mark.parametrize(
        ("keys", "error"),
        [
            ({}, None),
            ({"records": "=$"}, None),
            ({"outputTransform": "$count($)"}, None),
            ({"outputTransform": "$sum($)"}, None),
            ({"outputTransform": '$.{"id": $}'}, "ExpressionLimit"),
            ({"outputTransform": "$map($, function($row) { $row + 1 })"}, "ExpressionLimit"),
            ({"outputTransform": "$distinct($)"}, None),
            ({"outputTransform": "$sort($)"}, "ExpressionLimit"),
        ],
    )
    def test_they_are_counted_or_refused(self, keys: dict[str, Any], error: str | None) -> None:
        patient = engine.Limits(expression_seconds=20)  # a busy machine is no fault of theirs

        played = play(
            get(**keys),
            service=lambda _request: web.Response(text=self.ROWS),
            limits=patient,
            seconds=60,
        )

        assert played.error == error

    def test_more_bytes_than_an_answer_may_have(self) -> None:
        rows = '[{"id":1}' + ',{"id":1}' * 1_000_000 + "]"

        assert play(get(), service=lambda _: web.Response(text=rows)).error == "UpstreamTooLarge"
