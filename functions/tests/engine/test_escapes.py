"""A known text is found however JSON writes it, and nothing else is touched."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.engine.escapes import replace_escaped

KNOWN = 'ab/"\\cdef<é'
STARS = {KNOWN: "***"}


def escaped(letter: str) -> st.SearchStrategy[str]:
    """Write a letter in one of the ways that JSON allows."""
    ways = [json.dumps(letter)[1:-1], f"\\u{ord(letter):04x}", f"\\u{ord(letter):04X}"]
    if letter == "/":
        ways.append("\\/")
    return st.sampled_from(ways)


WRITTEN = st.tuples(*(escaped(letter) for letter in KNOWN.replace("\\", ""))).map("".join)

# A backslash right before is taken for one of the escape's own.
AROUND = st.text(st.characters(exclude_characters="\\"), max_size=5)


class TestReplaceEscaped:
    @settings(deadline=None)
    @given(WRITTEN, AROUND, AROUND)
    def test_it_is_found_however_it_is_written(self, written: str, before: str, after: str) -> None:
        head, tail = json.dumps(before)[:-1], json.dumps(after)[1:]

        replaced = replace_escaped(head + written + tail, {KNOWN.replace("\\", ""): "***"})

        assert json.loads(replaced) == f"{before}***{after}"

    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_it_is_found_in_json_within_json(self, depth: int) -> None:
        written = f"{KNOWN} and {KNOWN}"
        for _ in range(depth):
            written = json.dumps({"k": written})

        replaced = replace_escaped(written, STARS)

        for _ in range(depth):
            replaced = json.loads(replaced)["k"]
        assert replaced == "*** and ***"

    @settings(deadline=None)
    @given(st.text(st.sampled_from('a\\"/u0061nd'), max_size=30))
    def test_what_does_not_hold_it_stays(self, text: str) -> None:
        assert replace_escaped(json.dumps(text), {"abcdefgh": "***"}) == json.dumps(text)

    def test_a_short_one_would_blot_out_words(self) -> None:
        assert replace_escaped(r"\u0061b", {"ab": "***"}) == r"\u0061b"

    def test_a_hostile_answer_costs_little(self) -> None:
        text = ("x\\" * 1999 + "y") * 100 + "x\\" * 2000

        assert replace_escaped(text, {"x" * 2000: "***"}).endswith("***\\")
