"""How a statement and its values reach the server: the text from names and types alone."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.engine.batches import Batch, Bound, Kind, bind, compose, kinds_of
from functions.engine.failures import BadRequest
from functions.tests.engine.database import execute, query
from functions.tests.engine.upstream import check

YES = Bound(Kind.BIT, True)  # noqa: FBT003 (a value like any other)
INJECTIONS = [
    "'; DROP TABLE t; --",
    "x' OR '1'='1",
    "1); EXEC xp_cmdshell('dir'); --",
    "@b",
    "]; SHUTDOWN; --",
    "?",
    "{fn USER()}",
    "\u02bc; DROP TABLE t",
    "\n GO \n",
]
TYPES = ["string", "number", "int", "boolean", "array", "object", "file", "image", "date", None]


def composed(source: dict[str, Any], **values: Any) -> Batch:
    return compose(check(source), values, most_bytes=1_000)


def parameter(kind: str | None, **keys: Any) -> dict[str, Any]:
    return {"a": {**({} if kind is None else {"type": kind}), **keys}}


class TestStatements:
    def test_a_statement_travels_as_it_is_written(self) -> None:
        text = "SELECT N'é @not' FROM t WHERE id = @id -- @no"

        batch = composed(query(text, parameters={"id": {"type": "int"}}), id=5)

        assert batch.values == (
            Bound(Kind.LONG_TEXT, text),
            Bound(Kind.LONG_TEXT, "@id bigint"),
            Bound(Kind.WHOLE, 5),
        )
        assert "EXEC sp_executesql ?, ?, ?;" in batch.text
        assert batch.text.count("?") == len(batch.values)

    @pytest.mark.parametrize("name", ["stmt", "params", "statement", "jx0"])
    def test_a_parameter_called_as_one_of_the_server_s_own(self, name: str) -> None:
        batch = composed(query(f"SELECT @{name}", parameters={name: {}}), **{name: "DROP TABLE t"})

        assert f"@{name}" not in batch.text
        assert batch.values[0] == Bound(Kind.LONG_TEXT, f"SELECT @{name}")

    def test_a_statement_without_parameters(self) -> None:
        batch = composed(query("SELECT 1"))

        assert "EXEC sp_executesql ?;" in batch.text
        assert batch.values == (Bound(Kind.LONG_TEXT, "SELECT 1"),)

    def test_a_parameter_without_a_value_is_null(self) -> None:
        source = query("SELECT @a", parameters=parameter("number"))

        assert composed(source).values[-1] == Bound(Kind.EXACT, None)

    def test_a_procedure_is_called_with_what_it_is_given(self) -> None:
        parameters = {"a": {"type": "string"}, "b": {"type": "int"}, "c": {}, "a-b": {}}

        batch = composed(execute("[my db].dbo.p", parameters=parameters), b=1, c=None)

        assert batch.values[0].value == "EXEC [my db].dbo.p @b = @b, @c = @c"
        assert batch.values[1].value == "@b bigint, @c nvarchar(4000)"

    def test_a_procedure_without_parameters(self) -> None:
        assert composed(execute("p")).values == (Bound(Kind.LONG_TEXT, "EXEC p"),)

    def test_outputs_are_declared_given_and_asked_for(self) -> None:
        parameters = {
            "in": {"type": "string"},
            "out": {"type": "number", "location": "output"},
            "both": {"type": "string", "location": "both"},
        }

        batch = composed(execute("p", parameters=parameters), both="b", out=4, **{"in": "i"})

        assert batch.outputs == ("out", "both")
        assert "DECLARE @jx0 decimal(38,10) = ?, @jx1 nvarchar(max) = ?;" in batch.text
        assert "?, ?, ?, @jx0 OUTPUT, @jx1 OUTPUT;" in batch.text
        assert "SELECT @jx0 AS [jigxmgmt:0], @jx1 AS [jigxmgmt:1];" in batch.text
        assert [bound.value for bound in batch.values] == [
            None,
            "b",
            "EXEC p @in = @in, @out = @out OUTPUT, @both = @both OUTPUT",
            "@in nvarchar(4000), @out decimal(38,10) OUTPUT, @both nvarchar(max) OUTPUT",
            "i",
        ]

    def test_a_statement_may_have_outputs(self) -> None:
        source = query("SET @a = 1", parameters=parameter("int", location="output"))

        assert composed(source).values[2].value == "@a bigint OUTPUT"

    def test_an_output_holds_more_than_was_sent(self) -> None:
        parameters = {"a": {"type": "number", "location": "both"}}

        batch = composed(execute(parameters=parameters), a=3)

        assert "DECLARE @jx0 decimal(38,10) = ?;" in batch.text
        assert batch.values[0] == Bound(Kind.WHOLE, 3)

    def test_too_many_parameters(self) -> None:
        with pytest.raises(BadRequest):
            composed(query(parameters={f"p{number}": {} for number in range(2_001)}))


class TestBinding:
    @pytest.mark.parametrize(
        ("kind", "value", "bound"),
        [
            ("string", "a", Bound(Kind.TEXT, "a")),
            ("string", "x" * 4_000, Bound(Kind.TEXT, "x" * 4_000)),
            ("string", "\U0001f600" * 2_001, Bound(Kind.LONG_TEXT, "\U0001f600" * 2_001)),
            ("string", 5, Bound(Kind.TEXT, "5")),
            ("int", 5, Bound(Kind.WHOLE, 5)),
            ("int", 5.0, Bound(Kind.WHOLE, 5)),
            ("int", 2**63, Bound(Kind.EXACT, Decimal(2**63))),
            ("number", 12.5, Bound(Kind.EXACT, Decimal("12.5"))),
            ("number", 0.1, Bound(Kind.EXACT, Decimal("0.1"))),
            ("number", 3, Bound(Kind.WHOLE, 3)),
            ("number", 1e30, Bound(Kind.FLOAT, 1e30)),
            ("number", 1e-12, Bound(Kind.FLOAT, 1e-12)),
            ("boolean", True, YES),
            ("array", [1, "é"], Bound(Kind.TEXT, '[1, "é"]')),
            ("object", {"a": None}, Bound(Kind.TEXT, '{"a": null}')),
            ("file", "AP8=", Bound(Kind.TEXT, "AP8=")),
            ("date", "2026-02-03", Bound(Kind.TEXT, "2026-02-03")),
            (None, True, YES),
            (None, 7, Bound(Kind.WHOLE, 7)),
            (None, 7.25, Bound(Kind.EXACT, Decimal("7.25"))),
            (None, None, Bound(Kind.TEXT, None)),
            ("int", None, Bound(Kind.WHOLE, None)),
            ("boolean", None, Bound(Kind.BIT, None)),
        ],
    )
    def test_by_type_or_by_what_it_is(self, kind: str | None, value: Any, bound: Bound) -> None:
        source = query("SELECT @a", parameters=parameter(kind))

        assert composed(source, a=value).values[-1] == bound

    def test_a_binary_file_is_its_octets(self) -> None:
        source = query("SELECT @a", parameters=parameter("file", encoding="binary"))

        assert composed(source, a="data:x/y;base64,AP8=").values[-1] == Bound(
            Kind.OCTETS, b"\x00\xff"
        )
        with pytest.raises(BadRequest):
            composed(source, a="no base64!")

    @pytest.mark.parametrize("kind", ["string", "number", "int", "boolean", "array", "file"])
    def test_what_it_may_be_is_told_before_there_is_a_value(self, kind: str) -> None:
        declared = check(query("SELECT @a", parameters=parameter(kind))).parameters["a"]
        values: dict[str, list[Any]] = {
            "string": ["a", "x" * 5_000],
            "number": [12.5, 3, 1e30],
            "int": [5, 2**63, 10**40],
            "boolean": [True],
            "array": [[1], ["x" * 5_000]],
            "file": ["AP8=", "x" * 5_000],
        }

        bound = {bind(declared, value).kind for value in values[kind]}

        assert bound == set(kinds_of(declared))
        assert bind(declared, None).kind == kinds_of(declared)[0]

    def test_it_is_not_told_where_only_the_value_tells(self) -> None:
        parameters = {"a": {}, "b": {"type": "date"}, "x-key": {"type": "string"}}
        declared = check(query("SELECT @a", parameters=parameters)).parameters.values()

        assert [kinds_of(parameter) for parameter in declared] == [(), (), ()]


class TestInjection:
    @pytest.mark.parametrize("kind", TYPES)
    @pytest.mark.parametrize("location", ["input", "output", "both"])
    @pytest.mark.parametrize("make", [query, execute])
    def test_no_value_reaches_the_text(self, make: Any, location: str, kind: str | None) -> None:
        source = make(parameters=parameter(kind, location=location))
        plain = composed(source, a=None)
        own = 0 if location == "input" else 1  # the values of outputs come first

        for text in INJECTIONS:
            for value in (text, [text], {text: text}):
                batch = composed(source, a=value)

                assert batch.text == plain.text
                assert batch.values[own] == plain.values[own]
                assert batch.values[own + 1].value in [
                    f"@a {kind}{'' if own == 0 else ' OUTPUT'}" for kind in Kind
                ]

    @given(
        st.text()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.lists(st.text())
    )
    def test_whatever_the_value_the_batch_is_the_same(self, value: Any) -> None:
        source = query("SELECT @a", parameters=parameter(None))

        batch = composed(source, a=value)

        assert batch.text == composed(source, a=None).text
        assert batch.values[0] == Bound(Kind.LONG_TEXT, "SELECT @a")
        assert batch.values[1].value == f"@a {batch.values[2].kind}"


class TestComputedNumbers:
    """An expression may come to a number that a caller could not have given."""

    @pytest.mark.parametrize(
        ("value", "bound"),
        [
            (2.0, Bound(Kind.WHOLE, 2)),
            (1.5, Bound(Kind.EXACT, Decimal("1.5"))),
            (1e300, Bound(Kind.FLOAT, 1e300)),
        ],
    )
    def test_lose_nothing_where_an_integer_was_meant(self, value: float, bound: Bound) -> None:
        source = query("SELECT @a", parameters=parameter("int"))

        assert composed(source, a=value).values[-1] == bound


class TestWhatNoDatabaseTakes:
    @pytest.mark.parametrize("kind", ["string", "array", None])
    def test_half_a_character(self, kind: str | None) -> None:
        value = ["\ud83d"] if kind == "array" else "\ud83d"

        with pytest.raises(BadRequest):
            composed(query("SELECT @a", parameters=parameter(kind)), a=value)

    @pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
    @pytest.mark.parametrize("kind", ["number", "int", None])
    def test_numbers_without_an_end(self, kind: str | None, value: float) -> None:
        with pytest.raises(BadRequest):
            composed(query("SELECT @a", parameters=parameter(kind)), a=value)
