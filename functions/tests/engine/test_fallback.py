"""The library that stands in answers as the other does, within time and depth."""

from typing import Any

import pytest

from functions.engine.fallback import Compiled, Document, JlensError
from functions.tests.engine.suite import SUITE, as_json, value_of

SECONDS = {"timeout": 2.0}
# It looks into lists where the reference takes them whole, and refuses no infinity.
OTHERWISE = {"a columnar answer", "division by zero throws where it is used"}
SHARED = [record for record in SUITE["records"] if record["name"] not in OTHERWISE]


class TestCompiled:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("a.b", [1, 2]),
            ("$sum(a.b)", 3),
            ('a[b = 2].{"c": b}', {"c": 2}),
            ("nothing", None),
            ("$x.name & '!'", "Ann!"),
            ("$own()", "mine"),
            ("[function($n){$n}]", [None]),
            ("$string(10 / 4)", "2.5"),
        ],
    )
    def test_it_evaluates(self, source: str, expected: Any) -> None:
        value, bindings = {"a": [{"b": 1}, {"b": 2}]}, {"x": {"name": "Ann"}}
        compiled = Compiled(source)
        compiled.register_function("own", lambda: "mine")

        assert compiled.evaluate(value, bindings, **SECONDS) == expected
        assert compiled.evaluate_document(Document(value), bindings, **SECONDS) == expected

    def test_none_is_no_value_at_all(self) -> None:
        assert Compiled("$exists($)").evaluate(None, {}, **SECONDS) is False

    def test_a_document_is_read_from_its_text(self) -> None:
        document = Document.from_json('{"a": 9007199254740993}')

        assert document.value == {"a": 9007199254740993}

    def test_it_claims_to_read_everything(self) -> None:
        assert Compiled("a").reads({"x": None}) == {"input": True, "everyBinding": True}

    @pytest.mark.parametrize("source", ["(", "a +", "'a", "a b", "(" * 10_000])
    def test_what_does_not_parse_has_a_code(self, source: str) -> None:
        with pytest.raises(JlensError) as refused:
            Compiled(source)

        assert refused.value.code[0] in "SU"
        assert refused.value.__context__ is None

    @pytest.mark.parametrize(
        ("source", "code"),
        [
            ("$number('the value')", "D3030"),
            ("$nothing()", "T1006"),
            ("($f := function($n){$f($n)}; $f(1))", "U1001"),
            ("($f := function($n){1 + $f($n)}; $f(1))", "U1001"),
        ],
    )
    def test_what_throws_has_a_code_and_no_value(self, source: str, code: str) -> None:
        with pytest.raises(JlensError) as thrown:
            Compiled(source).evaluate(None, {}, timeout=0.2)

        assert (str(thrown.value), thrown.value.code) == (code, code)
        assert thrown.value.__context__ is None


class TestSuite:
    def test_answers_as_the_reference_does(self) -> None:
        different = [record["name"] for record in SHARED if answered(record) != expected(record)]

        assert different == []


def answered(record: dict[str, Any]) -> tuple[Any, str | None]:
    compiled = Compiled(record.get("plain", record["expression"]))
    bindings = {"ctx": SUITE["contexts"].get(record.get("context"))}
    try:
        if record.keys() & {"document", "input"}:
            value = compiled.evaluate_document(Document(value_of(record)), bindings, **SECONDS)
        else:
            value = compiled.evaluate(None, bindings, **SECONDS)
    except JlensError as error:
        return None, error.code
    return as_json(value), None


def expected(record: dict[str, Any]) -> tuple[Any, str | None]:
    return as_json(record.get("expected")), record.get("throws")
