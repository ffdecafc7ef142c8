import pytest

from functions.services.documents import NotYaml, read_document


class TestReadDocument:
    def test_knows_the_line_of_every_key(self) -> None:
        document = read_document("a: 1\nb:\n  - c: x\n    d: y\n")

        assert document.content == {"a": 1, "b": [{"c": "x", "d": "y"}]}
        assert document.line_of(("b", 0, "d")) == 4
        assert document.line_of(("b", 0, "nowhere")) == 3

    def test_is_yaml_1_2(self) -> None:
        document = read_document("switch: on\nday: 2026-01-02\nhex: 0x10\nempty:\n")

        assert document.content == {"switch": "on", "day": "2026-01-02", "hex": 16, "empty": None}

    def test_takes_an_empty_text(self) -> None:
        assert read_document("").content is None

    def test_names_the_line_of_a_fault(self) -> None:
        with pytest.raises(NotYaml) as refused:
            read_document("a: 1\nb: [1, 2\n")

        assert refused.value.line == 3

    def test_refuses_a_key_that_stands_twice(self) -> None:
        with pytest.raises(NotYaml) as refused:
            read_document("a: 1\nb: 2\na: 3\n")

        assert refused.value.line == 3

    def test_refuses_aliases_that_unfold_without_end(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

        with pytest.raises(NotYaml, match="too large"):
            read_document("\n".join(lines))

    def test_refuses_what_is_nested_too_deeply(self) -> None:
        with pytest.raises(NotYaml):
            read_document("[" * 500 + "]" * 500)

    @pytest.mark.parametrize(
        "text", ["a: " + "[" * 5000, "- " * 5000, "a: !!bool foo", "x" * 300_000, "a: " + "{" * 300]
    )
    def test_refuses_at_once_what_would_take_long(self, text: str) -> None:
        with pytest.raises(NotYaml):
            read_document(text)

    def test_makes_no_objects(self) -> None:
        document = read_document("a: !!python/object/apply:os.getcwd []\n")

        assert document.content == {"a": []}
