import pytest

from functions.services.version_diffs import (
    MOST_BYTES_OF_FILE,
    MOST_LINES,
    MOST_LINES_OF_FILE,
    FileChange,
    Kind,
    Withheld,
    diff_files,
)


def lines_of(change: FileChange) -> list[list[tuple[str, int | None, int | None]]]:
    return [[(line.sign + line.text, line.before, line.after) for line in h] for h in change.hunks]


class TestDiffFiles:
    def test_tells_what_came_went_and_changed_by_path(self) -> None:
        before = {"b": b"one\n", "c": b"one\n", "same": b"one\n"}
        after = {"a": b"one\n", "c": b"two\n", "same": b"one\n"}

        changes = diff_files(before, after)

        assert [(change.path, change.kind) for change in changes] == [
            ("a", Kind.ADDED),
            ("b", Kind.REMOVED),
            ("c", Kind.CHANGED),
        ]
        assert [(change.added_lines, change.removed_lines) for change in changes] == [
            (1, 0),
            (0, 1),
            (1, 1),
        ]

    def test_numbers_the_lines_of_both_files(self) -> None:
        [change] = diff_files(
            {"a": b"url: x\nmethod: GET\n"}, {"a": b"# why\nurl: x\nmethod: PUT\n"}
        )

        assert lines_of(change) == [
            [
                ("+# why", None, 1),
                (" url: x", 1, 2),
                ("-method: GET", 2, None),
                ("+method: PUT", None, 3),
            ]
        ]

    def test_shows_what_is_far_apart_in_parts(self) -> None:
        before = [f"line {number}" for number in range(1, 31)]
        after = ["first", *before[1:-1], "last"]

        [change] = diff_files({"a": "\n".join(before).encode()}, {"a": "\n".join(after).encode()})

        assert [(hunk[0].before, hunk[-1].after) for hunk in change.hunks] == [(1, 4), (27, 30)]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"\x89PNG\0\0", Withheld.BINARY),
            (b"caf\xe9", Withheld.BINARY),
            (b"x" * (MOST_BYTES_OF_FILE + 1), Withheld.LARGE),
            (b"x\n" * MOST_LINES_OF_FILE, Withheld.LARGE),
        ],
    )
    def test_says_why_it_shows_no_lines(self, content: bytes, reason: Withheld) -> None:
        [change] = diff_files({"a": b"text"}, {"a": content})

        assert (change.hunks, change.withheld) == ((), reason)

    def test_shows_no_more_in_all_than_a_page_can_hold(self) -> None:
        content = b"x\n" * (MOST_LINES_OF_FILE - 1)
        files = {f"{number}": content for number in range(10)}

        changes = diff_files({}, files)

        assert len(changes) == 10
        assert sum(change.added_lines for change in changes) <= MOST_LINES
        assert {change.withheld for change in changes} == {None, Withheld.LARGE}

    def test_finds_no_lines_where_only_their_ends_differ(self) -> None:
        [change] = diff_files({"a": b"one\r\n"}, {"a": b"one\n"})

        assert (change.kind, change.hunks, change.withheld) == (Kind.CHANGED, (), None)

    def test_is_empty_for_equal_folders(self) -> None:
        assert diff_files({"a": b"one"}, {"a": b"one"}) == []
