import pytest

from functions.console.highlighting import highlight, highlight_statement


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


class TestHighlightStatement:
    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("a = @b", [[("a = ", ""), ("@b", "key")]]),
            ("@@ROWCOUNT x@y.z", [[("@@ROWCOUNT x@y.z", "")]]),
            ("N'it''s @b' [@c]", [[("N", ""), ("'it''s @b'", "text"), (" ", ""), ("[@c]", "")]]),
            ("-- @a\n/* b\n\nc */ @d", None),
        ],
    )
    def test_tells_parameters_texts_and_comments_apart(
        self, text: str, kinds: list[list[tuple[str, str]]] | None
    ) -> None:
        several = [
            [("-- @a", "comment")],
            [("/* b", "comment")],
            [],
            [("c */", "comment"), (" ", ""), ("@d", "key")],
        ]

        lines = [[(part.text, part.kind) for part in line] for line in highlight_statement(text)]

        assert lines == (kinds or several)

    @pytest.mark.parametrize("text", ["", "'open\n", "/* open", "[open", "a\r\nb\n\n'c\n'd"])
    def test_loses_nothing(self, text: str) -> None:
        lines = ["".join(part.text for part in line) for line in highlight_statement(text)]

        assert lines == (text.splitlines() or [""])
