"""Built-in functions made over, because the library's take time by the square of their input.

It doesn't look at its clock meanwhile, so a thread would be theirs for minutes. These answer the
same, in linear time.
"""

import json
from collections.abc import Hashable
from typing import Any

import orjson

FIRST_OF_EACH = "__first_of_each__"
# A list with one value is for the built-in to answer: it knows whether one is still a list.
_DISTINCT = f"""
$distinct := (function($built_in, $first) {{
  function($list)<x:x> {{
    $type($list) = "array" and $count($list) > 50
      ? ($found := $first($list); $count($found) = 1 ? $built_in($list) : $found)
      : $built_in($list)
  }}
}})($distinct, ${FIRST_OF_EACH});
"""
_KEYS = """
$keys := (function($each) {
  ($merged := function($value) {
    $type($value) = "array"
      ? $merge([{}, $merge($map($value, function($item) { $merged($item) }))])
      : $type($value) = "object" ? $value : {}
  };
  function($value)<x-:x> { $each($merged($value), function($_, $key) { $key }) })
})($each);
"""
_SLOW = ("$distinct", "$keys", "$eval")


def is_slow(source: str) -> bool:
    """Whether an expression can reach one of them; `$eval` may, with a text that is not known."""
    return any(name in source for name in _SLOW)


def made_over(text: str) -> str:
    """Write an expression down with these in place of the library's own."""
    return f"({_DISTINCT}{_KEYS}\n{text}\n)"


def first_of_each(values: Any = None, *_more: Any) -> list[Any]:
    """List what differs, in order; nothing of what is no list."""
    kept: dict[Hashable, Any] = {}
    for value in values if isinstance(values, list) else ():
        kept.setdefault(_identity(value), value)
    return list(kept.values())


def _identity(value: Any) -> Hashable:
    """Name a value: objects are the same whatever the order of their fields, and 1 is not true."""
    if not isinstance(value, dict | list):
        return type(value), value
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number past 64 bits, or a function
        return json.dumps(value, sort_keys=True, default=id)
