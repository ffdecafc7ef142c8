"""Our batches, run by an imitation of SQL Server that knows a part of T-SQL.

No substitute for a real one, and there in every run: what it says of a batch, of caught errors and
of transactions is what SQL Server says, as far as its makers have compared.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pysqlbridge.catalog import Catalog, load
from pysqlbridge.tds.result import Query

from functions.engine.batches import Bound, compose
from functions.tests.engine.database import execute, query
from functions.tests.engine.upstream import check

Rows = list[dict[str, Any]]
NAME = {"name": {"type": "string"}}
TOTAL = {"total": {"type": "int", "location": "output"}}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Serve one table, `people`."""
    folder: Path = tmp_path_factory.mktemp("catalog")
    people = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bén"}]
    (folder / "people.json").write_text(json.dumps(people))
    tables = [{"name": "people", "json": "people.json"}]
    (folder / "catalog.json").write_text(json.dumps({"tables": tables}))
    return load(folder / "catalog.json")


def literal(bound: Bound) -> str:
    if bound.value is None:
        return "NULL"
    if isinstance(bound.value, str):
        quoted = bound.value.replace("'", "''")
        return f"N'{quoted}'"
    return str(int(bound.value) if isinstance(bound.value, bool) else bound.value)


def answer(catalog: Catalog, source: dict[str, Any], **values: Any) -> list[Rows]:
    """Run the batch as the driver has the server prepare it, and return its sets."""
    batch = compose(check(source), values, most_bytes=1_000)
    places = iter(range(1, len(batch.values) + 1))
    text = re.sub(r"\?", lambda _: f"@P{next(places)}", batch.text)
    declared = ", ".join(
        f"@P{place} {bound.kind} = {literal(bound)}" for place, bound in enumerate(batch.values, 1)
    )
    first = catalog.answer(Query(sql=f"DECLARE {declared};\n{text}"))
    return [
        [dict(zip([column.name for column in one.columns], row, strict=True)) for row in one.rows]
        for one in (first, *first.following)
        if one.columns
    ]


class TestBatches:
    def test_find_what_the_values_say(self, catalog: Catalog) -> None:
        source = query("SELECT id FROM people WHERE name = @name", parameters=NAME)

        assert answer(catalog, source, name="Bén") == [[{"id": 2}]]
        assert answer(catalog, source, name="' OR 1 = 1; --") == [[]]
        assert answer(catalog, source) == [[]]

    def test_give_back_several_sets_and_an_output(self, catalog: Catalog) -> None:
        source = query("SELECT 1 AS a; SELECT 2 AS b; SET @total = 41 + 1", parameters=TOTAL)

        assert answer(catalog, source) == [[{"a": 1}], [{"b": 2}], [{"jigxmgmt:0": 42}]]

    @pytest.mark.parametrize(
        ("source", "number"),
        [
            (query("SELECT 1 / 0 AS a"), 8134),
            (query("SELECT * FROM nothing"), 208),
            (query("RAISERROR(N'None left', 16, 1)"), 50000),
            (query("THROW 50001, N'None left', 1"), 50001),
            (query("BEGIN TRANSACTION"), 266),
            (execute("no_such_procedure", parameters=NAME), 2812),
        ],
    )
    def test_catch_what_is_refused(
        self, catalog: Catalog, source: dict[str, Any], number: int
    ) -> None:
        [[error]] = answer(catalog, source)

        assert error["jigxmgmt:error"] == number
        assert error["severity"] == 16
        assert error["message"]
