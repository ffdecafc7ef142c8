"""JavaScript of a solution, as expressions call it: what it gives, and what ends it."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.engine import Limits, ScriptProcesses
from functions.engine.expressions import Exhausted
from functions.tests.engine.upstream import Played, get, play, serve

UTILS = """
export const coalesce = (...values) => values.find((value) => value != null);
export function describe(row, joiner = ": ") { return {text: row.id + joiner + row.name}; }
export function nothing() {}
export function none() { return null; }
export const rows = () => [{id: 1}];
export async function later(value) { await null; return value + 1; }
export async function rejects() { await null; throw new Error("no"); }
export function throws() { throw new Error("a value"); }
export const double = (value) => value * 2;
export function notes(value) { console.log("a", {value}); console.table([]); return value; }
export default {fromDefault: () => "default"};
"""
OLDER = "module.exports.twice = (value) => value * 2; exports.one = function () { return 1; };"
# What JSON can't hold, nest or be: half a character, 300 lists, an answer in place of ours.
ODD = """
export const half = () => "\\ud83d";
export const deep = () => Array(300).fill(0).reduce((list) => [list], []);
export const same = (value) => value;
export const spoil = () => { globalThis.callExport$ = () => "no JSON"; };
"""
SERVICE = serve({"rows": [{"id": 1, "name": "Ann"}, {"id": 2, "name": None}]})


def run(transform: str, scripts: dict[str, str] | None = None, **staged: Any) -> Played:
    sources = scripts or {"utils": UTILS, "older": OLDER}
    return play(get(outputTransform=transform), service=SERVICE, scripts=sources, **staged)


class TestScriptFunction:
    @pytest.mark.parametrize(
        ("transform", "output"),
        [
            ('$utils.coalesce(null, rows[0].missing, "x")', "x"),
            ('rows.{"t": $utils.describe($, " - ").text}', [{"t": "1 - Ann"}, {"t": "2 - null"}]),
            ('rows.$utils.coalesce(name, "nobody")', ["Ann", "nobody"]),
            ('{"a": $utils.nothing(), "b": $utils.none()}', {"b": None}),
            ("$exists($utils.none())", True),
            ("$utils.rows()", [{"id": 1}]),
            ("$utils.notes(5)", 5),
            ("$utils.later(1)", 2),
            ("$utils.fromDefault()", "default"),
            ("$map([1, 2], $utils.double)", [2, 4]),
            ("rows[0].id ~> $utils.double", 2),
            ('null ~> $utils.coalesce("piped")', "piped"),
            ("3 ~> $utils.coalesce()", 3),
            ("$older.twice(4) + $older.one()", 9),
            ("$utils.double($utils.double(2))", 8),
            ('"$utils.double(2)"', "$utils.double(2)"),
            ('($utils := {"double": function($x) { $x + 1 }}; $utils.double(2))', 3),
            ("$map([1], function($utils) { $utils.double })", None),
        ],
    )
    def test_is_called_like_one_of_the_language(self, transform: str, output: Any) -> None:
        played = run(transform)

        assert played.outcome.status == "ok"
        assert played.outcome.output == output
        assert played.outcome.warnings == []

    def test_sees_names_that_are_filled_in(self) -> None:
        source = get(
            outputTransform='{"n": $utils.double($.inputs.n)}',
            parameters={"n": {"location": "output", "type": "int"}},
        )

        played = play(source, service=SERVICE, scripts={"utils": UTILS}, parameters={"n": 4})

        assert played.outcome.output == {"n": 8}

    @pytest.mark.parametrize(
        ("transform", "code"),
        [
            ("$utils.throws()", "script_threw"),
            ("$utils.rejects()", "script_threw"),
            ("$utils.absent()", "script_unknown"),
            ("$elsewhere.double(1)", "script_unknown"),
            ("$utils.constructor(1)", "script_unknown"),
            ("$broken.f()", "script_broken"),
            ("$throwing.f()", "script_broken"),
            ("$odd.half()", "script_threw"),
            ("[$odd.spoil(), $odd.half()]", "script_threw"),
            ("$odd.same($odd.deep())", "script_threw"),
            ("$importing.f()", "script_broken"),
        ],
    )
    def test_that_fails_is_null_and_a_warning_without_values(
        self, transform: str, code: str
    ) -> None:
        played = run(
            transform,
            {
                "utils": UTILS,
                "broken": "export function f( {",
                "odd": ODD,
                "throwing": "export const f = () => 1; throw new Error('a value');",
                "importing": "import fs from 'fs'; export const f = () => 1;",
            },
        )

        assert played.outcome.output is None
        assert played.outcome.warnings == [{"path": "outputTransform", "code": code}]

    def test_keeps_nothing_from_one_evaluation_to_the_next(self) -> None:
        counting = (
            "let count = 0; export const next = () => { globalThis.seen = 1; return ++count; };"
        )
        source = get(outputTransform="[$s.next(), $s.next()]", output="=[$s.next(), $]")

        played = play(source, service=SERVICE, scripts={"s": counting})

        assert played.outcome.output == [1, 1, 2]


class TestHostileScript:
    @pytest.mark.parametrize(
        "body",
        [
            "for (;;);",
            "return ('a'.repeat(8e6)).indexOf('a'.repeat(4e6) + 'b');",  # deaf to interruption
            "const kept = []; for (;;) kept.push(new Array(1000).fill(1));",
            "return 'x'.repeat(2 ** 29);",
            "return f();",
            "return /(a+)+$/.exec('a'.repeat(40) + 'b');",
            "return 'x'.repeat(3e6);",
            "const again = () => Promise.resolve().then(again); again(); return again();",
        ],
    )
    def test_ends_the_call_within_its_bounds(self, body: str) -> None:
        limits = Limits(expression_seconds=0.3, expression_bytes=2_000_000)

        played = run("$s.f()", {"s": f"export function f() {{ {body} }}"}, limits=limits)

        assert played.error == "ExpressionLimit"

    def test_shares_its_memory_with_the_others_of_its_evaluation(self) -> None:
        taking = "let kept; export const one = () => (kept = new Uint8Array(28e6).fill(1))[0];"
        sources = {f"s{number}": taking for number in range(16)}
        calls = ", ".join(f"${name}.one()" for name in sources)

        assert run("[$s0.one(), $s1.one()]", sources).outcome.output == [1, 1]
        assert run(f"[{calls}]", sources).error == "ExpressionLimit"

    def test_reaches_nothing_of_the_machine(self) -> None:
        reaching = """
        const known = ["process", "require", "std", "os", "fetch", "setTimeout", "print"];
        export const names = () => known.filter((name) => typeof globalThis[name] !== "undefined");
        """

        assert run("$s.names()", {"s": reaching}).outcome.output == []


class TestScriptProcesses:
    def test_serve_one_owner_alone(self) -> None:
        processes = ScriptProcesses()
        first = processes.take("a")
        processes.give_back("a", first)

        other, again = processes.take("b"), processes.take("a")

        assert other is not first
        assert again is first
        for process in (other, again):
            process.kill()

    def test_make_room_by_ending_the_one_longest_at_rest(self) -> None:
        processes = ScriptProcesses(at_rest=1)
        first, second = processes.take("a"), processes.take("b")

        processes.give_back("a", first)
        processes.give_back("b", second)

        assert (first.is_running, second.is_running) == (False, True)
        processes.close()
        assert not second.is_running

    def test_go_on_after_one_that_was_killed(self) -> None:
        processes = ScriptProcesses()
        own = processes.of("a")
        sources = {"s": "export const one = () => 1; export const loop = () => { for (;;); };"}
        with own.open(sources, seconds=0.1, most=1000) as session, pytest.raises(Exhausted):
            session.function("s", "loop")()

        with own.open(sources, seconds=1, most=1000) as session:
            assert session.function("s", "one")() == {"v": 1}
        processes.close()

    def test_replace_one_that_the_system_ended(self) -> None:
        processes = ScriptProcesses()
        ended = processes.take("a")
        processes.give_back("a", ended)
        ended.kill()

        other = processes.take("a")

        assert other is not ended
        assert other.is_running
        other.kill()

    def test_are_not_lent_again_while_an_answer_is_on_its_way(self) -> None:
        own = ScriptProcesses().of("a")
        slow = "const until = Date.now() + 300; while (Date.now() < until); return 'late';"
        sources = {"s": f"export const late = () => {{ {slow} }}; export const one = () => 1;"}
        with own.open(sources, seconds=5, most=1000) as session:
            assert session.function("s", "one")() == {"v": 1}
            with interrupted(after=0.1), pytest.raises(KeyError):
                session.function("s", "late")()

            assert session.function("s", "one")() == {"v": 1}
        own.processes.close()

    def test_end_an_evaluation_where_none_can_start(self) -> None:
        own = ScriptProcesses().of("a")
        sources = {"s": "export const one = () => 1;"}
        with own.open(sources, seconds=1, most=1000) as session:
            one = session.function("s", "one")
            with no_more_files(), pytest.raises(Exhausted):
                one()

    @pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux tells them")
    def test_run_where_nothing_can_be_opened_or_started(self) -> None:
        own = ScriptProcesses().of("a")
        with own.open({"s": "export const one = () => 1;"}, seconds=5, most=1000) as session:
            session.function("s", "one")()
        process = own.processes.take("a")

        lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()

        none = ("Max open files", "Max processes", "Max file size", "Max core file size")
        bounds = {line[:25].strip(): line[25:].split()[:2] for line in lines}
        assert [bounds[name] for name in none] == [["0", "0"]] * 4
        process.kill()


@contextmanager
def interrupted(*, after: float) -> Iterator[None]:
    """Let a signal's handler raise KeyError in the middle of the block."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyError("interrupted")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def no_more_files() -> Iterator[None]:
    """Keep this process from opening anything."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
