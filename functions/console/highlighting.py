"""Colours for a definition that is only read: keys, quoted text, comments."""

import re
from dataclasses import dataclass

KEY = re.compile(
    r"""^(?P<before>\s*(?:-\s+)*)(?P<key>[\w$@./-]+|"[^"]*"|'[^']*')(?P<colon>:)(?=\s|$)"""
)
QUOTED = re.compile(r"""(?P<text>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<comment>(?:^|(?<=\s))#.*$)""")


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    kind: str = ""


def highlight(text: str) -> list[list[Part]]:
    """Split YAML into lines of coloured parts; joined again, the parts are the text."""
    return [_line(line) for line in text.splitlines()]


def _line(line: str) -> list[Part]:
    key = KEY.match(line)
    if key is None:
        return _values(line)
    before = [Part(key["before"])] if key["before"] else []
    return [*before, Part(key["key"], "key"), Part(key["colon"]), *_values(line[key.end() :])]


def _values(text: str) -> list[Part]:
    parts, position = [], 0
    for match in QUOTED.finditer(text):
        if match.start() > position:
            parts.append(Part(text[position : match.start()]))
        parts.append(Part(match[0], "text" if match["text"] else "comment"))
        position = match.end()
    if position < len(text):
        parts.append(Part(text[position:]))
    return parts
