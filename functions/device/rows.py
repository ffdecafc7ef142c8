"""Rows as the device keeps them: an id that is a text, an object, and when it was stored.

An id is a text or an integer, and 1 and "1" are the same id: the text is the key, the object keeps
what came. Where a rule replaces rows, a row without an id gets a key made from its content, so
that the same row has the same key after the next sync; where a rule needs ids it is refused.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from functions.device.refusals import NotStorable


@dataclass(frozen=True, slots=True)
class Row:
    """One object to store; the key is None where it has no id, the timestamp where it is now."""

    key: str | None = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    timestamp: str | None = None


def id_text(candidate: Any) -> str:
    """Write an id as the key that it is. Raises NotStorable."""
    if isinstance(candidate, str) and candidate:
        return candidate
    if isinstance(candidate, float) and candidate.is_integer():  # JSONata's numbers are doubles
        return str(int(candidate))
    if isinstance(candidate, int) and not isinstance(candidate, bool):
        return str(candidate)
    raise NotStorable("id_invalid", "A row's id must be a text or an integer.")


def read_rows(records: Iterable[Any], *, key: str = "id") -> list[Row]:
    """Take each record with what it has under `key` as its id. Raises NotStorable."""
    return [_read_row(record, key) for record in records]


def _read_row(record: Any, key: str) -> Row:
    if not isinstance(record, Mapping):
        raise NotStorable("row_not_an_object", "A row must be an object.")
    found = record.get(key)
    return Row(None if found is None else id_text(found), record)


def require_keys(rows: Iterable[Row]) -> None:
    """Refuse rows without an id. Raises NotStorable."""
    if any(row.key is None for row in rows):
        raise NotStorable("id_missing", "Every row must have an id here.")


def with_keys(rows: Iterable[Row], *, taken: AbstractSet[str]) -> Iterator[Row]:
    """Give rows without an id a key of their content, and equal ones a number too."""
    given = set(taken)
    for row in rows:
        if row.key is not None:
            yield row
            continue
        digest = hashlib.sha256(_canonical(row.content)).hexdigest()[:32]
        key, number = digest, 1
        while key in given:
            number += 1
            key = f"{digest}-{number}"
        given.add(key)
        yield replace(row, key=key)


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise NotStorable("not_json", "JSON can't hold this.") from None


def write_json(value: Any) -> str:
    """Write a value as it stands in a column. Raises NotStorable."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # beyond 64 bits, half a character, nested too deep
        raise NotStorable("not_json", "JSON can't hold this.") from None


def bindable(value: Any) -> Any:
    """Write a value as a statement can take it: lists and objects as JSON. Raises NotStorable."""
    return write_json(value) if isinstance(value, list | Mapping) else value


def read_object(text: str) -> dict[str, Any]:
    """Read a stored object; one that a statement of a definition spoilt counts as empty."""
    try:
        content: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return content


def holds(value: Any, wanted: Any) -> bool:
    """Whether the value is, or has somewhere inside, exactly what is wanted."""
    if isinstance(value, Mapping):
        return any(holds(item, wanted) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(holds(item, wanted) for item in value)
    # For Python 1 is True.
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def replaced(value: Any, wanted: Any, replacement: Any) -> Any:
    """Put the replacement where exactly what is wanted stands, at any depth."""
    if isinstance(value, Mapping):
        return {key: replaced(item, wanted, replacement) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [replaced(item, wanted, replacement) for item in value]
    return replacement if holds(value, wanted) else value
