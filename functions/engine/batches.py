"""T-SQL from a definition and values: the statement travels unread, every value is bound.

A batch holds no value and nothing of one: it is composed of the definition's names and of types.
The statement itself is bound too, as the text that `sp_executesql` runs, with its parameters in
their order. What the server refuses is caught there, since only there its number, severity and line
are known whatever driver carries them; the answer's last set then tells them.

    SET TEXTSIZE …; DECLARE @jx0 bigint = ?;
    BEGIN TRY
    EXEC sp_executesql ?, ?, ?, @jx0 OUTPUT;
    …
"""

import decimal
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.engine.definitions import FILE_TYPES, Definition, Parameter
from functions.engine.failures import BadRequest
from functions.engine.parameters import file_octets
from functions.engine.statements import is_bindable

# No column of a customer's is called so.
MARK = "jigxmgmt:"
ERROR_MARK = f"{MARK}error"
# What is told of an error; the first has the mark for its column.
ERROR_NAMES = ("number", "severity", "state", "line", "procedure", "message")
# What a statement raises that would leave its transaction, and so its locks, to the next call.
_LEFT_OPEN = "The statement left its transaction open, so it was rolled back."
_DIGITS, _SCALE = 38, 10
_MOST_PARAMETERS = 2_000
_SHORT_TEXT = 4_000
_WHOLE = range(-(2**63), 2**63)


class Kind(StrEnum):
    """How a value is bound; the words are T-SQL's."""

    TEXT = "nvarchar(4000)"
    LONG_TEXT = "nvarchar(max)"
    WHOLE = "bigint"
    EXACT = "decimal(38,10)"
    FLOAT = "float"
    BIT = "bit"
    OCTETS = "varbinary(max)"


@dataclass(frozen=True, slots=True, repr=False)
class Bound:
    """One value as it is bound: str, int, Decimal, float, bool, bytes or None."""

    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """The text with a `?` for each value, in their order, and the outputs that come back."""

    text: str
    values: tuple[Bound, ...]
    outputs: tuple[str, ...]

    @property
    def size(self) -> int:
        """Count the bytes of what is bound, roughly as they travel."""
        return sum(_size_of(bound.value) for bound in self.values)


def compose(definition: Definition, values: Mapping[str, Any], *, most_bytes: int) -> Batch:
    """Compose what the server is to run; `most_bytes` is that of one value that it answers.

    A query is given null for a parameter without a value; a procedure is not given it at all, so
    that its own default holds. Raises BadRequest.
    """
    used = list(_used(definition, values))
    if len(used) > _MOST_PARAMETERS:
        raise BadRequest("A statement can't have so many parameters.")
    outputs = [parameter for parameter in used if parameter.location in ("output", "both")]
    bound = {parameter.name: bind(parameter, _input(parameter, values)) for parameter in used}
    variables = {parameter.name: f"@jx{place}" for place, parameter in enumerate(outputs)}
    kinds = {name: one.kind for name, one in bound.items()}
    kinds |= {one.name: _kind_back(one, bound[one.name].kind) for one in outputs}
    declared = [f"@{name} {kind}{_out(name, variables)}" for name, kind in kinds.items()]
    # By place: a parameter may be called as one of the procedure's own, `@stmt` or `@params`.
    given = [f"{variables.get(name, '?')}{_out(name, variables)}" for name in bound]
    statement = _statement(definition, bound, variables)
    inputs = [one for name, one in bound.items() if name not in variables]
    return Batch(
        _text(given, {variables[name]: kinds[name] for name in variables}, most_bytes=most_bytes),
        (
            *(bound[name] for name in variables),
            *(Bound(Kind.LONG_TEXT, text) for text in (statement, ", ".join(declared)) if text),
            *inputs,
        ),
        tuple(variables),
    )


def _used(definition: Definition, values: Mapping[str, Any]) -> Iterator[Parameter]:
    for parameter in definition.parameters.values():
        is_left_out = definition.method == "execute" and parameter.name not in values
        if is_bindable(parameter.name) and (parameter.location != "input" or not is_left_out):
            yield parameter


def _input(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    return None if parameter.location == "output" else values.get(parameter.name)


def _statement(
    definition: Definition, bound: Mapping[str, Bound], variables: Mapping[str, str]
) -> str:
    if definition.method != "execute":
        return definition.statement
    given = ", ".join(f"@{name} = @{name}{_out(name, variables)}" for name in bound)
    return f"EXEC {definition.statement.strip()} {given}".rstrip()


def _out(name: str, variables: Mapping[str, str]) -> str:
    return " OUTPUT" if name in variables else ""


def _text(given: list[str], variables: Mapping[str, Kind], *, most_bytes: int) -> str:
    declared = ", ".join(f"{variable} {kind} = ?" for variable, kind in variables.items())
    shown = ", ".join(f"{name} AS [{MARK}{place}]" for place, name in enumerate(variables))
    # What the server cuts is then too large in JSON as well, where a letter may be one byte.
    lines = [f"SET TEXTSIZE {2 * (most_bytes + 1)};"]
    lines += [f"DECLARE {declared};"] if variables else []
    lines += ["BEGIN TRY"]
    lines += [f"EXEC sp_executesql {', '.join(['?', '?', *given] if given else ['?'])};"]
    lines += [f"IF @@TRANCOUNT > 0 RAISERROR(N'{_LEFT_OPEN}', 16, 1);"]
    lines += [f"SELECT {shown};"] if variables else []
    lines += [
        "END TRY",
        "BEGIN CATCH",
        "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;",
        f"SELECT ERROR_NUMBER() AS [{ERROR_MARK}], ERROR_SEVERITY() AS [severity], "
        "ERROR_STATE() AS [state], ERROR_LINE() AS [line], ERROR_PROCEDURE() AS [procedure], "
        "ERROR_MESSAGE() AS [message];",
        "END CATCH",
    ]
    return "\n".join(lines)


def bind(parameter: Parameter, value: Any) -> Bound:
    """Choose how a value is bound: by its parameter's type, or without one by what it is.

    Raises BadRequest.
    """
    kind = parameter.type or ""
    if kind in FILE_TYPES and parameter.encoding == "binary":
        return Bound(Kind.OCTETS, None if value is None else _octets(parameter, value))
    if value is None:
        return Bound(next(iter(kinds_of(parameter)), Kind.TEXT), None)
    if kind != "string" and isinstance(value, bool):
        return Bound(Kind.BIT, value)
    if kind != "string" and isinstance(value, int | float):
        return _number(value, is_whole=kind == "int" or isinstance(value, int))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise BadRequest("A database can't take half a character.") from None
    return Bound(Kind.TEXT if units <= _SHORT_TEXT else Kind.LONG_TEXT, text)


def _octets(parameter: Parameter, value: Any) -> bytes:
    try:
        return file_octets(value)
    except ValueError:
        raise BadRequest(f"The parameter {parameter.name} is not base64.") from None


def _number(value: float, *, is_whole: bool) -> Bound:
    """Bind exactly where the digits allow it: a sum of money is no float. Raises BadRequest."""
    if not math.isfinite(value):
        raise BadRequest("A database can't take a number without an end.")
    if is_whole and value == int(value) and int(value) in _WHOLE:
        return Bound(Kind.WHOLE, int(value))
    exact = decimal.Decimal(repr(value))
    _, digits, exponent = exact.as_tuple()
    places = -int(exponent)
    if places <= _SCALE and len(digits) - places <= _DIGITS - _SCALE:
        return Bound(Kind.EXACT, exact)
    return Bound(Kind.FLOAT, float(value))


# The first is null's; which of the others it is, the value decides.
_NUMBERS, _TEXTS = (Kind.EXACT, Kind.WHOLE, Kind.FLOAT), (Kind.LONG_TEXT, Kind.TEXT)
_KINDS = {
    "string": (Kind.TEXT, Kind.LONG_TEXT),
    "number": _NUMBERS,
    "int": (Kind.WHOLE, Kind.EXACT, Kind.FLOAT),
    "boolean": (Kind.BIT,),
    "array": _TEXTS,
    "object": _TEXTS,
    "file": _TEXTS,
    "image": _TEXTS,
}


def kinds_of(parameter: Parameter) -> tuple[Kind, ...]:
    """List what a value may be bound as; nothing where the value alone decides, or it never is."""
    if not is_bindable(parameter.name):
        return ()
    if parameter.type in FILE_TYPES and parameter.encoding == "binary":
        return (Kind.OCTETS,)
    return _KINDS.get(parameter.type or "", ())


def _kind_back(parameter: Parameter, sent: Kind) -> Kind:
    """Choose what holds whatever comes back: a longer text, or more digits, than was sent."""
    kind = _KINDS.get(parameter.type or "", (sent,))[0]
    if sent is Kind.FLOAT or (parameter.type in FILE_TYPES and parameter.encoding == "binary"):
        kind = sent
    return Kind.LONG_TEXT if kind is Kind.TEXT else kind


def _size_of(value: Any) -> int:
    if isinstance(value, str):
        return 2 * len(value)
    return len(value) if isinstance(value, bytes) else 8
