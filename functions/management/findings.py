"""Faults, warnings and changes of a folder, as a terminal shows them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from functions.services.version_diffs import FileChange, Kind, Withheld
from jigxmgmt.errors import FieldFault

MOST_LINES = 400
_SIGNS = {Kind.ADDED: "A", Kind.REMOVED: "D", Kind.CHANGED: "M"}
_WITHHELD = {Withheld.BINARY: "(binary)", Withheld.LARGE: "(too large to compare)"}


def line_of(finding: FieldFault, *, prefix: str = "") -> str:
    """Write one as compilers do, with the key at the end."""
    place = ":".join(str(part) for part in (finding.file, finding.line) if part)
    key = finding.pointer.removeprefix("/")
    words = f"{prefix}{finding.detail}"
    if not place:
        return _printable(f"{finding.pointer}: {words}")
    return _printable(f"{place}: {words} ({key})" if key else f"{place}: {words}")


def lines_of_changes(changes: Iterable[FileChange]) -> Iterator[str]:
    """Write files that differ with their lines that do, at most so many lines in all."""
    lines = (line for change in changes for line in _lines_of(change))
    yield from islice(lines, MOST_LINES)
    left = sum(1 for _ in lines)
    if left:
        yield f"… and {left} more lines"


def _lines_of(change: FileChange) -> Iterator[str]:
    note = f" {_WITHHELD[change.withheld]}" if change.withheld else ""
    yield f"{_SIGNS[change.kind]} {change.path}{note}"
    for hunk in change.hunks:
        before, after = ([line.before for line in hunk], [line.after for line in hunk])
        yield f"@@ -{_span(before)} +{_span(after)} @@"
        yield from (f"{line.sign}{_printable(line.text)}" for line in hunk)


def _span(numbers: list[int | None]) -> str:
    """Write where a hunk stands in one of the files, as a unified diff does."""
    known = [number for number in numbers if number is not None]
    return f"{known[0]},{len(known)}" if known else "0,0"


def _printable(text: str) -> str:
    """A file's text may not move the terminal's cursor or change its colours."""
    return "".join(
        letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in text
    )
