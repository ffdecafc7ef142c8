"""XML as JSON: elements are objects, attributes `@name`, text `#text`, repeats arrays.

An element with neither attributes nor elements is its text, or null when it is empty. Names keep
their prefixes. Documents with a document type are refused: entities are a way to read files and to
fill memory (XML 1.0, section 4).
"""

from typing import Any, NoReturn
from xml.parsers import expat

from functions.engine.failures import BadResponse

_DEPTH = 200


def read_markup(octets: bytes) -> Any:
    """Raises BadResponse."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add_text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(octets, True)  # noqa: FBT003 - expat takes it by position only
    except (expat.ExpatError, ValueError, LookupError):
        raise BadResponse("The service's answer is not XML.") from None
    return reader.root


def _refuse(*_declared: object) -> NoReturn:
    raise BadResponse("The service's answer has a document type, which is refused.")


class _Reader:
    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._elements: list[tuple[str, dict[str, Any], list[str]]] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._elements) >= _DEPTH:
            raise BadResponse("The service's answer is nested too deep.")
        fields: dict[str, Any] = {f"@{key}": value for key, value in attributes.items()}
        self._elements.append((name, fields, []))

    def add_text(self, text: str) -> None:
        self._elements[-1][2].append(text)

    def end(self, _name: str) -> None:
        name, fields, texts = self._elements.pop()
        text = "".join(texts).strip()
        if fields and text:
            fields["#text"] = text
        value = fields or text or None
        parent = self._elements[-1][1] if self._elements else self.root
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]
