"""What differs between two folders, as plain data that a page or a command draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from functions.services.archives import Files

CONTEXT = 3
# What a page can hold. Comparing may take time by the square of the lines, here milliseconds.
MOST_BYTES_OF_FILE = 128 * 1024
MOST_LINES_OF_FILE = 2000
MOST_BYTES = 1024 * 1024
MOST_LINES = 10_000


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Withheld(StrEnum):
    """Why a file's lines are not shown."""

    BINARY = "binary"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its number in each file that has it."""

    text: str
    before: int | None
    after: int | None

    @property
    def sign(self) -> str:
        if self.before is None:
            return "+"
        return "-" if self.after is None else " "


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs; in hunks, its lines that do, with some around them.

    Without hunks and nothing withheld, no more than the ends of lines differ.
    """

    path: str
    kind: Kind
    hunks: tuple[tuple[Line, ...], ...] = ()
    withheld: Withheld | None = None

    @property
    def added_lines(self) -> int:
        return self._count("+")

    @property
    def removed_lines(self) -> int:
        return self._count("-")

    def _count(self, sign: str) -> int:
        return sum(line.sign == sign for hunk in self.hunks for line in hunk)


def diff_files(before: Files, after: Files) -> list[FileChange]:
    """Return the files that differ, by path, with their lines while the whole stays bounded."""
    differing = [path for path in sorted(before | after) if before.get(path) != after.get(path)]
    room = _Room()
    return [_change(path, before.get(path), after.get(path), room) for path in differing]


@dataclass
class _Room:
    """What may still be compared."""

    size: int = MOST_BYTES
    lines: int = MOST_LINES

    def take(self, *contents: bytes) -> bool:
        """Answer whether there is room for these, and make them take it."""
        size = sum(map(len, contents))
        lines = sum(content.count(b"\n") + 1 for content in contents)
        fits = all(
            len(content) <= MOST_BYTES_OF_FILE and content.count(b"\n") < MOST_LINES_OF_FILE
            for content in contents
        )
        if not fits or size > self.size or lines > self.lines:
            return False
        self.size -= size
        self.lines -= lines
        return True


def _change(path: str, before: bytes | None, after: bytes | None, room: _Room) -> FileChange:
    kind = Kind.CHANGED
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
    old, new = before or b"", after or b""
    if b"\0" in old + new:
        return FileChange(path, kind, withheld=Withheld.BINARY)
    if not room.take(old, new):
        return FileChange(path, kind, withheld=Withheld.LARGE)
    try:
        hunks = _hunks(old.decode("utf-8-sig").splitlines(), new.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError:
        return FileChange(path, kind, withheld=Withheld.BINARY)
    return FileChange(path, kind, tuple(tuple(hunk) for hunk in hunks))


def _hunks(before: list[str], after: list[str]) -> Iterator[list[Line]]:
    matcher = SequenceMatcher(None, before, after)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield [
            line
            for tag, start, end, new_start, new_end in group
            for line in _lines(tag, before[start:end], after[new_start:new_end], start, new_start)
        ]


def _lines(
    tag: str, before: list[str], after: list[str], start: int, new_start: int
) -> Iterator[Line]:
    if tag == "equal":
        for index, text in enumerate(before, start=1):
            yield Line(text, start + index, new_start + index)
        return
    for index, text in enumerate(before, start=1):
        yield Line(text, start + index, None)
    for index, text in enumerate(after, start=1):
        yield Line(text, None, new_start + index)
