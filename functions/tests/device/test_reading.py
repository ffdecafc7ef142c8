"""What a query may do, and what it may not."""

import pytest

from functions.device.queue import CommandQueue
from functions.device.storage import MOST_ROWS, NotReadable, Storage
from functions.tests.device.rows import store

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"


class TestQuery:
    def test_gives_columns_and_rows(self, storage: Storage) -> None:
        store(storage, {"id": 1, "name": "Ann", "tags": ["a", "b"]}, {"id": 2, "name": "Bob"})

        table = storage.query(
            "SELECT c.id, c.data ->> 'name' AS name, tag.value AS tag"
            " FROM customers c, json_each(c.data, '$.tags') tag WHERE c.data ->> 'name' = ?",
            ["Ann"],
        )

        assert table.columns == ("id", "name", "tag")
        assert table.rows == [("1", "Ann", "a"), ("1", "Ann", "b")]

    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            ("SELECT nam FROM customers", "no such column: nam"),
            ("SELEC 1", 'near "SELEC": syntax error'),
            ("DELETE FROM customers", "SQLITE_AUTH"),
        ],
    )
    def test_says_what_is_wrong(self, storage: Storage, statement: str, reason: str) -> None:
        store(storage, {"id": 1, "name": "Ann"})

        with pytest.raises(NotReadable) as refusal:
            storage.query(statement)

        assert refusal.value.detail == f"This can't be read ({reason})."

    def test_reads_with_and_counts(self, storage: Storage) -> None:
        store(storage, {"id": 1}, {"id": 2})

        found = storage.query(
            "WITH some AS MATERIALIZED (SELECT DISTINCT data FROM Customers)"
            " SELECT count(*) FROM some"
        )

        assert found.rows == [(2,)]
        assert storage.query("SELECT count(*) FROM CUSTOMERS").rows == [(2,)]

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM _jigx_commands",
            "SELECT count(*) FROM main.[_JIGX_COMMANDS]",
            "SELECT (SELECT parameters FROM _jigx_commands) FROM customers",
            "EXPLAIN SELECT * FROM _jigx_commands",
            "SELECT sql FROM sqlite_master",
            "SELECT * FROM sqlite_sequence",
            "SELECT * FROM pragma_table_info('_jigx_commands')",
            "SELECT * FROM dbstat",
            "PRAGMA table_list",
            "ATTACH 'other.sqlite3' AS other",
            "DELETE FROM customers",
            "DELETE FROM customers RETURNING id",
            "INSERT INTO customers (id, data) VALUES ('2', '{}')",
            "UPDATE customers SET data = '{}'",
            "DROP TABLE customers",
            "CREATE TEMP TABLE a (b)",
            "VACUUM INTO 'other.sqlite3'",
            "BEGIN",
            "SELECT 1; DELETE FROM customers",
            "SELECT load_extension('x')",
            "SELECT zeroblob(900000000)",
            "SELECT CAST(x'ff' AS TEXT)",
            "SELECT ?",
            "SELECT \x00",
            "SELECT '\ud800'",
            "nonsense",
        ],
    )
    def test_does_nothing_but_read_entities(self, storage: Storage, statement: str) -> None:
        store(storage, {"id": 1})
        CommandQueue(storage).add(
            solution_id="s", function="f", parameters={"a": "hidden"}, entity=None, source={}
        )

        with pytest.raises(NotReadable) as refusal:
            storage.query(statement)

        assert "hidden" not in str(refusal.value)
        assert storage.query("SELECT id, data FROM customers").rows == [("1", '{"id":1}')]

    @pytest.mark.parametrize("value", [1 << 70, {"a": 1}, "\ud800"])
    def test_refuses_values_that_cannot_be_bound(self, storage: Storage, value: object) -> None:
        with pytest.raises(NotReadable):
            storage.query("SELECT ?", [value])

    def test_is_bounded_in_rows(self, storage: Storage) -> None:
        assert len(storage.query(COUNTING.format("i") + f" LIMIT {MOST_ROWS}").rows) == MOST_ROWS

        with pytest.raises(NotReadable) as refusal:
            storage.query(COUNTING.format("i"))

        assert refusal.value.code == "too_many_rows"

    def test_is_bounded_in_time(self, storage: Storage) -> None:
        with pytest.raises(NotReadable) as refusal:
            storage.query(COUNTING.format("count(*)"))

        assert "SQLITE_INTERRUPT" in str(refusal.value)
