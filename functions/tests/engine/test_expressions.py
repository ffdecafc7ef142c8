"""One compiled expression: what it gives, what stops it, and that it is compiled once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.engine.expressions import (
    UNDEFINED,
    Bounds,
    Exhausted,
    NotJson,
    Root,
    Thrown,
    Unparsed,
    compile_expression,
    is_truthy,
)

BOUNDS = Bounds(seconds=2, depth=300, steps=10**7, size=10**6, items=10**5)
NOTHING: frozenset[str] = frozenset()


def evaluate(
    source: str,
    value: Any = UNDEFINED,
    *,
    text: str | None = None,
    bounds: Bounds = BOUNDS,
    shared: bool = False,
) -> Any:
    root = Root(value) if text is None else Root(text=text)
    return compile_expression(source).evaluate(
        root, context={}, filled={}, trimmed=NOTHING, bounds=bounds, shared=shared
    )


class TestValues:
    @pytest.mark.parametrize(
        ("source", "value", "expected"),
        [
            ("$lookup($, 'a')", {"a": None}, None),
            ("$lookup($, 'b')", {"a": None}, UNDEFINED),
            ("a", {"a": None}, None),
            ("b", {"a": None}, UNDEFINED),
            ("$type($)", None, "null"),
            ("$exists($)", UNDEFINED, False),
            ("$", UNDEFINED, UNDEFINED),
            ("function($x){$x}", {}, UNDEFINED),
            ("/a/('b')", {}, UNDEFINED),
            ("/a/", {}, UNDEFINED),
            ("a.b", {"a": [{"b": 1}]}, 1),
            ("a.b", {"a": []}, UNDEFINED),
            ("a.b", {"a": 5}, UNDEFINED),
            ("[a.b]", {"a": [{"b": 1}]}, [1]),
        ],
    )
    def test_null_and_nothing_differ(self, source: str, value: Any, expected: Any) -> None:
        assert evaluate(source, value) == expected
        assert evaluate(source, value, shared=True) == expected

    def test_a_path_keeps_integers_exact(self) -> None:
        assert evaluate("a.b", text='{"a": {"b": 9007199254740993}}') == 9007199254740993

    @settings(deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text("ab", max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
            ),
            max_leaves=12,
        )
    )
    def test_a_path_answers_as_the_library_does(self, value: Any) -> None:
        plain, evaluated = evaluate("$.a.b", value), evaluate("($.a.b)", value)

        assert plain == evaluated


class TestStops:
    @pytest.mark.parametrize(
        "source",
        [
            "($f := function($n){1 + $f($n)}; $f(1))",
            "($f := function($n){$f($n)}; $f(1))",
            "[1..200000]",
            "$pad('a', 20000000)",
            "$string([1..99999]) & $string([1..99999]) & $string([1..99999])",
            "{'a': 1} ~> |$|{}, [1..101].$string($)|",
        ],
    )
    def test_runaways_end(self, source: str) -> None:
        with pytest.raises(Exhausted):
            evaluate(source, bounds=Bounds(0.2, 300, 10**6, 10**6, 10**5))

    def test_what_throws_gives_its_code_and_no_value(self) -> None:
        with pytest.raises(Thrown) as thrown:
            evaluate("$number(a)", {"a": "the value"})

        assert str(thrown.value) == "D3030"
        assert thrown.value.__context__ is None

    def test_what_is_not_json_is_said_to_be(self) -> None:
        with pytest.raises(NotJson):
            evaluate("$count(a)", text="{a")
        with pytest.raises(NotJson):
            evaluate("a", text="{a")

    @pytest.mark.parametrize("source", ["(", "a +", "'a", "{", "$f(", "@ctx.", "a b"])
    def test_what_does_not_parse_is_refused(self, source: str) -> None:
        with pytest.raises(Unparsed) as unparsed:
            compile_expression(source)

        assert unparsed.value.code.startswith("S")


class TestReading:
    def test_only_what_is_read_is_bound(self) -> None:
        expression = compile_expression("@ctx.response.status = 200 and a and $.b.c")

        assert expression.context_keys == frozenset({"response"})
        assert expression.response_keys == frozenset({"status"})
        assert expression.root_keys == frozenset({"a", "b"})

    def test_what_can_not_be_seen_binds_everything(self) -> None:
        assert compile_expression("$eval(a)").context_keys is None
        assert compile_expression("$keys(@ctx)").context_keys is None

    def test_the_same_text_is_compiled_once(self) -> None:
        assert compile_expression("a.b.c & 'once'") is compile_expression("a.b.c & 'once'")

    def test_threads_share_one(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(
                lambda n: evaluate("$sum(a) + 1", {"a": [n, n]}, shared=True), range(100)
            )

            assert list(answers) == [2 * n + 1 for n in range(100)]


class TestTruth:
    @pytest.mark.parametrize("value", [True, 1, -1, "false", {"a": None}, [0, 1], [[1]]])
    def test_true(self, value: Any) -> None:
        assert is_truthy(value)

    @pytest.mark.parametrize("value", [False, 0, 0.0, "", None, {}, [], [0, ""], [[]], UNDEFINED])
    def test_false(self, value: Any) -> None:
        assert not is_truthy(value)
