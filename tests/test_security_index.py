"""The security index names each item of OWASP ASVS 5.0 chapters 6 to 10 once, and real tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INDEX = ROOT / "docs" / "security.md"
# How many items each section has.
SECTIONS = {
    "6.1": 3,
    "6.2": 12,
    "6.3": 8,
    "6.4": 6,
    "6.5": 8,
    "6.6": 4,
    "6.7": 2,
    "6.8": 4,
    "7.1": 3,
    "7.2": 4,
    "7.3": 2,
    "7.4": 5,
    "7.5": 3,
    "7.6": 2,
    "8.1": 4,
    "8.2": 4,
    "8.3": 3,
    "8.4": 2,
    "9.1": 3,
    "9.2": 4,
    "10.1": 2,
    "10.2": 3,
    "10.3": 5,
    "10.4": 16,
    "10.5": 5,
    "10.6": 2,
    "10.7": 3,
}
ITEMS = [f"{section}.{item}" for section, most in SECTIONS.items() for item in range(1, most + 1)]
WORDS_OF_EXCEPTIONS = ("Does not hold: ", "Does not apply: ")
MOST_WORDS = 12


def rows() -> list[list[str]]:
    """Return the cells of each row that begins with an item's number."""
    lines = INDEX.read_text().splitlines()
    found = [line for line in lines if re.match(r"\| \d+\.\d+\.\d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def named_tests(text: str) -> list[str]:
    return re.findall(r"`([\w/]+\.py::[\w:]+)`", text)


@cache
def those_in(path: str) -> frozenset[str]:
    """Return the tests of a file as pytest names them after its path."""
    file = ROOT / path
    if not file.exists():
        return frozenset()
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            found |= {f"{node.name}::{name}" for name in names if name.startswith("test_")}
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.add(node.name)
    return frozenset(found)


class TestIndex:
    def test_has_each_item_once_and_in_order(self) -> None:
        assert [cells[0] for cells in rows()] == ITEMS

    @pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0])
    def test_says_of_an_item_how_it_holds_or_that_it_does_not(self, cells: list[str]) -> None:
        item, level, asked, told, tests = cells

        assert level in ("1", "2", "3"), item
        assert 0 < len(asked.split()) <= MOST_WORDS, item
        assert told, item
        if not told.startswith(WORDS_OF_EXCEPTIONS):
            assert named_tests(tests) or tests == "this document", item

    def test_names_tests_that_are_there(self) -> None:
        named = named_tests(INDEX.read_text())

        assert len(named) > len(ITEMS)
        gone = [
            name
            for name in named
            if name.partition("::")[2] not in those_in(name.partition("::")[0])
        ]
        assert gone == []
