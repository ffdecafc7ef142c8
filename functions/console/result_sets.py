"""What a database answered, laid out for a page: sets as tables, outputs, and why it failed.

All of it is a stranger's, so all is bounded: how many sets, rows and columns, how long a text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from functions.console.connection_advice import ADVICE
from functions.engine.failures import SqlError

MOST_SETS, MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 10, 100, 30, 6_000
# Of a text in a cell, and of the one that stands over it when the mouse does.
MOST_LETTERS, MOST_HOVERED = 120, 400
# What a page can show without becoming slow.
MOST_CHARACTERS = 100_000
FACTS: Mapping[str, StrPromise] = {
    "number": _("Number"),
    "severity": _("Severity"),
    "state": _("State"),
    "line": _("Line"),
    "procedure": _("Procedure"),
    "message": _("Message"),
}
OF_THE_CONNECTION: Mapping[str, StrPromise] = {
    **{code: ADVICE[code] for code in ("sign_in_refused", "database_unknown", "token_refused")},
    "not_allow_listed": ADVICE["not_allow_listed"],
    "connection_missing": _("Save one under this name, test it, and try again."),
    "connection_without_secret": _("Type it into the connection, test that, and try again."),
    "driver_missing": _(
        "An operator installs the driver with this command, and starts the workers again:"
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as a text; `hovered` is more of one that was cut."""

    text: str
    kind: str = ""
    hovered: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    name: Cell
    is_number: bool


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The beginning of one set, and how large the whole is."""

    row_count: int
    column_count: int
    columns: list[Column]
    rows: list[list[tuple[Column, Cell]]]
    json: str
    is_json_cut: bool


@dataclass(frozen=True, slots=True)
class DatabaseAnswer:
    sets: list[ResultSet]
    set_count: int
    outputs: list[tuple[str, Cell]]
    rows_affected: int


@dataclass(frozen=True, slots=True)
class DatabaseFault:
    """What the server told of its refusal, or the code of ours with what helps."""

    facts: list[tuple[StrPromise, Cell]]
    code: str
    advice: StrPromise | None


def lay_out(answer: Mapping[str, Any]) -> DatabaseAnswer:
    """Lay out `{"recordsets": [[…]], "output": {…}, "rowsAffected": n}`."""
    shown = answer["recordsets"][:MOST_SETS]
    return DatabaseAnswer(
        sets=[_set(rows, most_cells=MOST_CELLS // len(shown)) for rows in shown],
        set_count=len(answer["recordsets"]),
        outputs=[(name, _cell(value)) for name, value in answer["output"].items()],
        rows_affected=answer["rowsAffected"],
    )


def fault_of(error: Mapping[str, Any] | None) -> DatabaseFault | None:
    """Read a database's error; None where there is none, or a handler replaced its details."""
    if (
        error is None
        or error["name"] != SqlError.__name__
        or not isinstance(error["details"], dict)
    ):
        return None
    details = error["details"]
    facts = [
        (label, _cell(details[name]))
        for name, label in FACTS.items()
        if details.get(name) is not None and details[name] != error["description"]
    ]
    code = str(details.get("code") or "")
    return DatabaseFault(facts, code, OF_THE_CONNECTION.get(code))


def written(value: Any) -> tuple[str, bool]:
    """Write JSON for people; past a bound only its beginning, and whether that is so."""
    parts, length = [], 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > MOST_CHARACTERS:
            return "".join(parts)[:MOST_CHARACTERS], True
    return "".join(parts), False


def _set(rows: Sequence[Mapping[str, Any]], *, most_cells: int) -> ResultSet:
    names = list(rows[0]) if rows else []
    named = names[:MOST_COLUMNS]
    shown = rows[: min(MOST_ROWS, most_cells // max(1, len(named)))]
    columns = [Column(_cell(name), _is_number(row.get(name) for row in shown)) for name in named]
    text, is_cut = written(rows)
    return ResultSet(
        row_count=len(rows),
        column_count=len(names),
        columns=columns,
        rows=[
            [(column, _cell(row.get(name))) for column, name in zip(columns, named, strict=True)]
            for row in shown
        ],
        json=text,
        is_json_cut=is_cut,
    )


def _is_number(values: Any) -> bool:
    """Whether a column holds numbers, and at most nothing besides."""
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float}


def _cell(value: Any) -> Cell:
    if value is None:
        return Cell("null", "null")
    if value == "":
        return Cell('""', "empty")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= MOST_LETTERS:
        return Cell(text)
    return Cell(f"{text[:MOST_LETTERS]}…", "cut", text[:MOST_HOVERED])
