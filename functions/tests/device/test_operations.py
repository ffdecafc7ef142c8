"""What each operation does, as the server hands it over."""

from typing import Any

import pytest

from functions.device.queue import CommandQueue
from functions.device.storage import NotStorable, Storage
from functions.tests.device.rows import operate, store, stored

OLD = {"id": "1", "name": "Ann", "city": "Kyiv"}
NEW = {"id": "1", "name": "Anna"}
BOB = {"id": "2", "name": "Bob", "city": "Lviv"}


class TestOperations:
    def test_come_in_place_of_the_rule(self, storage: Storage) -> None:
        store(storage, OLD)

        store(
            storage,
            NEW,
            operations=[{"type": "operation.upsert-merge", "table": "other", "records": [BOB]}],
        )

        assert stored(storage) == {"1": OLD}
        assert stored(storage, "other") == {"2": BOB}

    def test_all_of_them_skipped_leave_the_table_alone(self, storage: Storage) -> None:
        store(storage, OLD)

        store(storage, BOB, source={"operations": [{"type": "operation.delete-insert"}]})

        assert stored(storage) == {"1": OLD}

    def test_are_applied_in_turn(self, storage: Storage) -> None:
        written = operate(
            storage,
            {"type": "delete-insert", "records": [OLD, BOB]},
            {"type": "upsert-merge", "records": [NEW]},
            {"type": "upsert-replace", "records": [{"id": "2"}]},
        )

        assert written == 4
        assert stored(storage) == {"1": {**OLD, **NEW}, "2": {"id": "2"}}

    def test_are_written_together_or_not_at_all(self, storage: Storage) -> None:
        store(storage, OLD)

        with pytest.raises(NotStorable) as refusal:
            operate(storage, {"type": "delete-insert", "records": [BOB]}, {"type": "drop-all"})

        assert refusal.value.code == "operation_unknown"
        assert stored(storage) == {"1": OLD}

    def test_without_records_or_a_table_are_about_the_calls(self, storage: Storage) -> None:
        store(storage, OLD, operations=[{"type": "operation.upsert_replace", "table": None}])

        assert stored(storage) == {"1": OLD}


class TestDeleteInsert:
    def test_clears_only_what_its_own_rule_names(self, storage: Storage) -> None:
        store(storage, OLD, BOB)
        rule = {"forRowsWithValues": {"city": "town"}}

        operate(storage, {"type": "delete-insert", "records": [], **rule}, town="Lviv")

        assert stored(storage) == {"1": OLD}

    def test_clears_only_on_the_first_page(self, storage: Storage) -> None:
        store(storage, OLD)
        operation = {"type": "operation.delete-insert", "records": [BOB]}

        store(storage, operations=[operation], is_first_page=False)

        assert list(stored(storage)) == ["1", "2"]


class TestUpsertReplace:
    def test_replaces_whole_rows(self, storage: Storage) -> None:
        store(storage, OLD, BOB)

        operate(storage, {"type": "upsert_replace", "records": [NEW]})

        assert stored(storage) == {"1": NEW, "2": BOB}

    @pytest.mark.parametrize("kind", ["upsert-replace", "upsert-merge"])
    def test_needs_ids(self, storage: Storage, kind: str) -> None:
        with pytest.raises(NotStorable) as refusal:
            operate(storage, {"type": kind, "records": [{"name": "?"}]})

        assert refusal.value.code == "id_missing"


class TestKeysAndTimes:
    def test_another_field_can_be_the_key(self, storage: Storage) -> None:
        operation = {"type": "upsert-merge", "primaryKey": "no", "records": [{"no": 5, "a": 1}]}
        operate(storage, operation)

        operate(storage, {**operation, "records": [{"no": "5", "b": 2}]})

        assert stored(storage) == {"5": {"no": "5", "a": 1, "b": 2}}

    def test_a_key_can_be_made_of_each_record(self, storage: Storage) -> None:
        key = "=@ctx.record.kind & '-' & @ctx.record.no"
        records = [{"kind": "a", "no": 1}, {"kind": "b", "no": 1}]

        operate(storage, {"type": "upsert-merge", "primaryKey": key, "records": records})

        assert list(stored(storage)) == ["a-1", "b-1"]

    def test_a_key_that_comes_to_nothing_is_refused(self, storage: Storage) -> None:
        operation = {"type": "upsert-merge", "primaryKey": "=@ctx.record.no", "records": [OLD]}

        with pytest.raises(NotStorable) as refusal:
            operate(storage, operation)

        assert refusal.value.code == "id_invalid"

    def test_a_named_key_must_be_there(self, storage: Storage) -> None:
        with pytest.raises(NotStorable) as refusal:
            operate(storage, {"type": "delete-insert", "primaryKey": "no", "records": [OLD]})

        assert refusal.value.code == "id_missing"

    @pytest.mark.parametrize("written", ["changed", "=@ctx.record.changed"])
    def test_the_time_can_be_the_services(self, storage: Storage, written: str) -> None:
        records = [{"id": 1, "changed": "2020-01-01"}, {"id": 2}]

        operate(storage, {"type": "delete-insert", "timestamp": written, "records": records})

        first, second = storage.query("SELECT timestamp FROM customers ORDER BY id").rows
        assert first == ("2020-01-01",)
        assert second > ("2026",)


class TestFindReplace:
    def test_replaces_ids_and_values_at_any_depth(self, storage: Storage) -> None:
        store(
            storage,
            {"id": "temp_1", "links": [{"to": "temp_1"}, "temp_12"], "temp_1": 1},
            {"id": "2", "parent": "temp_1"},
            {"id": "3"},
        )

        operation = {"type": "find-replace", "find": "temp_1", "replace": 77}
        changed = operate(storage, operation)

        assert changed == 2
        assert stored(storage) == {
            "77": {"id": 77, "links": [{"to": 77}, "temp_12"], "temp_1": 1},
            "2": {"id": "2", "parent": 77},
            "3": {"id": "3"},
        }

    def test_looks_only_into_the_tables_named(self, storage: Storage) -> None:
        for entity in ("customers", "orders", "notes"):
            store(storage, {"id": "temp_1"}, entity=entity)
        named = {"find": "temp_1", "replace": "7", "tables": ["orders", "notes"]}

        operate(storage, {"type": "find-replace", **named})

        assert list(stored(storage)) == ["temp_1"]
        assert list(stored(storage, "orders")) == list(stored(storage, "notes")) == ["7"]

    def test_joins_two_rows_that_become_one(self, storage: Storage) -> None:
        store(storage, {"id": "temp_1", "a": 1, "b": 1}, {"id": "7", "b": 2, "to": "temp_1"})

        operate(storage, {"type": "find-replace", "find": "temp_1", "replace": "7"})

        assert stored(storage) == {"7": {"id": "7", "a": 1, "b": 2, "to": "7"}}

    def test_tells_one_from_true(self, storage: Storage) -> None:
        store(storage, {"id": "a", "n": 1, "is": True, "text": "1"})

        operate(storage, {"type": "find-replace", "find": 1, "replace": 2})

        assert stored(storage) == {"a": {"id": "a", "n": 2, "is": True, "text": "1"}}

    @pytest.mark.parametrize(("included", "expected"), [(True, "7"), (False, "temp_1")])
    def test_includes_the_queue_if_asked(
        self, storage: Storage, included: object, expected: str
    ) -> None:
        queue = CommandQueue(storage)
        parameters = {"deep": [{"id": "temp_1"}]}
        queue.add(solution_id="s", function="f", parameters=parameters, entity=None, source={})
        replacing = {"find": "temp_1", "replace": "7", "includeCommandQueue": included}

        operate(storage, {"type": "find-replace", **replacing})

        [command] = queue.waiting()
        assert command.parameters == {"deep": [{"id": expected}]}

    def test_without_anything_to_find_does_nothing(self, storage: Storage) -> None:
        store(storage, OLD)

        operation = {"type": "find-replace", "find": None, "replace": "7"}

        assert operate(storage, operation) == 0

    def test_takes_a_text_for_a_text(self, storage: Storage) -> None:
        store(storage, {"id": "1", "note": "=1+1"})

        operate(storage, {"type": "find-replace", "find": "=1+1", "replace": "=@ctx.parameters.a"})

        assert stored(storage)["1"]["note"] == "=@ctx.parameters.a"

    def test_needs_a_replacement(self, storage: Storage) -> None:
        store(storage, {"id": "temp_1"})

        with pytest.raises(NotStorable):
            operate(storage, {"type": "find-replace", "find": "temp_1", "replace": None})

        assert list(stored(storage)) == ["temp_1"]


class TestExecuteSql:
    def test_takes_no_more_memory_than_reading(self, storage: Storage) -> None:
        with pytest.raises(NotStorable):
            self.execute(storage, "DELETE FROM customers WHERE id = zeroblob(900000000)")

    def execute(self, storage: Storage, *statements: Any, **parameters: Any) -> int:
        operation = {"type": "execute-sql", "statements": statements, "tables": ["customers"]}
        return operate(storage, operation, **parameters)

    def test_values_are_bound(self, storage: Storage) -> None:
        hostile = "'); DELETE FROM customers; --"

        written = self.execute(
            storage,
            {
                "statement": "INSERT INTO customers (id, data) VALUES (@id, @data)",
                "parameters": {"id": hostile, "data": {"name": hostile}},
            },
            {
                "statement": "UPDATE customers SET data = json_set(data, '$.n', :n) RETURNING id",
                "parameters": {"n": "=$count(@ctx.parameters.many)"},
            },
        )

        assert written == 2
        assert stored(storage) == {hostile: {"name": hostile, "n": "=$count(@ctx.parameters.many)"}}

    def test_shared_values_are_the_device_s_to_evaluate(self, storage: Storage) -> None:
        store(storage, OLD, BOB)
        operation = {
            "type": "execute-sql",
            "statements": ["DELETE FROM customers WHERE id = @own"],
            "parameters": {"own": "=@ctx.parameters.own"},
        }

        operate(storage, operation, own="2")

        assert stored(storage) == {"1": OLD}

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM _jigx_commands",
            "DELETE FROM main.[_JIGX_commands]",
            "INSERT INTO customers (id, data) SELECT 1, parameters FROM _jigx_commands",
            "UPDATE customers SET data = (SELECT parameters FROM _jigx_commands)",
            "INSERT INTO customers (id, data) SELECT name, '{}' FROM sqlite_master",
            "DELETE FROM sqlite_sequence",
            "DROP TABLE customers",
            "ALTER TABLE customers RENAME TO other",
            "CREATE TABLE _jigx_more (a)",
            "CREATE TEMP TABLE customers (a)",
            "CREATE TRIGGER t AFTER INSERT ON customers BEGIN DELETE FROM _jigx_commands; END",
            "CREATE VIEW v AS SELECT * FROM _jigx_commands",
            "ATTACH 'other.sqlite3' AS other",
            "DETACH main",
            "PRAGMA writable_schema = ON",
            "SELECT * FROM pragma_table_info('_jigx_commands')",
            "SELECT load_extension('x')",
            "VACUUM INTO 'other.sqlite3'",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT a",
            "DELETE FROM customers; DELETE FROM customers",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT * FROM nowhere) SELECT * FROM n",
            "",
            "nonsense",
            5,
            None,
            {"statement": "SELECT @a", "parameters": {}},
            {"statement": "SELECT @a", "parameters": {"a": 1 << 65}},
            {"statement": "SELECT @a", "parameters": [1]},
        ],
    )
    def test_nothing_else_is_reached(self, storage: Storage, statement: Any) -> None:
        queue = CommandQueue(storage)
        queue.add(solution_id="s", function="f", parameters={}, entity=None, source={})
        store(storage, OLD)

        if statement == "":
            assert self.execute(storage, statement) == 0
        else:
            with pytest.raises(NotStorable):
                self.execute(storage, "DELETE FROM customers", statement)
            assert stored(storage) == {"1": OLD}

        assert len(queue.waiting()) == 1

    @pytest.mark.parametrize("data", ["not json", "[]", "null"])
    def test_what_it_writes_must_be_rows(self, storage: Storage, data: str) -> None:
        statement = "INSERT INTO customers (id, data) VALUES ('1', @data)"

        with pytest.raises(NotStorable):
            self.execute(storage, {"statement": statement, "parameters": {"data": data}})

    def test_a_row_that_only_sqlite_can_read_spoils_nothing(self, storage: Storage) -> None:
        statement = "INSERT INTO customers (id, data) VALUES ('1', @data)"
        spoilt = '{"a": "\\ud800"}'
        self.execute(storage, {"statement": statement, "parameters": {"data": spoilt}})

        operate(storage, {"type": "find-replace", "find": "1", "replace": "2"})
        operate(storage, {"type": "upsert-merge", "records": [{"id": "2", "b": 1}]})

        assert stored(storage) == {"2": {"b": 1, "id": "2"}}

    def test_the_guard_is_gone_afterwards(self, storage: Storage) -> None:
        self.execute(storage, "DELETE FROM customers")

        store(storage, OLD, entity="made later")

        assert stored(storage, "made later") == {"1": OLD}
