"""No value changes where a request goes, or what another value says."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.engine.failures import BadRequest
from functions.engine.urls import UrlTemplate, checked_url, origin_of, query_pairs, text_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
HOSTILE = st.one_of(
    TEXTS,
    st.sampled_from(
        ["..", ".", "%2e%2e", "../..", "a/../b", "?x=1", "#f", "&a=b", "//evil.test", "@evil.test"]
    ),
    st.text("./\\?#&=%@:;+ \r\n{}\x00", max_size=12),
)
URL_TEXT = re.compile(r"[\x21-\x7e]+")
TEMPLATE = UrlTemplate("https://api.test:8443/v1/{a}/x-{b}/end?fixed=1&c={c}")


class TestValues:
    @settings(deadline=None)  # a busy machine is no fault of a value
    @given(a=HOSTILE, b=HOSTILE, c=HOSTILE, d=HOSTILE)
    def test_a_value_stays_what_and_where_it_is(self, a: str, b: str, c: str, d: str) -> None:
        try:
            url = TEMPLATE.build({"a": a, "b": b, "c": c}, without={"d"}, query=query_pairs("d", d))
        except BadRequest:
            assert a in (".", "..")
            return
        parts = urlsplit(url)
        assert URL_TEXT.fullmatch(url)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.test:8443", "")
        assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", a, f"x-{b}", "end"]
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        assert pairs == [("fixed", "1"), ("c", c), ("d", d)]

    @settings(deadline=None)  # a busy machine is no fault of a value
    @given(name=TEXTS.filter(bool), value=HOSTILE)
    def test_a_query_parameter_may_have_any_name(self, name: str, value: str) -> None:
        url = checked_url("https://api.test/?a=1", query=query_pairs(name, value))

        pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        assert pairs == [("a", "1"), (name, value)]

    @settings(deadline=None)  # a busy machine is no fault of a value
    @given(host=HOSTILE)
    def test_a_structural_value_is_a_host_or_refused(self, host: str) -> None:
        template = UrlTemplate("https://{host}.example.test/v1/x?a=1")
        try:
            url = template.build({"host": host}, without=(), query=())
        except BadRequest:
            return
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.hostname.endswith(".example.test")
        assert (parts.path, parts.query, parts.port, parts.username) == ("/v1/x", "a=1", None, None)

    @settings(deadline=None)  # a busy machine is no fault of a value
    @given(base=st.one_of(HOSTILE, HOSTILE.map("https://h.test".__add__)))
    def test_a_leading_value_is_an_address_or_refused(self, base: str) -> None:
        try:
            url = UrlTemplate("{base}/v1").build({"base": base}, without=(), query=())
        except BadRequest:
            return
        parts = urlsplit(url)
        assert parts.scheme in ("http", "https")
        assert parts.path.endswith("/v1")
        assert (parts.query, parts.fragment, parts.username) == ("", "", None)

    @settings(deadline=None)  # a busy machine is no fault of a value
    @given(url=st.one_of(HOSTILE, HOSTILE.map("https://h.test/".__add__)))
    def test_a_whole_url_has_an_origin_or_is_refused(self, url: str) -> None:
        try:
            checked = checked_url(url)
        except BadRequest:
            return
        assert URL_TEXT.fullmatch(checked)
        assert checked.startswith(origin_of(checked) + "/")
        assert checked_url(checked) == checked
        assert not {".", ".."} & {unquote(part) for part in urlsplit(checked).path.split("/")}


class TestOrigins:
    @pytest.mark.parametrize(
        ("url", "origin"),
        [
            ("https://API.Example.com/x?y#z", "https://api.example.com"),
            ("HTTPS://api.example.com:443/", "https://api.example.com"),
            ("http://api.example.com:80", "http://api.example.com"),
            ("https://api.example.com:8443/", "https://api.example.com:8443"),
            ("https://bücher.example/", "https://xn--bcher-kva.example"),
            ("https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444"),
        ],
    )
    def test_an_origin_is_scheme_host_and_port(self, url: str, origin: str) -> None:
        assert origin_of(url) == origin

    @pytest.mark.parametrize(
        "url",
        [
            "api.example.com",
            "ftp://api.example.com",
            "https://",
            "https://a@b.example",
            "https://a:b@b.example",
            "https://a b.example",
            "https://a:0/",
            "https://a:70000/",
            "https://a:b/",
            "https://[::zz]/",
            "https://faß.example/",
            "https://a..b/",
            "https://%61.example/",
        ],
    )
    def test_what_has_no_sound_origin_is_refused(self, url: str) -> None:
        with pytest.raises(BadRequest):
            origin_of(url)


class TestTemplates:
    @pytest.mark.parametrize(
        ("source", "tokens", "query_tokens"),
        [
            ("https://a.test/{x}/{y-z}?q={$top}", ("x", "y-z"), ("$top",)),
            ("{base}/v1", ("base",), ()),
            ("https://{host}:{port}/", ("host", "port"), ()),
            ("https://a.test/x#{y}", (), ()),
        ],
    )
    def test_tokens_are_found(
        self, source: str, tokens: tuple[str, ...], query_tokens: tuple[str, ...]
    ) -> None:
        template = UrlTemplate(source)

        assert (template.tokens, template.query_tokens) == (tokens, query_tokens)

    def test_a_port_and_a_scheme_are_structural(self) -> None:
        template = UrlTemplate("{scheme}://h.test:{port}/x")

        url = template.build({"scheme": "HTTP", "port": 8080}, without=(), query=())

        assert url == "http://h.test:8080/x"

    def test_a_token_that_is_all_of_the_address_may_have_a_path(self) -> None:
        template = UrlTemplate("https://{place}?a=1")

        url = template.build({"place": "H.test:8443/v1/x"}, without=(), query=())

        assert url == "https://h.test:8443/v1/x?a=1"

    @pytest.mark.parametrize(
        ("source", "place"),
        [
            ("https://{place}", "h.test/../x"),
            ("https://{place}", "h.test?a"),
            ("https://{place}", "u@h.test/x"),
            ("https://{place}", "/x"),
            ("https://{place}", "h.test\\x"),
            ("https://{place}/x", "h.test/y"),
            ("https://{place}.h.test", "evil.test/"),
            ("https://{place}rows", "h.test/"),
        ],
    )
    def test_a_path_is_none_of_a_host(self, source: str, place: str) -> None:
        with pytest.raises(BadRequest):
            UrlTemplate(source).build({"place": place}, without=(), query=())

    @pytest.mark.parametrize("port", ["80/x", "80@evil.test", "x", ""])
    def test_a_port_is_a_number(self, port: str) -> None:
        with pytest.raises(BadRequest):
            UrlTemplate("https://h.test:{port}x/").build({"port": port}, without=(), query=())

    def test_what_is_written_in_the_template_is_kept(self) -> None:
        template = UrlTemplate("https://h.test/a%20b/c d?$select=id,name&$filter=a eq 'b'")

        assert template.build({}, without=(), query=()) == (
            "https://h.test/a%20b/c%20d?$select=id,name&$filter=a%20eq%20'b'"
        )

    def test_a_path_token_needs_a_value(self) -> None:
        with pytest.raises(BadRequest, match="parameter x"):
            UrlTemplate("https://h.test/{x}").build({"x": None}, without=(), query=())


class TestTexts:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a", "a"),
            (True, "true"),
            (1, "1"),
            (2.0, "2"),
            (1.5, "1.5"),
            (10**30, "1" + "0" * 30),
            ({"a": [1, "b"]}, '{"a":[1,"b"]}'),
        ],
    )
    def test_values_are_written_as_json_without_quotes(self, value: Any, text: str) -> None:
        assert text_of(value) == text
