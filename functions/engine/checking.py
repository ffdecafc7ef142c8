"""Whether a definition can run, said before anybody calls it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from functions.engine.compiling import Compiler, is_yes
from functions.engine.definitions import Continuation, Definition, Handler, Parameters, Url
from functions.engine.expressions import UNDEFINED
from functions.engine.operations import EVALUATED
from functions.engine.replies import FORMATS
from functions.engine.types import Checked, Fault, Provider
from functions.engine.urls import UrlTemplate

REST_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SQL_METHODS = ("query", "execute")

_KEYS = frozenset(
    {
        "functionId", "provider", "method", "url", "useLocalCall", "parameters", "format",
        "inputTransform", "outputTransform", "records", "continuation", "error", "errorTransform",
        "output", "disableTokenRefresh", "when", "connection", "query", "procedure", "operations",
        "forRowsWithMatchingIds", "forRowsWithValues", "forRowsInRange", "keepTempIds",
        "conversions", "queries", "guard",
    }
)  # fmt: skip
_CONTINUATION_KEYS = frozenset({"when", "url", "parameters"})
_HANDLER_KEYS = frozenset(
    {
        "when", "title", "description", "details", "icon", "notification", "alert", "operations",
        "retry", "table", "transform",
    }
)  # fmt: skip


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
    compiler = Compiler(provider)
    compiler.warn_unknown({str(key): None for key in source}, _KEYS, ())
    build = _rest if provider is Provider.REST else _sql
    definition = build(source, name, compiler)
    called = {call.file for call in compiler.script_calls} & scripts.keys()
    own = {file: scripts[file] for file in called}
    checked = None if compiler.faults else replace(definition, scripts=own)
    return Checked(checked, compiler.faults, compiler.warnings, compiler.script_calls)


def _rest(source: Mapping[str, Any], name: str, compiler: Compiler) -> Definition:
    method = _method(source, "GET", REST_METHODS, compiler, is_upper=True)
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
        format=_format(source.get("format"), compiler),
        refreshes_token=not is_yes(source.get("disableTokenRefresh")),
        input_transform=compiler.transform(
            source.get("inputTransform"), ("inputTransform",), root="parameters"
        ),
        output_transform=transform,
        continuation=_continuation(source.get("continuation"), url, parameters, method, compiler),
        **_shared(source, compiler),
    )


def _sql(source: Mapping[str, Any], name: str, compiler: Compiler) -> Definition:
    method = _method(source, "", SQL_METHODS, compiler, is_upper=False)
    if is_yes(source.get("useLocalCall")):
        compiler.refuse(("useLocalCall",), "sql_on_device", "SQL never runs on the device.")
    needed = ["connection", "procedure" if method == "execute" else "query"]
    for key in needed:
        if not isinstance(source.get(key), str) or not source[key].strip():
            compiler.refuse((key,), f"{key}_missing", f"This function needs a {key}.")
    compiler.warn(("provider",), "driver_missing", "SQL functions do not run here yet.")
    parameters = _parameters(source, None, method, compiler, ("parameters",))
    transform = compiler.transform(source.get("outputTransform"), ("outputTransform",), root="body")
    compiler.result_keys = None if transform is None else transform.reading.object_keys
    return Definition(
        name=name,
        source=source,
        provider=Provider.SQL,
        method=method,
        runs_on_device=False,
        parameters=parameters,
        output_transform=transform,
        **_shared(source, compiler),
    )


def _shared(source: Mapping[str, Any], compiler: Compiler) -> dict[str, Any]:
    """Compile what both providers have, after the transform that they build on."""
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


def _method(
    source: Mapping[str, Any],
    default: str,
    allowed: tuple[str, ...],
    compiler: Compiler,
    *,
    is_upper: bool,
) -> str:
    raw = source.get("method") or default
    method = str(raw).upper() if is_upper else str(raw).lower()
    if method not in allowed:
        compiler.refuse(("method",), "method_unknown", f"One of {', '.join(allowed)}.")
    return method


def _format(raw: Any, compiler: Compiler) -> str:
    form = "json" if raw is None else str(raw).lower()
    if form not in FORMATS:
        compiler.refuse(("format",), "format_unknown", f"One of {', '.join(sorted(FORMATS))}.")
    return form


def _parameters(
    source: Mapping[str, Any], url: Url, method: str, compiler: Compiler, path: tuple[str, ...]
) -> Parameters:
    tokens = frozenset(url.tokens) if isinstance(url, UrlTemplate) else frozenset()
    return compiler.parameters(source.get("parameters"), path, method=method, tokens=tokens)


def _continuation(
    raw: Any, url: Url, parameters: Parameters, method: str, compiler: Compiler
) -> Continuation | None:
    path = ("continuation",)
    block = compiler.mapping(raw, path)
    if not block:
        return None
    compiler.warn_unknown(block, _CONTINUATION_KEYS, path)
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
        fields = compiler.mapping(entry, path)
        compiler.warn_unknown(fields, _HANDLER_KEYS, path)
        when = fields.get("when")
        values = {
            key: compiler.value(value, (*path, key), root="context")
            for key, value in fields.items()
            if key in _HANDLER_KEYS - {"when", "operations"}
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
    if raw is not None and not isinstance(raw, list):
        compiler.refuse(path, "not_a_list", "Operations must be a list.")
    operations = []
    for index, entry in enumerate(raw if isinstance(raw, list) else []):
        at = (*path, index)
        fields = compiler.mapping(entry, at)
        operations.append(
            {
                key: compiler.value(value, (*at, key), root=_root(key, path))
                if key in EVALUATED
                else value
                for key, value in fields.items()
            }
        )
    return tuple(operations)


def _root(key: str, path: tuple[str | int, ...]) -> Any:
    """In a handler, which has no result, everything sees the context."""
    return "context" if path[0] == "error" else EVALUATED[key]
