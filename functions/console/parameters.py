"""A function's parameters, as the console shows them."""

import json
from dataclasses import dataclass
from typing import Any

from functions.models import FunctionDefinition

TYPES = ("string", "number", "int", "boolean", "array", "object", "file", "image")
SECRET_LOCATIONS = ("credential", "secret")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: where it goes, what it is, and where its value comes from by default."""

    name: str
    location: str
    type: str
    is_required: bool
    default: str
    credential: str

    @property
    def is_input(self) -> bool:
        """Somebody who tries the function may give it; a credential comes from the vault."""
        return not self.credential and self.location != "output"

    @property
    def is_computed(self) -> bool:
        return self.default.startswith("=")


def parameters_of(function: FunctionDefinition) -> list[Parameter]:
    """Return them in the order of the file; one query, for the keys of the credentials."""
    keys = set(function.version.solution.credentials.values_list("key", flat=True))
    declared = function.declared_parameters().items()
    return [_parameter(name, entry, keys) for name, entry in declared]


def _parameter(name: str, entry: dict[str, Any], keys: set[str]) -> Parameter:
    declared_type = str(entry.get("type") or "string")
    location = str(entry.get("location") or "")
    default = _as_text(entry.get("value"))
    is_secret = default in keys or location in SECRET_LOCATIONS or declared_type not in TYPES
    return Parameter(
        name=name,
        location=location,
        type=declared_type,
        is_required=bool(entry.get("required")),
        default="" if is_secret else default,
        credential=(default or name) if is_secret else "",
    )


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
