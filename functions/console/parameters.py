"""A function's parameters, as the console shows them."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from functions import engine
from functions.engine.batches import kinds_of
from functions.engine.statements import is_bindable
from functions.models import FunctionDefinition
from functions.services.definitions import definition_of


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: where it goes, what it is, and where its value comes from by default.

    For a database, `is_bound` says whether its value goes there, and `kinds` what it is there;
    none where that depends on the value.
    """

    name: str
    location: str
    type: str
    is_required: bool
    default: str
    credential: str
    is_bound: bool = False
    kinds: tuple[str, ...] = ()

    @property
    def is_input(self) -> bool:
        """Somebody who tries the function may give it; a credential comes from the vault."""
        return not self.credential and self.location != "output"


def parameters_of(function: FunctionDefinition) -> list[Parameter]:
    """Return them in the order of the file."""
    solution = function.version.solution
    keys = set(solution.credentials.values_list("key", flat=True))
    definition = definition_of(solution.pk, function.version.number, function.name)
    declared = function.declared_parameters()
    is_sql = definition.provider is engine.Provider.SQL
    return [
        _parameter(parameter, declared[parameter.name], keys=keys, is_sql=is_sql)
        for parameter in definition.parameters.values()
    ]


def _parameter(
    parameter: engine.Parameter, entry: Mapping[str, Any], *, keys: Set[str], is_sql: bool
) -> Parameter:
    default = _as_text(entry.get("value"))
    # No credential goes to a database; there its key is a text like any other.
    names_one = parameter.is_for_credential or parameter.default_key in keys
    is_secret = names_one and not is_sql
    return Parameter(
        name=parameter.name,
        location=parameter.location,
        type=parameter.type or ("" if is_sql else "string"),
        is_required=parameter.is_required,
        default="" if is_secret else default,
        credential=_credential(parameter) if is_secret else "",
        is_bound=is_sql and is_bindable(parameter.name),
        kinds=kinds_of(parameter) if is_sql else (),
    )


def _credential(parameter: engine.Parameter) -> str:
    if parameter.asks_for_our_token(parameter.default):
        return str(parameter.default)
    return parameter.default_key or parameter.name


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
