"""The parts of a definition, read one by one; what is wrong with them is collected, not raised."""

import re
from collections.abc import Mapping, Set
from typing import Any, Literal

from functions.engine.building import BODILESS, UNSENT_HEADERS
from functions.engine.definitions import (
    ACCESS_TOKEN,
    BASIC_AUTH,
    Location,
    Parameter,
    Parameters,
    Url,
)
from functions.engine.evaluation import FILLED_FROM_CONTEXT
from functions.engine.expressions import UNDEFINED, Expression, Unparsed, compile_expression
from functions.engine.failures import BadRequest
from functions.engine.language import PARAMETER, Place
from functions.engine.parameters import CONTROL, FITS
from functions.engine.types import Fault, Provider, ScriptCall
from functions.engine.urls import PRIVATE_USE, UrlTemplate

Path = tuple[str | int, ...]
RootKind = Literal["context", "parameters", "body", "result"]

_RESOLVED = ("credential", "secret")
# What publishing may cost: a tenth of a second for an expression, and no stack.
_LONGEST = 65_536
_DEEPEST = 100
# RFC 9110, section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Compiler:
    """Compiles one definition's values; collects faults and warnings, after those of its shape."""

    def __init__(self, provider: Provider, *, faults: list[Fault], warnings: list[Fault]) -> None:
        self._provider = provider
        self._misshapen = {fault.path for fault in faults}
        self.faults = faults
        self.warnings = warnings
        self.script_calls: list[ScriptCall] = []
        self.result_keys: Set[str] | None = None

    def refuse(self, path: Path, code: str, message: str) -> None:
        if path not in self._misshapen:
            self.faults.append(Fault(path, code, message))

    def warn(self, path: Path, code: str, message: str) -> None:
        self.warnings.append(Fault(path, code, message))

    def warn_unknown(self, raw: Mapping[str, Any], place: Place, path: Path) -> None:
        for key in raw:
            if key not in place.keys:
                self.warn((*path, key), "unknown_key", "This key is not known and does nothing.")

    def transform(self, raw: Any, path: Path, *, root: RootKind) -> Expression | None:
        """Compile bare JSONata; a leading `=` is allowed."""
        if not isinstance(raw, str) or raw == "":
            return None
        source = raw.strip()
        return self._expression(source.removeprefix("="), path, root=root)

    def value(self, raw: Any, path: Path, *, root: RootKind) -> Any:
        """Compile every text that begins with `=`, at any depth; the rest is literal."""
        if len(path) > _DEEPEST:
            self.refuse(path, "nested_too_deep", "This is nested too deep.")
            return UNDEFINED
        if isinstance(raw, str) and raw.startswith("="):
            compiled = self._expression(raw[1:], path, root=root)
            return UNDEFINED if compiled is None else compiled
        if isinstance(raw, Mapping):
            return {str(k): self.value(v, (*path, str(k)), root=root) for k, v in raw.items()}
        if isinstance(raw, list | tuple):
            return [self.value(item, (*path, i), root=root) for i, item in enumerate(raw)]
        return raw

    def _expression(self, source: str, path: Path, *, root: RootKind) -> Expression | None:
        if len(source) > _LONGEST:
            message = f"An expression has at most {_LONGEST} characters."
            self.refuse(path, "expression_long", message)
            return None
        try:
            expression = compile_expression(source)
        except Unparsed as unparsed:
            at = "" if unparsed.position is None else f" at character {unparsed.position}"
            message = f"This expression does not parse ({unparsed.code}{at})."
            self.refuse(path, "expression_unparsed", message)
            return None
        calls = (ScriptCall(path, *named) for named in expression.reading.scripts)
        self.script_calls += calls
        for name in sorted(self._filled(expression, root)):
            self.warn(path, "filled_in", f"The name {name} is not of this value; it is filled in.")
        return expression

    def _filled(self, expression: Expression, root: RootKind) -> Set[str]:
        """Name what will be filled in, as far as that can be seen without an answer."""
        if root == "context":
            return frozenset()
        if root == "result" and self.result_keys is not None:
            return expression.root_names - self.result_keys
        return expression.root_names & FILLED_FROM_CONTEXT

    def parameters(self, raw: Any, path: Path, *, method: str, tokens: Set[str]) -> Parameters:
        root: RootKind = "context" if path == ("parameters",) else "result"
        return {
            name: self._parameter(name, entry, (*path, name), method, tokens, root)
            for name, entry in mapping_of(raw).items()
        }

    def _parameter(
        self, name: str, raw: Any, path: Path, method: str, tokens: Set[str], root: RootKind
    ) -> Parameter:
        entry = mapping_of(raw)
        self.warn_unknown(entry, PARAMETER, path)
        location = self._location(name, entry, path, method, tokens)
        kind = entry.get("type")
        parameter = Parameter(
            name=name,
            location="header" if location in _RESOLVED else location,  # type: ignore[arg-type]
            type=str(kind) if kind is not None else None,
            is_required=is_yes(entry.get("required")),
            default=self._default(entry, path, root),
            encoding=str(entry["encoding"]).lower() if entry.get("encoding") else None,
            must_resolve=location in _RESOLVED,
        )
        self._check_parameter(parameter, path)
        return parameter

    def _default(self, entry: Mapping[str, Any], path: Path, root: RootKind) -> Any:
        """Compile the default; an empty `value:` is none, as the language's examples have it."""
        if entry.get("value") is None:
            return UNDEFINED
        return self.value(entry["value"], (*path, "value"), root=root)

    def _location(
        self, name: str, entry: Mapping[str, Any], path: Path, method: str, tokens: Set[str]
    ) -> Location | str:
        location = entry.get("location")
        if location is None:
            if self._provider is Provider.SQL:
                return "input"
            guess = "query" if method in BODILESS or method == "DELETE" else "body"
            guess = "path" if name in tokens else guess
            self.warn(path, "location_missing", f"Without a location this is taken as {guess}.")
            return guess
        return str(location).strip().lower()

    def _check_parameter(self, parameter: Parameter, path: Path) -> None:
        name = parameter.name
        if parameter.location == "header" and name not in (ACCESS_TOKEN, BASIC_AUTH):
            if _HEADER_NAME.fullmatch(name) is None:
                self.refuse(path, "header_name", "This can't be the name of a header.")
            elif name.lower() in UNSENT_HEADERS:
                self.warn(path, "header_unsent", "This header is set by the connection itself.")
        fits, default, where = FITS.get(parameter.type or ""), parameter.default, (*path, "value")
        if isinstance(default, Expression) or not parameter.has_default:
            return
        if fits is not None and not fits(default):
            self.warn(where, "default_type", f"This is not of the type {parameter.type}.")
        if parameter.location == "header" and CONTROL.search(str(default)):
            self.warn(where, "default_type", "A header can't hold control characters.")

    def url(self, raw: Any, path: Path, *, root: RootKind) -> Url:
        if isinstance(raw, str) and raw.startswith("="):
            return self._expression(raw[1:], path, root=root)
        if not isinstance(raw, str) or not raw.strip():
            self.refuse(path, "url_missing", "This needs a URL.")
            return None
        if PRIVATE_USE.search(raw):
            self.refuse(path, "url_invalid", "The URL holds a character that no URL can hold.")
            return None
        template = UrlTemplate(raw)
        if not template.is_absolute:
            self.refuse(path, "url_not_absolute", "The URL must begin with https:// or a token.")
            return None
        try:
            template.check()
        except BadRequest as refusal:
            self.refuse(path, "url_invalid", refusal.description)
        if template.has_lone_brace:
            message = "A brace without its other half is no token; it is sent as it is."
            self.warn(path, "brace_alone", message)
        return template

    def check_tokens(self, url: Url, parameters: Parameters, path: Path) -> None:
        """Every token of the path needs a value; one of the query may go without."""
        if not isinstance(url, UrlTemplate):
            return
        for name in url.tokens:
            parameter = parameters.get(name)
            if parameter is None:
                self.refuse(path, "token_unknown", f"No parameter is called {name}.")
            elif not parameter.is_required and not parameter.has_default:
                message = f"The parameter {name} must be required or have a value."
                self.refuse(path, "token_optional", message)
        for name in url.query_tokens:
            if name not in parameters:
                message = f"No parameter is called {name}; its pair is dropped."
                self.warn(path, "token_unknown", message)


def mapping_of(raw: Any) -> dict[str, Any]:
    """Take a mapping, or nothing: null is as good as none, and all else is refused by its shape."""
    return {str(key): value for key, value in raw.items()} if isinstance(raw, Mapping) else {}


def is_yes(raw: Any) -> bool:
    return raw is True or (isinstance(raw, str) and raw.strip().lower() == "true")
