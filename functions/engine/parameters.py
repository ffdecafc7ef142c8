"""Whether values fit their parameters, and what the values of a request are."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from functions.engine.definitions import Definition, Parameter, Parameters
from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import UNDEFINED, Root
from functions.engine.failures import BadRequest
from functions.engine.types import Fault
from functions.engine.urls import UrlTemplate

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_LOCAL_URL = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)


def file_octets(text: str) -> bytes:
    """Read a file's base64, with or without a `data:` prefix (RFC 2397). Raises ValueError."""
    prefix = _LOCAL_URL.match(text)
    try:
        return base64.b64decode(text[prefix.end() :] if prefix else text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def _is_file(value: Any) -> bool:
    try:
        return isinstance(value, str) and file_octets(value) is not None
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "int": _is_whole,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "file": _is_file,
    "image": _is_file,
}


def is_writable(value: Any) -> bool:
    """Whether JSON holds it, with a few levels of a message around it.

    Integers have at most 64 bits, texts no half characters, and some 250 levels are enough.
    """
    if isinstance(value, str) and value.isascii():
        return True  # files are the long ones
    try:
        orjson.dumps([[[[value]]]])
    except TypeError:
        return False
    return True


def check_parameters(definition: Definition, parameters: Mapping[str, Any]) -> list[Fault]:
    """List what is wrong with a caller's values; no message repeats one."""
    unknown = [
        Fault((_whole(name),), "parameter_unknown", "This function has no such parameter.")
        for name in parameters
        if name not in definition.parameters
    ]
    known = [
        _fault_of(definition, parameter, parameters.get(parameter.name, UNDEFINED))
        for parameter in definition.parameters.values()
    ]
    return [*unknown, *(fault for fault in known if fault is not None)]


def _whole(name: str) -> str:
    """Make half characters question marks, so that an answer can repeat the name."""
    return name.encode(errors="replace").decode()


def _fault_of(definition: Definition, parameter: Parameter, value: Any) -> Fault | None:
    where = (parameter.name,)
    if value is UNDEFINED or value is None:
        if parameter.is_required and (value is None or not parameter.has_default):
            return Fault(where, "parameter_missing", "This parameter needs a value.")
        return None
    if not is_writable(value):
        sentence = "This is nested too deep, or has a number past 64 bits or half a character."
        return Fault(where, "parameter_type", sentence)
    fits = FITS.get(parameter.type or "")
    if fits is not None and not fits(value):
        return Fault(where, "parameter_type", f"This must be of the type {parameter.type}.")
    if parameter.location == "header" and isinstance(value, str) and CONTROL.search(value):
        return Fault(where, "parameter_type", "A header can't hold control characters.")
    url = definition.url
    if isinstance(url, UrlTemplate) and value in (".", "..") and url.is_whole_segment(where[0]):
        return Fault(where, "parameter_type", "A part of the URL can't be a dot segment.")
    return None


async def gather_values(
    parameters: Parameters,
    given: Mapping[str, Any],
    *,
    root: Root | None,
    context: Context,
    evaluator: Evaluator,
    is_later_page: bool = False,
) -> dict[str, Any]:
    """Take what was given, or the defaults; what has no value is absent.

    The context's `parameters` grow while defaults are evaluated, except on later pages, where they
    are the previous request's. Raises BadRequest where a required one is left without a value.
    """
    known = _uncomputed(parameters, given)
    place = "continuation.parameters" if is_later_page else "parameters"
    for parameter in parameters.values():
        name = parameter.name
        if name not in given and parameter.is_computed:
            if not is_later_page:
                context.set(parameters=known, inputs=known)
            value = await evaluator.render(
                parameter.default, root=root, context=context, place=f"{place}.{name}.value"
            )
            if value is not UNDEFINED:
                known[name] = value
        if parameter.is_required and known.get(name) is None:
            title = f"The parameter {name} has no value"
            raise BadRequest(f"The parameter {name} needs a value.", title=title)
    return known


def _uncomputed(parameters: Parameters, given: Mapping[str, Any]) -> dict[str, Any]:
    """Take what was given, and the defaults that are literals."""
    values = {
        parameter.name: given.get(
            parameter.name, UNDEFINED if parameter.is_computed else parameter.default
        )
        for parameter in parameters.values()
    }
    return {name: value for name, value in values.items() if value is not UNDEFINED}
