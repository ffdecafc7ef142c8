"""Colours for what is only read: a definition's keys, a statement's parameters, quoted text."""

import re
from dataclasses import dataclass

KEY = re.compile(
    r"""^(?P<before>\s*(?:-\s+)*)(?P<key>[\w$@./-]+|"[^"]*"|'[^']*')(?P<colon>:)(?=\s|$)"""
)
STATEMENT = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<text>'(?:[^']|'')*(?:'|\Z))
    | (?P<key>(?<![\w@#$])@[\w#$][\w@#$]*)
    | (?:\[[^\]]*(?:\]|\Z) | "[^"]*(?:"|\Z))  # names, in which nothing else begins""",
    re.DOTALL | re.VERBOSE,
)
QUOTED = re.compile(r"""(?P<text>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<comment>(?:^|(?<=\s))#.*$)""")


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    kind: str = ""


def highlight(text: str) -> list[list[Part]]:
    """Split YAML into lines of coloured parts; joined again, the parts are the text."""
    return [_line(line) for line in text.splitlines()]


def highlight_statement(text: str) -> list[list[Part]]:
    """Split T-SQL into lines of coloured parts; a comment or a text may go over several."""
    text = "\n".join(text.splitlines())
    lines: list[list[Part]] = [[]]
    position = 0
    for match in STATEMENT.finditer(text):
        _put(lines, text[position : match.start()], "")
        _put(lines, match[0], match.lastgroup or "")
        position = match.end()
    _put(lines, text[position:], "")
    return lines


def _put(lines: list[list[Part]], text: str, kind: str) -> None:
    first, *others = text.split("\n")
    if first:
        lines[-1].append(Part(first, kind))
    lines += [[Part(line, kind)] if line else [] for line in others]


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
