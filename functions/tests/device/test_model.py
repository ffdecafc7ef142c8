"""Any sequence of writes leaves the tables as a few lines over plain dicts would."""

import copy
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.device.storage import NotStorable, Storage
from functions.tests.device.rows import stored

ENTITIES = ("customers", 'x"; DROP TABLE customers; --')
IDS = st.one_of(st.integers(0, 4), st.sampled_from(["0", "1", "2", "temp_1", "temp-2", "é'\"--"]))
SCALARS = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b", "1", "temp_1"]))
FIELDS = st.fixed_dictionaries(
    {}, optional={"a": SCALARS, "b": st.integers(0, 9), "c": st.lists(SCALARS, max_size=2)}
)
ROWS = st.lists(st.builds(lambda own, fields: {"id": own, **fields}, IDS, FIELDS), max_size=4)
LOOSE_ROWS = st.lists(st.one_of(FIELDS, ROWS.filter(bool).map(lambda rows: rows[0])), max_size=3)
RANGES = st.fixed_dictionaries({"from": st.integers(0, 9), "to": st.integers(0, 9)})
RULES = st.fixed_dictionaries(
    {},
    optional={
        "forRowsWithValues": st.one_of(
            st.fixed_dictionaries({"a": SCALARS}), st.just({"a": "wanted"})
        ),
        "forRowsInRange": st.fixed_dictionaries({"b": RANGES}),
        "keepTempIds": st.booleans(),
    },
)
SYNCS = st.fixed_dictionaries(
    {"kind": st.just("sync"), "rule": RULES, "rows": ROWS, "is_first_page": st.booleans()}
)
MERGES = st.fixed_dictionaries({"kind": st.just("merge"), "rows": LOOSE_ROWS})
UPSERTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["upsert-merge", "upsert_replace"]), "rows": LOOSE_ROWS}
)
CLEARS = st.fixed_dictionaries({"kind": st.just("delete-insert"), "rule": RULES, "rows": ROWS})
REPLACES = st.fixed_dictionaries({"kind": st.just("find-replace"), "find": IDS, "replace": IDS})
STATEMENTS = st.fixed_dictionaries({"kind": st.just("execute-sql"), "id": IDS})
WRITES = st.tuples(
    st.sampled_from(ENTITIES),
    st.one_of(SYNCS, MERGES, UPSERTS, CLEARS, REPLACES, STATEMENTS),
)
PARAMETERS = {"wanted": 1}

Rows = dict[str, dict[str, Any]]


class Refused(Exception):
    """The model's NotStorable."""


def same(value: Any, wanted: Any) -> bool:
    return value == wanted or (None not in (value, wanted) and str(value) == str(wanted))


def spares(rule: Mapping[str, Any], key: str, row: Mapping[str, Any]) -> bool:
    """Whether a row stays where a rule clears."""
    wanted, ends = rule.get("forRowsWithValues"), rule.get("forRowsInRange")
    if rule.get("keepTempIds") and key.startswith("temp"):
        return True
    if wanted is not None:
        value = 1 if wanted["a"] == "wanted" else wanted["a"]
        if not same(row.get("a"), value):
            return True
    if ends is not None:
        value = row.get("b")
        return value is None or not ends["b"]["from"] <= value <= ends["b"]["to"]
    return False


def swap(value: Any, old: Any, new: Any) -> Any:
    if isinstance(value, dict):
        return {key: swap(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [swap(item, old, new) for item in value]
    return new if value == old and type(value) is type(old) else value


def play(rows: Rows, write: Mapping[str, Any]) -> Rows:
    """Write into plain dicts."""
    kind, rows = write["kind"], copy.deepcopy(rows)
    if kind == "find-replace":
        rows = {key: swap(row, write["find"], write["replace"]) for key, row in rows.items()}
        old, new = str(write["find"]), str(write["replace"])
        if old in rows and old != new:
            rows[new] = rows.pop(old) | rows.get(new, {})
        return rows
    if kind == "execute-sql":
        rows.pop(str(write["id"]), None)
        return rows
    merges = kind in ("merge", "upsert-merge")
    if (merges or kind == "upsert_replace") and any("id" not in row for row in write["rows"]):
        raise Refused
    if kind in ("sync", "delete-insert") and write.get("is_first_page", True):
        rows = {key: row for key, row in rows.items() if spares(write["rule"], key, row)}
    for row in write["rows"]:
        key = str(row["id"])
        rows[key] = {**rows[key], **row} if merges and key in rows else row
    return rows


def perform(storage: Storage, entity: str, write: Mapping[str, Any]) -> None:
    """Write into SQLite."""
    kind = write["kind"]
    source: Mapping[str, Any] = {"forRowsWithMatchingIds": True} if kind == "merge" else {}
    operations: list[dict[str, Any]] = []
    if kind == "sync":
        source = write["rule"]
    elif kind == "delete-insert":
        source = {"keepTempIds": write["rule"].get("keepTempIds")}
        operations = [{"records": write["rows"], **write["rule"]}]
    elif kind == "find-replace":
        operations = [{"find": write["find"], "replace": write["replace"]}]
    elif kind == "execute-sql":
        name = entity.replace('"', '""')
        statement = f'DELETE FROM "{name}" WHERE id = @id'  # noqa: S608
        operations = [
            {"statements": [{"statement": statement, "parameters": {"id": str(write["id"])}}]}
        ]
    elif kind != "merge":
        operations = [{"records": write["rows"]}]
    storage.store(
        source,
        entity=entity,
        records=write.get("rows", ()),
        operations=[{"type": f"operation.{kind}", **operation} for operation in operations],
        parameters=PARAMETERS,
        is_first_page=write.get("is_first_page", True),
    )


class TestAnySequenceOfWrites:
    @settings(deadline=None, max_examples=60)  # a busy machine is no fault of a write
    @given(writes=st.lists(WRITES, max_size=12))
    def test_leaves_what_the_model_has(self, writes: list[tuple[str, dict[str, Any]]]) -> None:
        model: dict[str, Rows] = {entity: {} for entity in ENTITIES}
        with tempfile.TemporaryDirectory() as folder:
            storage = Storage(Path(folder) / "device.sqlite3")
            try:
                for entity in ENTITIES:
                    storage.store({}, entity=entity, records=(), operations=(), parameters={})
                for entity, write in writes:
                    try:
                        expected = play(model[entity], write)
                    except Refused:
                        expected = None
                    try:
                        perform(storage, entity, write)
                    except NotStorable:
                        assert expected is None
                    else:
                        assert expected is not None
                        model[entity] = expected
                    assert {entity: stored(storage, entity) for entity in ENTITIES} == model
            finally:
                storage.close()
