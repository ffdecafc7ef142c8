"""Functions made over: they answer as the library's own, in a time that it can keep to."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jlens import Expression as Compiled

from functions.engine.expressions import UNDEFINED, Bounds, Root, Unparsed, compile_expression
from functions.tests.engine.suite import SUITE, as_json, value_of
from functions.tests.engine.test_expression_suite import answer

BOUNDS = Bounds(seconds=2, depth=500, steps=10**7, size=10**7, items=10**5)
NOTHING: frozenset[str] = frozenset()
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 0.1 + 0.2, 0.3, 2**53, "", "1", "a"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["b", "a", "1"]), inner)
    ),
    max_leaves=4,
)


def made_over(source: str, value: Any) -> Any:
    answer = compile_expression(source).evaluate(
        Root(value), context={}, filled={}, trimmed=NOTHING, bounds=BOUNDS, shared=True
    )
    return None if answer is UNDEFINED else answer


class TestEquality:
    @settings(deadline=None, max_examples=40)
    @given(few=st.lists(VALUES, min_size=1, max_size=6), times=st.sampled_from([1, 60]))
    @pytest.mark.parametrize(
        "source",
        [
            "$distinct(rows)",
            "$distinct(rows.$)",
            "rows ~> $distinct ~> $count",
            "$type($distinct(rows.$))",
            "$map([rows, rows], $distinct)",
            "[[rows], [rows]].$distinct($)",
            "$keys(rows)",
            "rows.$keys()",
            # Passed on and not called, ours gives nothing where the built-in gives an empty list,
            # and one name for a lone row where it gives a list of one.
            "$map([{'b': 1, 'c': 2}, rows[$type($) = 'object' and $ != {}]], $keys)",
            "$keys(rows)[]",
            "$eval('$keys(rows)')",
        ],
    )
    def test_they_answer_as_the_librarys_own(self, source: str, few: list[Any], times: int) -> None:
        value = {"rows": few * times}

        assert as_json(made_over(source, value)) == as_json(Compiled(source).evaluate(value))

    def test_around_any_expression_they_change_nothing(self) -> None:
        for record in SUITE["records"]:
            root = Root(value_of(record)) if record.keys() & {"document", "input"} else None
            around = {**record, "expression": f"/* $eval */ {record['expression']}"}

            value, warnings = answer(around, root)

            expected = None if "throws" in record else record.get("expected", UNDEFINED)
            thrown = list(filter(None, [record.get("throws")]))
            assert as_json(value) == as_json(expected), record["name"]
            assert [warned["code"] for warned in warnings] == thrown, record["name"]

    def test_a_syntax_error_is_where_it_stands(self) -> None:
        with pytest.raises(Unparsed) as unparsed:
            compile_expression("$keys(a) b")

        assert unparsed.value.position == 10


def seconds(source: str, rows: Any) -> float:
    """Return the processor's time that it takes, the least of three."""
    times = []
    for _ in range(3):
        started = time.process_time()
        made_over(source, {"rows": rows})
        times.append(time.process_time() - started)
    return min(times)


class TestGrowth:
    @pytest.mark.parametrize(
        ("source", "rows"),
        [
            ("$count($distinct(rows))", lambda count: list(range(count))),
            ("$count($eval('$distinct(rows)'))", lambda count: list(range(count))),
            ("$count($keys(rows))", lambda count: [{f"k{n}": 1} for n in range(count)]),
            ("$count($keys(rows))", lambda count: {f"k{n}": 1 for n in range(count)}),
        ],
        ids=["distinct", "distinct in eval", "keys of rows", "keys of one"],
    )
    def test_is_with_the_input_not_with_its_square(
        self, source: str, rows: Callable[[int], Any]
    ) -> None:
        assert made_over(source, {"rows": rows(80_000)}) == 80_000
        assert seconds(source, rows(80_000)) < 10 * seconds(source, rows(20_000))  # not 16
