"""JSONata's text in tokens, so that nothing inside quotes, patterns or comments is touched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "quoted", "string", "number", "variable", "pattern", "operator"]


class Untokenized(Exception):
    """Something is not closed; the library's own parser says it better."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_step(self) -> bool:
        """Whether this can be a step of a path; a string there is a name (reference parser)."""
        return self.kind in ("name", "quoted", "string")

    @property
    def step(self) -> str:
        """The field that this step names."""
        if self.kind == "name":
            return self.text
        return _ESCAPE.sub(_unescape, self.text[1:-1]) if self.kind == "string" else self.text[1:-1]


_SYMBOLS = re.compile(r"\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?|[.\[\]{}(),@#;:?+\-*/%|=<>^&!~]")
_SPACE = re.compile(r"(?:[ \t\n\r\v]|/\*.*?\*/)+", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[^ \t\n\r\v.\[\]{}(),@#;:?+\-*/%|=<>^&!~]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORD_OPERATORS = frozenset({"and", "or", "in"})


def tokenize(source: str) -> list[Token]:
    """Cut the source into tokens, without its comments; raises Untokenized."""
    return list(_tokens(source))


def _tokens(source: str) -> Iterator[Token]:
    position, after_operand = 0, False
    while True:
        if (space := _SPACE.match(source, position)) is not None:
            position = space.end()
        if source.startswith("/*", position):  # else every later one would be sought to the end
            raise Untokenized
        if position >= len(source):
            return
        token = _token(source, position, after_operand=after_operand)
        yield token
        after_operand = _ends_operand(token, after_operand=after_operand)
        position = token.end


def _token(source: str, position: int, *, after_operand: bool) -> Token:
    first = source[position]
    if first in "\"'":
        return Token("string", _matched(_STRING, source, position), position)
    if first == "`":
        return Token("quoted", source[position : _index(source, "`", position + 1) + 1], position)
    if first == "/" and not after_operand:
        return Token("pattern", source[position : _pattern_end(source, position)], position)
    if (number := _NUMBER.match(source, position)) is not None:
        return Token("number", number[0], position)
    if (symbol := _SYMBOLS.match(source, position)) is not None:
        return Token("operator", symbol[0], position)
    word = _matched(_WORD, source, position)
    return Token("variable" if first == "$" else "name", word, position)


def _matched(pattern: re.Pattern[str], source: str, position: int) -> str:
    match = pattern.match(source, position)
    if match is None:
        raise Untokenized
    return match[0]


def _index(source: str, mark: str, position: int) -> int:
    found = source.find(mark, position)
    if found < 0:
        raise Untokenized
    return found


def _pattern_end(source: str, start: int) -> int:
    """Find where a regular expression ends: at a slash outside its brackets, after its flags."""
    depth, position = 0, start + 1
    while position < len(source):
        letter, escaped = source[position], source[position - 1] == "\\"
        if letter == "/" and not escaped and depth == 0:
            position += 1
            while position < len(source) and source[position] in "im":
                position += 1
            return position
        if not escaped:
            depth += (letter in "([{") - (letter in ")]}")
        position += 1
    raise Untokenized


def _ends_operand(token: Token, *, after_operand: bool) -> bool:
    if token.kind == "operator":
        return token.text in (")", "]", "}") or (
            token.text in ("*", "**", "%") and not after_operand
        )
    return not (token.kind == "name" and token.text in WORD_OPERATORS and after_operand)


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)
