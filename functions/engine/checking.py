"""Whether a definition can run, said before anybody calls it."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from functions.engine.compiling import Compiler, is_yes, mapping_of
from functions.engine.definitions import Continuation, Definition, Handler, Parameters, Url
from functions.engine.expressions import UNDEFINED
from functions.engine.idle import find_idle
from functions.engine.language import (
    CONTINUATION,
    FUNCTION,
    HANDLER,
    OPERATION,
    RANGE,
    RETRY,
    Place,
)
from functions.engine.operations import EVALUATED
from functions.engine.statements import is_bindable, is_procedure, tokens_of
from functions.engine.structure import find_misfits
from functions.engine.types import Checked, Fault, Provider
from functions.engine.urls import UrlTemplate


def check_definition(
    source: Mapping[str, Any], *, name: str, scripts: Mapping[str, str] = MappingProxyType({})
) -> Checked:
    """Compile a definition, or list every fault that keeps it from running.

    `scripts` are the sources of a solution's scripts by the name of the file; the definition holds
    those that it calls. Cheap for what was checked before: expressions are compiled once per text.
    """
    if not source:
        empty = Fault((), "empty", "This file is empty, so there is no function to call.")
        return Checked(None, [], [empty])
    try:
        provider = Provider(str(source.get("provider")))
    except ValueError:
        known = " or ".join(Provider)
        fault = Fault(("provider",), "provider_unknown", f"The provider must be {known}.")
        return Checked(None, [fault], [])
    faults, warnings = find_misfits(source, provider)
    compiler = Compiler(provider, faults=faults, warnings=warnings)
    compiler.warn_unknown(mapping_of(source), FUNCTION, ())
    build = _rest if provider is Provider.REST else _sql
    definition = build(source, name, compiler)
    if not faults:
        warnings += find_idle(definition, result_keys=compiler.result_keys)
    called = {call.file for call in compiler.script_calls} & scripts.keys()
    own = {file: scripts[file] for file in called}
    checked = None if faults else replace(definition, scripts=own)
    return Checked(checked, faults, warnings, compiler.script_calls)


def _rest(source: Mapping[str, Any], name: str, compiler: Compiler) -> Definition:
    method = _word(source.get("method") or "GET").upper()
    url = compiler.url(source.get("url"), ("url",), root="context")
    parameters = _parameters(source, url, method, compiler, ("parameters",))
    compiler.check_tokens(url, parameters, ("url",))
    transform = compiler.transform(source.get("outputTransform"), ("outputTransform",), root="body")
    compiler.result_keys = None if transform is None else transform.reading.object_keys
    return Definition(
        name=name,
        source=source,
        provider=Provider.REST,
        method=method,
        runs_on_device=is_yes(source.get("useLocalCall")),
        parameters=parameters,
        url=url,
        format=_word(source.get("format") or "json"),
        refreshes_token=not is_yes(source.get("disableTokenRefresh")),
        input_transform=compiler.transform(
            source.get("inputTransform"), ("inputTransform",), root="parameters"
        ),
        output_transform=transform,
        continuation=_continuation(source.get("continuation"), url, parameters, method, compiler),
        **_shared(source, compiler),
    )


def _sql(source: Mapping[str, Any], name: str, compiler: Compiler) -> Definition:
    method = _word(source.get("method"))
    if not method:
        choices = ", ".join(FUNCTION.keys["method"].choices[Provider.SQL])
        compiler.refuse(("method",), "method_unknown", f"One of {choices}.")
    if is_yes(source.get("useLocalCall")):
        compiler.refuse(("useLocalCall",), "sql_on_device", "SQL never runs on the device.")
    parameters = _parameters(source, None, method, compiler, ("parameters",))
    statement = _statement(source, method, parameters, compiler)
    transform = compiler.transform(source.get("outputTransform"), ("outputTransform",), root="body")
    compiler.result_keys = None if transform is None else transform.reading.object_keys
    return Definition(
        name=name,
        source=source,
        provider=Provider.SQL,
        method=method,
        runs_on_device=False,
        parameters=parameters,
        connection=str(source.get("connection") or "").strip(),
        statement=statement,
        output_transform=transform,
        **_shared(source, compiler),
    )


def _shared(source: Mapping[str, Any], compiler: Compiler) -> dict[str, Any]:
    """Compile what both providers have, after the transform that they build on."""
    _check_of_device(source, FUNCTION, (), compiler)
    return {
        "when": _optional(source, "when", "context", compiler),
        "records": _optional(source, "records", "result", compiler),
        "output": _optional(source, "output", "result", compiler),
        "error_transform": compiler.transform(
            source.get("errorTransform"), ("errorTransform",), root="body"
        ),
        "handlers": _handlers(source.get("error"), compiler),
        "operations": _operations(source.get("operations"), ("operations",), compiler),
    }


def _optional(source: Mapping[str, Any], key: str, root: Any, compiler: Compiler) -> Any:
    if source.get(key) is None:
        return UNDEFINED
    return compiler.value(source[key], (key,), root=root)


def _word(raw: Any) -> str:
    """Read an enumeration's value, which may be in any letter case."""
    return "" if raw is None else str(raw).strip().lower()


def _statement(
    source: Mapping[str, Any], method: str, parameters: Parameters, compiler: Compiler
) -> str:
    """Read what the database is to run; there must be a parameter for every name in it."""
    key = "procedure" if method == "execute" else "query"
    for needed in ("connection", key):
        if not isinstance(source.get(needed), str) or not source[needed].strip():
            compiler.refuse((needed,), f"{needed}_missing", f"This function needs a {needed}.")
        elif source[needed].startswith("="):
            message = "This is written out: what changes with a call is a parameter, and bound."
            compiler.refuse((needed,), "statement_computed", message)
    statement = source.get(key)
    if not isinstance(statement, str) or statement.startswith("="):
        return ""
    if key == "query":
        known = {name.lower() for name in parameters}
        for name in sorted(tokens_of(statement) - known):
            compiler.refuse((key,), "token_unknown", f"No parameter is called {name}.")
    elif not is_procedure(statement):
        compiler.refuse((key,), "procedure_invalid", "This can't be the name of a procedure.")
    _check_names(method, parameters, compiler)
    return statement


def _check_names(method: str, parameters: Parameters, compiler: Compiler) -> None:
    """See that every parameter can be bound, and that the server can tell them apart."""
    seen: set[str] = set()
    for name in parameters:
        if method == "execute" and not is_bindable(name):
            message = "A procedure can't have a parameter of this name."
            compiler.warn(("parameters", name), "parameter_unbound", message)
        same = unicodedata.normalize("NFKC", name).casefold()
        if same in seen:
            message = "Another parameter differs in letter case or width alone: the same, there."
            compiler.refuse(("parameters", name), "parameter_twice", message)
        seen.add(same)


def _parameters(
    source: Mapping[str, Any], url: Url, method: str, compiler: Compiler, path: tuple[str, ...]
) -> Parameters:
    tokens = frozenset(url.tokens) if isinstance(url, UrlTemplate) else frozenset()
    return compiler.parameters(source.get("parameters"), path, method=method, tokens=tokens)


def _continuation(
    raw: Any, url: Url, parameters: Parameters, method: str, compiler: Compiler
) -> Continuation | None:
    path = ("continuation",)
    block = mapping_of(raw)
    if not block:
        return None
    compiler.warn_unknown(block, CONTINUATION, path)
    if block.get("when") is None:
        message = "Without a condition the pages would never end."
        compiler.refuse((*path, "when"), "continuation_endless", message)
    own_url = block.get("url")
    next_url = None if own_url is None else compiler.url(own_url, (*path, "url"), root="result")
    own = None
    if block.get("parameters") is not None:
        own = _parameters(block, next_url or url, method, compiler, (*path, "parameters"))
    if next_url is not None or own is not None:
        place = next_url or url
        compiler.check_tokens(place, parameters if own is None else own, (*path, "url"))
    when = compiler.value(block.get("when"), (*path, "when"), root="result")
    return Continuation(when, next_url, own)


def _handlers(raw: Any, compiler: Compiler) -> tuple[Handler, ...]:
    entries = raw if isinstance(raw, list) else [] if raw is None else [raw]
    handlers = []
    for index, entry in enumerate(entries):
        path = ("error",) if entries is not raw else ("error", index)
        fields = mapping_of(entry)
        compiler.warn_unknown(fields, HANDLER, path)
        compiler.warn_unknown(mapping_of(fields.get("retry")), RETRY, (*path, "retry"))
        when = fields.get("when")
        values = {
            key: compiler.value(value, (*path, key), root="context")
            for key, value in fields.items()
            if key in HANDLER.keys and key not in ("when", "operations")
        }
        handlers.append(
            Handler(
                UNDEFINED
                if when is None
                else compiler.value(when, (*path, "when"), root="context"),
                values,
                _operations(fields.get("operations"), (*path, "operations"), compiler),
            )
        )
    return tuple(handlers)


def _operations(
    raw: Any, path: tuple[str | int, ...], compiler: Compiler
) -> tuple[Mapping[str, Any], ...]:
    """Compile what is evaluated here; the rest of an operation stays the device's text."""
    operations = []
    for index, entry in enumerate(raw if isinstance(raw, list) else []):
        at = (*path, index)
        fields = mapping_of(entry)
        compiler.warn_unknown(fields, OPERATION, at)
        _check_of_device(fields, OPERATION, at, compiler)
        operations.append(
            {
                key: compiler.value(value, (*at, key), root=_root(key, path))
                if key in EVALUATED
                else value
                for key, value in fields.items()
            }
        )
    return tuple(operations)


def _check_of_device(
    fields: Mapping[str, Any], place: Place, path: tuple[str | int, ...], compiler: Compiler
) -> None:
    """See that what only the device evaluates can be parsed, and keep nothing of it."""
    for key in place.keys.values():
        if key.is_of_device and key.name in fields:
            compiler.value(fields[key.name], (*path, key.name), root="context")
    for column, bounds in mapping_of(fields.get("forRowsInRange")).items():
        compiler.warn_unknown(mapping_of(bounds), RANGE, (*path, "forRowsInRange", column))


def _root(key: str, path: tuple[str | int, ...]) -> Any:
    """In a handler, which has no result, everything sees the context."""
    return "context" if path[0] == "error" else EVALUATED[key]
