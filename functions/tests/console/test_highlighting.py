import pytest

from functions.console.highlighting import highlight


class TestHighlight:
    @pytest.mark.parametrize(
        ("line", "kinds"),
        [
            ("provider: REST", [("provider", "key"), (":", ""), (" REST", "")]),
            ("  - when: =$x", [("  - ", ""), ("when", "key"), (":", ""), (" =$x", "")]),
            ("# why", [("# why", "comment")]),
            (
                'title: "a # b" # c',
                [
                    ("title", "key"),
                    (":", ""),
                    (" ", ""),
                    ('"a # b"', "text"),
                    (" ", ""),
                    ("# c", "comment"),
                ],
            ),
            (
                "url: https://a.example/#x",
                [("url", "key"), (":", ""), (" https://a.example/#x", "")],
            ),
            ("", []),
        ],
    )
    def test_tells_keys_quoted_text_and_comments_apart(
        self, line: str, kinds: list[tuple[str, str]]
    ) -> None:
        assert [(part.text, part.kind) for part in highlight(line + "\n")[0]] == kinds

    def test_loses_nothing(self) -> None:
        text = "a: 'x'\n\n  - b: {c: \"d\"} # e\n\t<script>\n"

        lines = ["".join(part.text for part in line) for line in highlight(text)]

        assert lines == text.splitlines()
