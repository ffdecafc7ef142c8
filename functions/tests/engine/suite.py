"""Expressions with what the reference implementation answers: data, and how it is compared.

A record's input is its `input` or the document that it names; `plain` is the same in plain JSONata,
`$ctx` for `@ctx`, as the reference was given it. Without `expected` it answers `undefined`.
"""

from pathlib import Path
from typing import Any

import orjson

SUITE: dict[str, Any] = orjson.loads(Path(__file__).with_name("expressions.json").read_bytes())


def value_of(record: dict[str, Any]) -> Any:
    return SUITE["documents"].get(record.get("document"), record.get("input"))


def as_json(value: Any) -> Any:
    """Make values comparable as JSON: numbers are doubles, and true is not one of them."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value
