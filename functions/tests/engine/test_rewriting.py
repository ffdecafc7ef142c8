"""What is read out of an expression's tokens, and how it is written down again."""

import pytest

from functions.engine.rewriting import read
from functions.engine.tokens import Untokenized

C, F = "$__context__", "$__filled__"


class TestContext:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("@ctx.user.id", f"{C}.user.id"),
            ("@.user.id", f"{C}.user.id"),
            ("a & @ctx.user.id", f"a & {C}.user.id"),
            ("@ctx.queries.existing-countries", f"{C}.queries.`existing-countries`"),
            ("@ctx.parameters.X-ops-1 - 2", f"{C}.parameters.`X-ops-1` - 2"),
            ("@ctx.a-b.c-d[0].e-f", f"{C}.`a-b`.`c-d`[0].`e-f`"),
            ("@ctx.a - b-c", f"{C}.a - b-c"),
            ("@ctx.a-$x", f"{C}.a-$x"),
            ("@ctx.inputs.a-b.value", f"{C}.inputs.`a-b`"),
            ("@ctx.inputs.a.value.value", f"{C}.inputs.a.value"),
            ("@ctx.parameters.a.value", f"{C}.parameters.a.value"),
            ("$keys(@ctx)", f"$keys({C})"),
            ("items[@ctx.x = id]", f"items[{C}.x = id]"),
            ("\"@ctx.a\" & '@.b'", "\"@ctx.a\" & '@.b'"),
            ("`@ctx.a`", "`@ctx.a`"),
            ("/@ctx.a/", "/@ctx.a/"),
            ("/* @ctx.a */ 1", "/* @ctx.a */ 1"),
            ("$match(a, /[/]@ctx.b/i)", "$match(a, /[/]@ctx.b/i)"),
            ("a / @ctx.b / c", f"a / {C}.b / c"),
            ('"\\"@ctx.a"', '"\\"@ctx.a"'),
            ("a@$x.b", "a@$x.b"),
        ],
    )
    def test_it_is_reached_on_tokens_only(self, source: str, text: str) -> None:
        assert read(source).text() == text


class TestRootNames:
    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ("$.a.b", ["a"]),
            ("$$.a.b", ["a"]),
            ("a.b + c", ["a", "c"]),
            ('$."a b"', ["a b"]),
            ("$.'@odata.nextLink'", ["@odata.nextLink"]),
            ("`a b`.c", ["a b"]),
            ("a.(b & $.c & $$.d)", ["a", "d"]),
            ("a[b = $.c]", ["a"]),
            ("a{b: $sum($.c)}", ["a"]),
            ("a^(b)", ["a"]),
            ("a.$f($.b)", ["a"]),
            ("$f($.b, c)", ["b", "c"]),
            ("[$.a, {'k': b}]", ["a", "b"]),
            ("function($x){$x.a & b}", ["b"]),
            ("function($x)<s:s>{b}", ["b"]),
            ("function($x)<(sn)-b:b>{b}", ["b"]),
            ("a{b: c}", ["a"]),
            ("$f(a) > {'k': b}.k", ["a", "b"]),
            ("$map(a, function($x, $i){$.b})", ["a", "b"]),
            ("$ ~> |a|{'x': b}, ['c']| ~> $f($.d)", ["d"]),
            ("$ ~> |$.a|b|", []),
            ("a ~> |b.c|{'x': $.d}, e|.f", ["a"]),
            (r"""$."a\"\u0062\n" """, ['a"b\n']),
            ("$exists($.a) and $not($exists(b.c))", []),
            ("true and null", []),
            ("a in b or c", ["a", "b", "c"]),
            ("$.a(1)", []),
            ("$x.a", []),
            ("*.a", []),
            ("**.a", []),
            ("a % b * c", ["a", "b", "c"]),
            ("-a", ["a"]),
            ("a ? b : c", ["a", "b", "c"]),
            ("($x := a; $x.b)", ["a"]),
            ("a@$x.b#$i.c", ["a"]),
        ],
    )
    def test_names_at_the_root_are_found(self, source: str, names: list[str]) -> None:
        assert [root_name.name for root_name in read(source).root_names] == names

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("$.a.b", f"{F}.a.b"),
            ('$."a b" & a', f'{F}."a b" & {F}.a'),
            ("x.($$.a)", f"x.({F}.a)"),
            ("$.inputs.a.value", f"{F}.inputs.a"),
            ("inputs.'a-b'.value", f"{F}.inputs.'a-b'"),
        ],
    )
    def test_those_to_be_filled_in_are_written_as_such(self, source: str, text: str) -> None:
        filled = {"a", "a b", "inputs"}

        assert read(source).text(filled=filled, trimmed={"inputs"}) == text


class TestShapes:
    @pytest.mark.parametrize(
        ("source", "path"),
        [
            ("$", ()),
            ("$$", ()),
            ("$.a", ("a",)),
            ("a.b", ("a", "b")),
            ("$.'a b'.`c`", ("a b", "c")),
            ("a[0]", None),
            ("$a.b", None),
            ("'a'", None),
            ("true", None),
            ("a..b", None),
            ("a.1", None),
            ("", None),
        ],
    )
    def test_plain_paths_are_known(self, source: str, path: tuple[str, ...] | None) -> None:
        assert read(source).path == path

    @pytest.mark.parametrize(
        ("source", "keys"),
        [
            ('{"a": b, "c": [d, {"e": f}]}', {"a", "c"}),
            ('$.{"a": b}', {"a"}),
            ("{}", set()),
            ('{a: "b"}', None),
            ('{"a": 1}.a', None),
            ('x.{"a": 1}', None),
        ],
    )
    def test_the_fields_of_an_object_are_known(self, source: str, keys: set[str] | None) -> None:
        assert read(source).object_keys == keys

    def test_functions_are_listed(self) -> None:
        reading = read("$uuid() & $sum($map(a, $f)) & $words.format(1)")

        assert reading.functions == {"$uuid", "$sum", "$map"}
        assert set(reading.scripts) == {("words", "format")}

    @pytest.mark.parametrize("source", ['"a', "`a", "/a", "'a\\'"])
    def test_what_is_not_closed_is_not_read(self, source: str) -> None:
        with pytest.raises(Untokenized):
            read(source)
