"""What a person types for a parameter, as a value of its declared type."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from functions.device.home import usable
from functions.device.refusals import Unusable
from functions.engine import Definition, check_parameters

BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
FILE_SIGN = "@"
MOST_FAULTS = 5


def typed_values(
    definition: Definition, pairs: Iterable[str], *, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Read `name=value` pairs over what is given already, and check all of it.

    A file or an image is `@` with its path. Raises Unusable, which repeats no value.
    """
    values = dict(given)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise Unusable("Write each parameter as name=value.")
        parameter = definition.parameters.get(name)
        values[name] = _typed(name, text, parameter.type if parameter else None)
    faults = check_parameters(definition, values)
    if faults:
        said = (f"{fault.path[0]}: {fault.message}" for fault in faults[:MOST_FAULTS])
        raise Unusable(" ".join(["Some parameters are at fault.", *said]))
    return values


def read_object(text: str) -> dict[str, Any]:
    """Read a JSON object; raises Unusable."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unusable('Give --json an object, as {"name": "value"}.')
    return document


def _typed(name: str, text: str, kind: str | None) -> Any:
    read = _READERS.get(kind or "")
    if read is None:
        return text
    try:
        return read(text)
    except (KeyError, ValueError):
        pass
    raise Unusable(f"{name}: This must be of the type {kind}.")


def _read_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _read_file(text: str) -> str:
    if not text.startswith(FILE_SIGN):
        return text
    with usable():
        return base64.b64encode(Path(text[1:]).expanduser().read_bytes()).decode()


_READERS: Mapping[str, Callable[[str], Any]] = {
    "number": _read_number,
    "int": int,
    "boolean": lambda text: BOOLEANS[text.lower()],
    "array": json.loads,
    "object": json.loads,
    "file": _read_file,
    "image": _read_file,
}
