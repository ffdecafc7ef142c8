"""What a call's rows do to their entity's table, rule by rule."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from functions.device.storage import NotReadable, NotStorable, Storage
from functions.tests.device.rows import store, stored

ANN = {"id": "1", "name": "Ann", "city": "Kyiv", "age": 30}
BOB = {"id": "2", "name": "Bob", "city": "Lviv", "age": 40}
CAT = {"id": "3", "name": "Cat", "city": "Kyiv", "age": 50}


class TestWithoutARule:
    def test_all_rows_are_replaced(self, storage: Storage) -> None:
        store(storage, ANN, BOB)

        assert store(storage, CAT) == 1

        assert stored(storage) == {"3": CAT}

    def test_no_rows_leave_none(self, storage: Storage) -> None:
        store(storage, ANN)

        assert store(storage) == 0

        assert stored(storage) == {}

    def test_a_later_page_adds_to_the_first(self, storage: Storage) -> None:
        store(storage, ANN)

        store(storage, BOB, is_first_page=False)

        assert stored(storage) == {"1": ANN, "2": BOB}

    def test_another_entity_is_left_alone(self, storage: Storage) -> None:
        store(storage, ANN)

        store(storage, BOB, entity="orders")

        assert stored(storage) == {"1": ANN}

    def test_temporary_rows_stay_where_the_definition_says_so(self, storage: Storage) -> None:
        store(storage, {"id": "temp_1"}, {"id": "temp-2"}, ANN)

        store(storage, BOB, source={"keepTempIds": True})

        assert list(stored(storage)) == ["temp_1", "temp-2", "2"]

    def test_temporary_rows_go_like_any_other(self, storage: Storage) -> None:
        store(storage, {"id": "temp_1"})

        store(storage, BOB)

        assert list(stored(storage)) == ["2"]


class TestIds:
    def test_a_number_and_its_text_are_one_id(self, storage: Storage) -> None:
        store(storage, {"id": 1, "n": "old"})

        store(storage, {"id": "1", "n": "new"}, is_first_page=False)

        assert stored(storage) == {"1": {"id": "1", "n": "new"}}

    def test_a_whole_double_is_an_integer(self, storage: Storage) -> None:
        store(storage, {"id": 7.0})

        assert list(stored(storage)) == ["7"]

    def test_the_object_keeps_what_came(self, storage: Storage) -> None:
        store(storage, {"id": 1})

        assert storage.query("SELECT data ->> 'id' FROM customers WHERE id = 1").rows == [(1,)]

    @pytest.mark.parametrize("wrong", [True, 1.5, [], {}, ""])
    def test_nothing_else_is_an_id(self, storage: Storage, wrong: Any) -> None:
        with pytest.raises(NotStorable) as refusal:
            store(storage, {"id": wrong})

        assert refusal.value.code == "id_invalid"

    def test_a_row_without_one_has_the_same_key_after_the_next_sync(self, storage: Storage) -> None:
        store(storage, {"a": 1, "b": 2}, {"a": 3})
        before = stored(storage)

        store(storage, {"a": 3}, {"b": 2, "a": 1})

        assert stored(storage) == before

    def test_equal_rows_without_one_are_all_kept(self, storage: Storage) -> None:
        store(storage, {"a": 1}, {"a": 1})

        store(storage, {"a": 1}, is_first_page=False)

        assert list(stored(storage).values()) == [{"a": 1}] * 3


class TestMatchingIds:
    def test_fields_are_laid_over_those_that_are_there(self, storage: Storage) -> None:
        store(storage, ANN, BOB)

        written = store(
            storage,
            {"id": "1", "name": None, "tags": [1]},
            {"id": "9"},
            source={"forRowsWithMatchingIds": True},
        )

        assert written == 2
        assert stored(storage) == {
            "1": {**ANN, "name": None, "tags": [1]},
            "2": BOB,
            "9": {"id": "9"},
        }

    def test_only_the_top_level_is_merged(self, storage: Storage) -> None:
        store(storage, {"id": "1", "address": {"city": "Kyiv", "zip": "1"}})

        store(
            storage,
            {"id": "1", "address": {"city": "Lviv"}},
            source={"forRowsWithMatchingIds": True},
        )

        assert stored(storage)["1"]["address"] == {"city": "Lviv"}

    def test_rows_must_have_ids(self, storage: Storage) -> None:
        store(storage, ANN)

        with pytest.raises(NotStorable) as refusal:
            store(storage, BOB, {"name": "?"}, source={"forRowsWithMatchingIds": True})

        assert refusal.value.code == "id_missing"
        assert stored(storage) == {"1": ANN}

    def test_they_win_over_other_rules(self, storage: Storage) -> None:
        store(storage, ANN)
        rule = {"forRowsWithMatchingIds": True, "forRowsWithValues": {"city": "Kyiv"}}

        store(storage, BOB, source=rule)

        assert list(stored(storage)) == ["1", "2"]


class TestValues:
    @pytest.mark.parametrize(
        "written",
        ["Kyiv", "town", "=@ctx.parameters.town", "=$.inputs.town", "=$.inputs.town.value"],
    )
    def test_matching_rows_are_replaced(self, storage: Storage, written: str) -> None:
        store(storage, ANN, BOB, CAT)
        source = {"forRowsWithValues": {"city": written}}

        store(storage, {"id": "4"}, source=source, parameters={"town": "Kyiv"})

        assert list(stored(storage)) == ["2", "4"]

    def test_all_that_is_named_must_match(self, storage: Storage) -> None:
        store(storage, ANN, BOB, CAT)

        store(storage, source={"forRowsWithValues": {"city": "Kyiv", "age": 50}})

        assert list(stored(storage)) == ["1", "2"]

    def test_a_parameter_of_another_json_type_matches(self, storage: Storage) -> None:
        store(storage, ANN, BOB)

        store(storage, source={"forRowsWithValues": {"age": "age"}}, parameters={"age": "30"})

        assert list(stored(storage)) == ["2"]

    def test_a_parameter_that_was_not_given_has_its_default(self, storage: Storage) -> None:
        store(storage, ANN, BOB)
        declared = {"town": {"location": "query", "value": "Lviv"}}

        store(storage, source={"forRowsWithValues": {"city": "town"}, "parameters": declared})

        assert list(stored(storage)) == ["1"]

    def test_a_parameter_without_a_value_matches_rows_without_one(self, storage: Storage) -> None:
        store(storage, ANN, {"id": "8", "city": None}, {"id": "9"})
        declared = {"town": None}

        store(storage, source={"forRowsWithValues": {"city": "town"}, "parameters": declared})

        assert list(stored(storage)) == ["1"]

    def test_the_id_is_a_column_too(self, storage: Storage) -> None:
        store(storage, {"id": 1}, {"id": 2})

        store(storage, source={"forRowsWithValues": {"id": "who"}}, parameters={"who": "2"})

        assert list(stored(storage)) == ["1"]

    def test_an_expression_that_needs_the_response_is_refused(self, storage: Storage) -> None:
        store(storage, ANN)

        with pytest.raises(NotStorable) as refusal:
            store(storage, source={"forRowsWithValues": {"city": "=@ctx.response.body.city"}})

        assert refusal.value.code == "expression_unknown"
        assert stored(storage) == {"1": ANN}

    @pytest.mark.parametrize("text", ["=(", "=$error('x')", "=$error(@ctx.parameters.town)"])
    def test_an_expression_that_fails_is_refused(self, storage: Storage, text: str) -> None:
        with pytest.raises(NotStorable) as refusal:
            store(
                storage, source={"forRowsWithValues": {"city": text}}, parameters={"town": "hidden"}
            )

        assert refusal.value.code == "expression_failed"
        assert "hidden" not in str(refusal.value)
        assert refusal.value.__suppress_context__


class TestRanges:
    @pytest.mark.parametrize(
        ("ends", "left"),
        [
            ({"from": 40, "to": 50}, ["1"]),
            ({"from": "low", "to": "high"}, ["1", "3"]),
            ({"from": "=@ctx.parameters.low"}, ["1"]),
            ({"to": "high"}, ["3"]),
            ({"from": None, "to": 30}, ["2", "3"]),
        ],
    )
    def test_rows_within_are_replaced(
        self, storage: Storage, ends: dict[str, Any], left: list[str]
    ) -> None:
        store(storage, ANN, BOB, CAT)

        store(
            storage,
            source={"forRowsInRange": {"age": ends}},
            parameters={"low": "40", "high": 40},
        )

        assert list(stored(storage)) == left

    def test_texts_are_compared_as_texts(self, storage: Storage) -> None:
        store(storage, *({"id": day, "day": day} for day in ("2026-01-31", "2026-02-01", "2026-3")))

        ends = {"from": "2026-01-31", "to": "2026-02-01"}
        store(storage, source={"forRowsInRange": {"day": ends}})

        assert list(stored(storage)) == ["2026-3"]

    @pytest.mark.parametrize("value", [None, True, [30], "x"])
    def test_what_is_no_number_is_not_within_numbers(self, storage: Storage, value: Any) -> None:
        store(storage, {"id": "1", "age": value}, {"id": "2"})

        store(storage, source={"forRowsInRange": {"age": {"from": 0, "to": 100}}})

        assert list(stored(storage)) == ["1", "2"]

    def test_values_and_ranges_narrow_each_other(self, storage: Storage) -> None:
        store(storage, ANN, BOB, CAT)
        rule = {
            "forRowsWithValues": {"city": "Kyiv"},
            "forRowsInRange": {"age": {"from": 40, "to": 60}},
        }

        store(storage, source=rule)

        assert list(stored(storage)) == ["1", "2"]

    @pytest.mark.parametrize("rule", [{"age": 3}, {"age": {}}, "age", [1]])
    def test_a_range_needs_an_end(self, storage: Storage, rule: Any) -> None:
        with pytest.raises(NotStorable) as refusal:
            store(storage, source={"forRowsInRange": rule})

        assert refusal.value.code == "rule_invalid"


class TestRefusals:
    @pytest.mark.parametrize("row", ["text", 1, None, [ANN]])
    def test_a_row_must_be_an_object(self, storage: Storage, row: Any) -> None:
        store(storage, ANN)

        with pytest.raises(NotStorable) as refusal:
            store(storage, BOB, row)

        assert refusal.value.code == "row_not_an_object"
        assert stored(storage) == {"1": ANN}

    @pytest.mark.parametrize("value", [1 << 70, "\ud800", {1: 2}])
    def test_a_row_must_be_json(self, storage: Storage, value: Any) -> None:
        with pytest.raises(NotStorable) as refusal:
            store(storage, {"id": "1", "value": value})

        assert refusal.value.code == "not_json"

    @pytest.mark.parametrize(
        "name", ["", " ", "_jigx_commands", "_JIGX_x", "sqlite_master", "a\x00b", "\ud800"]
    )
    def test_some_names_are_not_for_entities(self, storage: Storage, name: str) -> None:
        with pytest.raises(NotStorable) as refusal:
            store(storage, ANN, entity=name)

        assert refusal.value.code == "entity_invalid"

    def test_no_value_is_in_print(self, storage: Storage) -> None:
        store(storage, {"id": "1", "secret": "hidden"})
        table = storage.query("SELECT data FROM customers")

        assert "hidden" in table.rows[0][0]
        assert "hidden" not in repr(table)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ['x"; DROP TABLE customers; --', "[a]", "`b`", "it's", "select", "json_each", "a b-c", "é"],
    )
    def test_any_other_name_is_only_a_name(self, storage: Storage, name: str) -> None:
        store(storage, ANN)

        store(storage, BOB, entity=name)
        store(storage, CAT, entity=name, is_first_page=False)

        assert stored(storage, name) == {"2": BOB, "3": CAT}
        assert stored(storage) == {"1": ANN}

    @pytest.mark.parametrize("text", ['" OR 1=1 --', "'); DELETE FROM customers; --", "%", "?1"])
    def test_a_value_is_only_a_value(self, storage: Storage, text: str) -> None:
        store(storage, ANN)
        row = {"id": text, text: text}

        store(storage, row, is_first_page=False)
        store(storage, source={"forRowsWithValues": {text: text + "?"}})
        store(storage, source={"forRowsInRange": {text: {"from": text + "?"}}})
        store(storage, {"id": text, "n": 1}, source={"forRowsWithMatchingIds": True})

        assert stored(storage) == {"1": ANN, text: {**row, "n": 1}}


class TestWriters:
    def test_wait_for_each_other(self, storage: Storage) -> None:
        other = Storage(storage.path)
        store(storage, {"id": 0})
        merging = {"forRowsWithMatchingIds": True}

        def write(own: Storage, name: str) -> None:
            for number in range(25):
                store(own, {"id": 0, f"{name}{number}": 1}, source=merging)

        with ThreadPoolExecutor(4) as threads:
            pairs = [(storage, "a"), (storage, "b"), (other, "c"), (other, "d")]
            writing = [threads.submit(write, own, name) for own, name in pairs]
        for done in writing:
            done.result()

        assert len(stored(storage)["0"]) == 1 + 4 * 25
        other.close()


class TestTheFile:
    def test_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "what? #50%.sqlite3"
        path.touch(mode=0o644)
        storage = Storage(path)
        store(storage, ANN)

        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

        assert modes == {0o600}
        assert stored(storage) == {"1": ANN}
        storage.close()

    def test_keeps_its_rows(self, tmp_path: Path) -> None:
        first = Storage(tmp_path / "device.sqlite3")
        store(first, ANN)
        first.close()

        second = Storage(tmp_path / "device.sqlite3")

        assert stored(second) == {"1": ANN}
        second.close()

    def test_leaves_nothing_behind_when_wiped(self, storage: Storage, tmp_path: Path) -> None:
        store(storage, ANN)

        storage.wipe()

        assert list(tmp_path.iterdir()) == []
        storage.wipe()

    def test_is_not_opened_again_after_its_end(self, storage: Storage) -> None:
        store(storage, ANN)
        storage.close()

        with pytest.raises(NotStorable):
            store(storage, BOB)
        with pytest.raises(NotReadable):
            stored(storage)

    def test_says_when_a_row_was_stored(self, storage: Storage) -> None:
        store(storage, ANN)

        [(when,)] = storage.query("SELECT timestamp FROM customers").rows

        assert when.startswith("20")
        assert when.endswith("Z")
