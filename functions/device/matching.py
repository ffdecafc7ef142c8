"""Which stored rows a definition's result replaces.

`forRowsWithValues` and `forRowsInRange` look at the fields of the stored objects; all that is named
must fit. `id` is the object's own, or else the row's key.
"""

import math
from collections.abc import Mapping
from typing import Any

import orjson

from functions.device.refusals import NotStorable
from functions.device.tables import Condition
from functions.device.values import Values
from functions.engine.expressions import is_temporary_id


def condition_of(
    rule: Mapping[str, Any], values: Values, *, keeps_temporary: bool
) -> Condition | None:
    """Find which rows are to go, None for all. Raises NotStorable."""
    wanted = {
        column: values.chosen(written)
        for column, written in _mapping(rule, "forRowsWithValues", values).items()
    }
    ranges = {
        column: _ends(ends, values)
        for column, ends in _mapping(rule, "forRowsInRange", values).items()
    }
    if not wanted and not ranges and not keeps_temporary:
        return None

    def fits(key: str, content: Mapping[str, Any]) -> bool:
        fields = {"id": key, **content}
        return (
            not (keeps_temporary and is_temporary_id(key))
            and all(is_same(fields.get(column), value) for column, value in wanted.items())
            and all(is_within(fields.get(column), *ends) for column, ends in ranges.items())
        )

    return fits


def _mapping(rule: Mapping[str, Any], key: str, values: Values) -> Mapping[str, Any]:
    found = rule.get(key)
    if isinstance(found, str):
        found = values.rendered(found)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise NotStorable("rule_invalid", f"{key} must be a mapping.")
    return found


def _ends(written: Any, values: Values) -> tuple[Any, Any]:
    if not isinstance(written, Mapping) or not written.keys() & {"from", "to"}:
        raise NotStorable("rule_invalid", "A range must have `from` or `to`.")
    return values.chosen(written.get("from")), values.chosen(written.get("to"))


def is_same(value: Any, wanted: Any) -> bool:
    """Whether two values are the same, as ids are: 1 and "1" are; null is an absent field."""
    return _text(value) == _text(wanted)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def is_within(value: Any, low: Any, high: Any) -> bool:
    """Whether a value lies between both ends, themselves included; a null end is open."""
    if value is None:
        return False
    return (low is None or _at_most(low, value)) and (high is None or _at_most(value, high))


def _at_most(low: Any, high: Any) -> bool:
    """Compare two texts as such, anything else as numbers: a parameter may come as a text."""
    if isinstance(low, str) and isinstance(high, str):
        return low <= high
    first, second = _number(low), _number(high)
    return first is not None and second is not None and first <= second


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        return number if math.isfinite(number) else None
    except (ValueError, OverflowError):
        return None
