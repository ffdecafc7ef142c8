"""Whether a definition has the shape that the language's schema asks for."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]

from functions.engine.language import FUNCTION, SCHEMA, Schema, choices_of
from functions.engine.types import Fault, Provider

_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
}
_DECIDING = ("type", "enum", "const", "pattern", "anyOf", "x-fault", "x-warning")
_SCHEMAS = ("items", "additionalProperties", "if", "then", "else")


def _fits_type(validator: Any, types: Any, value: Any) -> bool:
    return any(validator.is_type(value, name) for name in _listed(types))


def _fits_pattern(validator: Any, pattern: Any, value: Any) -> bool:
    return not isinstance(value, str) or re.search(pattern, value) is not None


def _fits_any(validator: Any, branches: Any, value: Any) -> bool:
    return any(
        all(_FITS[keyword](validator, expected, value) for keyword, expected in branch.items())
        for branch in branches
    )


_FITS: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "type": _fits_type,
    "enum": lambda validator, values, value: value in values,
    "pattern": _fits_pattern,
    "anyOf": _fits_any,
}


def _silent(fits: Callable[[Any, Any, Any], bool]) -> Callable[..., Iterator[ValidationError]]:
    """Make a keyword of the schema whose error has no words: the library's repeat the value."""

    def keyword(
        validator: Any, expected: Any, value: Any, schema: Any
    ) -> Iterator[ValidationError]:
        if not fits(validator, expected, value):
            yield ValidationError("")

    return keyword


_Structure = extend(
    Draft202012Validator, {keyword: _silent(fits) for keyword, fits in _FITS.items()}
)


def _bare(schema: Schema) -> dict[str, Any]:
    """Put references in their place and leave out what decides nothing: a quarter of the time.

    `required` too: absent is as good as null, and is asked for where a key is compiled.
    """
    part: dict[str, Any] = {}
    if "$ref" in schema:
        part = _bare(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    part |= {key: value for key, value in schema.items() if key in _DECIDING}
    part |= {key: _bare(schema[key]) for key in _SCHEMAS if key in schema}
    members = {name: _bare(member) for name, member in schema.get("properties", {}).items()}
    members = part.get("properties", {}) | {name: bare for name, bare in members.items() if bare}
    return {**part, "properties": members} if members else part


_STRUCTURE = _Structure(_bare(SCHEMA))


def find_misfits(source: Mapping[str, Any], provider: Provider) -> tuple[list[Fault], list[Fault]]:
    """List what is refused, and what is only odd; nothing of keys that are not this provider's."""
    faults, warnings = [], []
    for error in _STRUCTURE.iter_errors(source):
        path = tuple(error.path)
        key = FUNCTION.keys.get(str(path[0])) if path else None
        if key is None or provider not in key.providers:
            continue
        code = error.schema.get("x-fault")
        if code is not None:
            faults.append(Fault(path, code, _sentence(error.schema)))
        else:
            code = error.schema.get("x-warning", "type_odd")
            warnings.append(Fault(path, code, _sentence(error.schema)))
    return faults, warnings


def _sentence(schema: Schema) -> str:
    choices = choices_of(schema)
    if choices:
        return f"One of {', '.join(choices)}."
    branches = schema.get("anyOf", (schema,))
    plain = (branch for branch in branches if "pattern" not in branch)
    types = [name for branch in plain for name in _listed(branch.get("type", ()))]
    words = dict.fromkeys(_WORDS[name] for name in types if name != "null")
    return f"This must be {' or '.join(words)}."


def _listed(types: Any) -> Any:
    return (types,) if isinstance(types, str) else types
