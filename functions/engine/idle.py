"""What a definition holds that does nothing, or not what it seems to: warnings, and few of them."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from functions.engine.building import BODILESS
from functions.engine.compiling import Path
from functions.engine.definitions import Continuation, Definition, Parameters
from functions.engine.expressions import UNDEFINED
from functions.engine.language import FUNCTION, NEEDS, TYPES
from functions.engine.types import Fault, Provider
from functions.engine.urls import UrlTemplate

_STORAGE = ("forRowsWithMatchingIds", "forRowsWithValues", "forRowsInRange")
_IDLE = "key_idle"
_COMPUTED = ("when", "records")
# What other languages call a type; any word that is not ours asks for a credential.
_OTHER_WORDS = frozenset(
    {"integer", "float", "decimal", "bool", "text", "date", "datetime", "time", "guid", "uuid"}
)


def find_idle(definition: Definition, *, result_keys: Set[str] | None) -> Iterator[Fault]:
    """Yield a warning for each; `result_keys` are those of the transformed result, if known."""
    yield from _keys(definition)
    yield from _texts({"when": definition.when, "records": definition.records}, ())
    yield from _unsent(definition)
    if definition.continuation is not None:
        yield from _pages(definition, definition.continuation)
    if definition.provider is Provider.REST:
        yield from _types(definition.parameters, ("parameters",))
    yield from _handlers(definition)
    yield from _storage(definition, result_keys)
    yield from _operations(definition.operations, ("operations",))


def _is_given(value: Any) -> bool:
    return value not in (None, False, "", "false") and value != {} and value != []


def _texts(values: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    """Name what is a text where only an expression makes sense: a condition that is always true."""
    for key, value in values.items():
        if isinstance(value, str) and value:
            message = "Without a leading = this is a text, not an expression."
            yield Fault((*path, key), "expression_text", message)


def _keys(definition: Definition) -> Iterator[Fault]:
    for name, key in FUNCTION.keys.items():
        if not _is_given(definition.source.get(name)):
            continue
        if definition.provider not in key.providers:
            other = "SQL" if definition.provider is Provider.SQL else "REST"
            yield Fault((name,), _IDLE, f"This does nothing in {other} functions.")
        elif key.is_local and not definition.runs_on_device:
            yield Fault((name,), _IDLE, "This does nothing unless the device makes the call.")
    unused = {"query": "procedure", "execute": "query"}.get(definition.method)
    if unused and _is_given(definition.source.get(unused)):
        message = f"This does nothing with the method {definition.method}."
        yield Fault((unused,), _IDLE, message)


def _unsent(definition: Definition) -> Iterator[Fault]:
    if definition.method not in BODILESS:
        return
    message = f"A {definition.method} request has no body, so this is not sent."
    if definition.input_transform is not None:
        yield Fault(("inputTransform",), "body_unsent", message)
    places: list[tuple[Path, Parameters]] = [(("parameters",), definition.parameters)]
    if definition.continuation is not None and definition.continuation.parameters:
        later = definition.continuation.parameters
        places.append((("continuation", "parameters"), later))
    for path, parameters in places:
        for parameter in parameters.values():
            if parameter.location == "body":
                yield Fault((*path, parameter.name), "body_unsent", message)


def _pages(definition: Definition, continuation: Continuation) -> Iterator[Fault]:
    """Look for pages that end a call: the same request once more, or one that is elsewhere."""
    yield from _texts({"when": continuation.when}, ("continuation",))
    first, later = definition.url, continuation.url
    is_same = later is None and continuation.parameters is None and continuation.when
    if is_same and isinstance(first, UrlTemplate) and definition.input_transform is None:
        message = "The next page would be the same request once more, which ends the call."
        yield Fault(("continuation",), "continuation_same", message)
    if not isinstance(first, UrlTemplate) or not isinstance(later, UrlTemplate):
        return
    origins = {first.origin, later.origin}
    if len(origins) == 2 and None not in origins and not definition.default_keys:
        message = "This is another origin, where the pages only go with a credential of its own."
        yield Fault(("continuation", "url"), "continuation_elsewhere", message)


def _types(parameters: Parameters, path: Path) -> Iterator[Fault]:
    for parameter in parameters.values():
        kind = (parameter.type or "").lower()
        if kind in TYPES and kind != parameter.type:
            message = f"The type is {kind}, in lower case; as it is, it asks for a credential."
            yield Fault((*path, parameter.name, "type"), "type_case", message)
        elif kind in _OTHER_WORDS:
            message = f"The type {kind} is not one of ours, so the value must name a credential."
            yield Fault((*path, parameter.name, "type"), "type_unknown", message)


def _handlers(definition: Definition) -> Iterator[Fault]:
    is_reached, is_list = True, isinstance(definition.source.get("error"), list)
    for index, handler in enumerate(definition.handlers):
        path: Path = ("error", index) if is_list else ("error",)
        if not is_reached:
            message = "The handler before this one has no condition, so this one is never used."
            yield Fault(path, "handler_unreached", message)
            return
        is_reached = handler.when is not UNDEFINED
        yield from _texts({"when": handler.when}, path)
        yield from _operations(handler.operations, (*path, "operations"))


def _storage(definition: Definition, result_keys: Set[str] | None) -> Iterator[Fault]:
    storage = [key for key in _STORAGE if _is_given(definition.source.get(key))]
    if definition.operations:
        for key in storage:
            yield Fault((key,), _IDLE, "This does nothing beside operations.")
        return
    has_rows = definition.records is not UNDEFINED or result_keys is None or "id" in result_keys
    if "forRowsWithMatchingIds" in storage and not has_rows:
        message = "The result is one row without an id; records would say where the rows are."
        yield Fault(("forRowsWithMatchingIds",), "records_missing", message)


def _operations(operations: Sequence[Mapping[str, Any]], path: Path) -> Iterator[Fault]:
    for index, operation in enumerate(operations):
        yield from _texts({key: operation.get(key) for key in _COMPUTED}, (*path, index))
        kind = operation.get("type")
        if kind is None:
            message = "Without a type the device can't tell what to do."
            yield Fault((*path, index), "operation_type_missing", message)
            continue
        needed = NEEDS.get(str(kind).lower().replace("_", "-"), ())
        missing = [key for key in needed if operation.get(key) is None]
        if missing:
            message = f"This operation does nothing without {' and '.join(missing)}."
            yield Fault((*path, index), "operation_incomplete", message)
