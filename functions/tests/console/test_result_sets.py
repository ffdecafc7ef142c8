"""What a database answered, as it is laid out: bounded, and told apart."""

from typing import Any

import pytest

from functions.console.result_sets import (
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_HOVERED,
    MOST_LETTERS,
    MOST_ROWS,
    MOST_SETS,
    Cell,
    ResultSet,
    lay_out,
    written,
)


def laid_out(*rows: dict[str, Any]) -> ResultSet:
    answer = {"recordsets": [list(rows)], "output": {}, "rowsAffected": 0}
    return lay_out(answer).sets[0]


def cell_of(value: Any) -> Cell:
    return laid_out({"a": value}).rows[0][0][1]


class TestCells:
    @pytest.mark.parametrize(
        ("value", "cell"),
        [
            (None, Cell("null", "null")),
            ("null", Cell("null")),
            ("", Cell('""', "empty")),
            (" ", Cell(" ")),
            (True, Cell("true")),
            (0, Cell("0")),
            (1234567, Cell("1234567")),
            (0.1, Cell("0.1")),
            ({"é": [1]}, Cell('{"é": [1]}')),
        ],
    )
    def test_show_a_value_as_it_is(self, value: Any, cell: Cell) -> None:
        assert cell_of(value) == cell

    def test_cut_a_long_text(self) -> None:
        cell = cell_of("x" * 10_000)

        assert len(cell.text) == MOST_LETTERS + 1
        assert len(cell.hovered) == MOST_HOVERED


class TestColumns:
    @pytest.mark.parametrize(
        ("values", "is_number"),
        [([1, 2.5, None], True), ([1, "2"], False), ([None, None], False), ([True, 1], False)],
    )
    def test_are_of_numbers_where_all_are(self, values: list[Any], is_number: bool) -> None:  # noqa: FBT001
        columns = laid_out(*({"a": value} for value in values)).columns

        assert [column.is_number for column in columns] == [is_number]

    def test_of_an_empty_set_are_not_known(self) -> None:
        assert (laid_out().row_count, laid_out().columns, laid_out().json) == (0, [], "[]")


class TestBounds:
    def test_hold_whatever_comes(self) -> None:
        row = {f"column {number} {'x' * 500}": "y" * 500 for number in range(200)}
        answer = {"recordsets": [[row] * 1_204] * 40, "output": {}, "rowsAffected": 0}

        laid = lay_out(answer)

        assert (len(laid.sets), laid.set_count) == (MOST_SETS, 40)
        for one in laid.sets:
            assert (len(one.rows), one.row_count) == (20, 1_204)
            assert (len(one.columns), one.column_count) == (MOST_COLUMNS, 200)
            assert {len(cells) for cells in one.rows} == {MOST_COLUMNS}
            assert (len(one.json), one.is_json_cut) == (MOST_CHARACTERS, True)

    def test_of_rows_are_wider_for_one_set(self) -> None:
        rows = [{f"c{number}": number for number in range(200)}] * 1_204

        assert len(laid_out(*rows).rows) == MOST_ROWS

    def test_of_json_are_told(self) -> None:
        assert written({"é": [1]}) == ('{\n  "é": [\n    1\n  ]\n}', False)
        assert written("x" * MOST_CHARACTERS) == ('"' + "x" * (MOST_CHARACTERS - 1), True)
