"""Texts found in a text although it writes them escaped, as JSON does, and JSON within JSON."""

import re
from bisect import bisect_right
from collections.abc import Mapping

# Shorter ones would blot out ordinary words.
SHORTEST = 8


def replace_escaped(text: str, replacements: Mapping[str, str]) -> str:
    r"""Replace texts as they are, and where backslashes stand before their characters.

    `\u0061` is an `a`, `\/` a slash, `\\\"` a quotation mark. What replaces is letters and stars,
    so JSON stays JSON.
    """
    for known, replacement in replacements.items():
        text = text.replace(known, replacement)
    if not replacements or "\\" not in text:
        return text
    codes = {f"{ord(letter):04x}": letter for letter in set("".join(replacements))}
    escape = re.compile(rf"(?<!\\)\\++u(?:{'|'.join(codes)})", re.IGNORECASE)
    # Most answers hold none, so that is found out first, at a tenth of the cost.
    plain = escape.sub(lambda match: codes[match[0][-4:].lower()], text).replace("\\", "")
    for known, replacement in replacements.items():
        bare = known.replace("\\", "")
        if len(bare) >= SHORTEST and bare in plain:
            text = _Unescaped(text, codes).replace(bare, replacement)
    return text


class _Unescaped:
    """A text without its backslashes, which knows where each of its characters came from.

    A pattern would do, but not in linear time for every secret.
    """

    def __init__(self, text: str, codes: Mapping[str, str]) -> None:
        self._text = text
        self._runs: list[int] = []  # where a run of characters begins, here
        self._origins: list[tuple[int, int]] = []  # and there, with its backslashes and without
        self._pieces: list[str] = []
        self._length = 0
        begin = position = 0
        for match in re.finditer(r"\\++(?:u([0-9a-fA-F]{4}))?", text):
            self._add(text[position : match.start()], begin, position)
            begin, position = match.start(), match.end()
            code = (match[1] or "").lower()
            if code in codes:
                self._add(codes[code], begin, position - 1)
                begin = position
            elif code:
                position -= 5
        self._add(text[position:], begin, position)

    def _add(self, piece: str, begin: int, position: int) -> None:
        if piece:
            self._runs.append(self._length)
            self._origins.append((begin, position))
            self._pieces.append(piece)
            self._length += len(piece)

    def replace(self, bare: str, replacement: str) -> str:
        plain, kept, position = "".join(self._pieces), list[str](), 0
        found = plain.find(bare)
        while found >= 0:
            kept += [self._text[position : self._begin(found)], replacement]
            position = self._end(found + len(bare) - 1)
            found = plain.find(bare, found + len(bare))
        return "".join([*kept, self._text[position:]])

    def _begin(self, index: int) -> int:
        run = bisect_right(self._runs, index) - 1
        begin, position = self._origins[run]
        return begin if index == self._runs[run] else position + index - self._runs[run]

    def _end(self, index: int) -> int:
        run = bisect_right(self._runs, index) - 1
        return self._origins[run][1] + index - self._runs[run] + 1
