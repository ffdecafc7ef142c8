"""A definition after it was checked: what a call needs, compiled, and the source it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.engine.expressions import UNDEFINED, Expression
from functions.engine.language import TYPES
from functions.engine.types import Provider
from functions.engine.urls import UrlTemplate

Location = Literal["path", "query", "header", "body", "output", "input", "both"]

FILE_TYPES = frozenset({"file", "image"})
ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a parameter
BASIC_AUTH = "basicAuth"
OUR_TOKEN = "jigx"  # noqa: S105 - asks for a token that we mint


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; `default` is UNDEFINED, a literal, or compiled."""

    name: str
    location: Location
    type: str | None = None
    is_required: bool = False
    default: Any = UNDEFINED
    encoding: str | None = None
    must_resolve: bool = False

    @property
    def has_default(self) -> bool:
        return self.default is not UNDEFINED

    @property
    def is_computed(self) -> bool:
        """Whether the default has to be evaluated."""
        return isinstance(self.default, Expression | dict | list)

    @property
    def is_for_credential(self) -> bool:
        """Whether a caller's text may name a credential here."""
        named = self.location == "header" and self.name in (ACCESS_TOKEN, BASIC_AUTH)
        return named or self.must_resolve or (self.type is not None and self.type not in TYPES)

    def asks_for_our_token(self, value: Any) -> bool:
        """Whether this value asks for a token of the installation's own, not for a credential."""
        is_bearer = self.location == "header" and self.name == ACCESS_TOKEN
        return is_bearer and value == OUR_TOKEN

    @property
    def default_key(self) -> str | None:
        """The default, where it could be the key of a credential: a text without blanks."""
        if not isinstance(self.default, str) or not self.default or has_blank(self.default):
            return None
        return None if self.asks_for_our_token(self.default) else self.default


def has_blank(text: str) -> bool:
    return any(letter.isspace() for letter in text)


Parameters = Mapping[str, Parameter]
Url = UrlTemplate | Expression | None


@dataclass(frozen=True, slots=True)
class Continuation:
    """How to go on; `parameters` is None where the function's own stay."""

    when: Any
    url: Url
    parameters: Parameters | None


@dataclass(frozen=True, slots=True)
class Handler:
    """One entry of `error`: compiled values by key."""

    when: Any
    fields: Mapping[str, Any]
    operations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A function that may run. `source` is what it was built from, plain and unchanged.

    `method` is upper case for REST, lower case (`query`, `execute`) for SQL, whose `statement` is
    the query or the name of the procedure. `scripts` are the sources of the JavaScript that its
    expressions call, by the name of the file.
    """

    name: str
    source: Mapping[str, Any] = field(repr=False)
    provider: Provider
    method: str
    runs_on_device: bool
    parameters: Parameters
    url: Url = None
    connection: str = ""
    statement: str = ""
    format: str = "json"
    when: Any = UNDEFINED
    input_transform: Expression | None = None
    output_transform: Expression | None = None
    error_transform: Expression | None = None
    records: Any = UNDEFINED
    output: Any = UNDEFINED
    continuation: Continuation | None = None
    refreshes_token: bool = True
    handlers: tuple[Handler, ...] = ()
    operations: tuple[Mapping[str, Any], ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def credential_keys(self) -> tuple[str, ...]:
        """Defaults that name credentials: for certain where a parameter is made for one."""
        found = [p.default_key for p in self._all_parameters if p.is_for_credential]
        return tuple(dict.fromkeys(key for key in found if key is not None))

    @property
    def default_keys(self) -> tuple[str, ...]:
        """Defaults that may name credentials, wherever one is replaced by its secret."""
        found = [p.default_key for p in self._all_parameters]
        return tuple(dict.fromkeys(key for key in found if key is not None))

    @property
    def sends_our_token(self) -> bool:
        """Whether a default asks for a token of the installation's own."""
        return any(p.asks_for_our_token(p.default) for p in self._all_parameters)

    @property
    def _all_parameters(self) -> list[Parameter]:
        """List those that can carry a credential, on all pages: none goes to a database."""
        if self.provider is Provider.SQL:
            return []
        later = self.continuation.parameters if self.continuation is not None else None
        return [*self.parameters.values(), *(later or {}).values()]
