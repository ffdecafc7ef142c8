"""The function language as `language.json` has it: loaded once, for the check and for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from functions.engine.types import Provider

Schema = Mapping[str, Any]

SCHEMA: Schema = orjson.loads(Path(__file__).with_name("language.json").read_bytes())
_PARTS: Mapping[str, Schema] = SCHEMA["$defs"]
_NAMES = {Provider.REST: "rest", Provider.SQL: "sql"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a place. `choices` are its values by provider, under None where all have them.

    `is_local` marks what does nothing unless the device makes the call itself, `is_of_device` what
    the device alone evaluates.
    """

    name: str
    title: str
    description: str
    group: str
    providers: tuple[Provider, ...]
    choices: Mapping[Provider | None, tuple[str, ...]]
    default: Any
    examples: tuple[Any, ...]
    is_local: bool
    is_of_device: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A mapping of the language, with the keys that are known in it."""

    name: str
    title: str
    description: str
    keys: Mapping[str, Key]


def choices_of(schema: Schema) -> tuple[str, ...]:
    """List the values that an enumeration names, in the spelling that people should use."""
    branches = schema.get("anyOf", (schema,))
    return tuple(value for branch in branches for value in branch.get("enum", ()))


def _place(name: str, schema: Schema) -> Place:
    keys = {key: _key(key, name, part) for key, part in schema["properties"].items()}
    return Place(name, schema["title"], schema["description"], keys)


def _key(name: str, place: str, schema: Schema) -> Key:
    return Key(
        name=name,
        title=schema["title"],
        description=schema["description"],
        group=schema.get("x-group", ""),
        providers=tuple(map(Provider, schema.get("x-providers", Provider))),
        choices={provider: found for provider, found in _choices(name, place, schema) if found},
        default=schema.get("default"),
        examples=tuple(schema["examples"]),
        is_local=schema.get("x-local", False),
        is_of_device=schema.get("x-device", False),
    )


def _choices(
    name: str, place: str, schema: Schema
) -> Iterator[tuple[Provider | None, tuple[str, ...]]]:
    yield None, choices_of(schema)
    for provider, prefix in _NAMES.items():
        own = _PARTS[prefix if place == "function" else f"{prefix}Parameter"]["properties"]
        if place in ("function", "parameter") and name in own:
            yield provider, choices_of(own[name])


FUNCTION = _place("function", SCHEMA)
PARAMETER, CONTINUATION, HANDLER, RETRY, OPERATION, RANGE = (
    _place(name, _PARTS[name])
    for name in ("parameter", "continuation", "handler", "retry", "operation", "range")
)
PLACES = (FUNCTION, PARAMETER, CONTINUATION, HANDLER, RETRY, OPERATION, RANGE)

TYPES = frozenset(PARAMETER.keys["type"].choices[None])
# What an operation of a type can't do without.
NEEDS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(keys) for kind, keys in _PARTS["operation"]["x-needs"].items()
}
CONTEXT: Mapping[str, str] = SCHEMA["x-context"]
ROOTS: tuple[Mapping[str, Any], ...] = tuple(SCHEMA["x-roots"])
