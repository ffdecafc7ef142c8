"""How an answer is read."""

from typing import Any

import pytest
from aiohttp import web

from functions.tests.engine.upstream import Played, get, play


def read(form: str, body: bytes, *, content_type: str = "application/octet-stream") -> Played:
    return play(
        get(format=form),
        service=lambda _request: web.Response(body=body, headers={"Content-Type": content_type}),
    )


class TestJson:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b'{"a": 1}', {"a": 1}),
            (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
            (b"null", None),
            (b" \r\n", None),
            (b"", None),
            (b'"text"', "text"),
        ],
    )
    def test_bodies(self, body: bytes, expected: Any) -> None:
        played = read("json", body)

        assert played.outcome.status == "ok"
        assert played.outcome.output == expected

    def test_a_declared_charset_is_used(self) -> None:
        played = read(
            "json", '{"a": "ü"}'.encode("latin-1"), content_type="application/json; charset=latin1"
        )

        assert played.outcome.output == {"a": "ü"}

    @pytest.mark.parametrize("body", [b"<html>", b"{", b'{"a": NaN}', b"[1,]"])
    def test_what_is_not_json_is_refused(self, body: bytes) -> None:
        assert read("json", body).error == "BadResponse"


class TestText:
    def test_the_body_is_a_text(self) -> None:
        assert read("text", "grüezi".encode()).outcome.output == "grüezi"

    def test_a_codec_that_is_no_charset_is_taken_as_utf_8(self) -> None:
        played = read("text", b"abc-def", content_type="text/plain; charset=punycode")

        assert played.outcome.output == "abc-def"

    def test_an_unknown_charset_is_taken_as_utf_8(self) -> None:
        played = read("text", "grüezi".encode(), content_type="text/plain; charset=klingon")

        assert played.outcome.output == "grüezi"


class TestPdf:
    @pytest.mark.parametrize(
        ("body", "expected"), [(b'{"message": "no"}', {"message": "no"}), (b"no", "no")]
    )
    def test_an_error_is_no_file(self, body: bytes, expected: Any) -> None:
        played = play(
            get(format="pdf"), service=lambda _request: web.Response(status=404, body=body)
        )

        assert played.outcome.error is not None
        assert played.outcome.error["details"] == expected

    def test_the_body_is_base64(self) -> None:
        assert read("pdf", b"%PDF\x00\xff").outcome.output == {"data": "JVBERgD/"}


class TestXml:
    def test_elements_attributes_texts_and_repeats(self) -> None:
        body = b"""<?xml version="1.0" encoding="UTF-8"?>
            <s:orders xmlns:s="urn:x" total="2">
              <order id="1"><name>A &amp; B</name><note lang="en">hi</note><empty/></order>
              <order id="2"><name><![CDATA[<C>]]></name></order>
            </s:orders>"""

        assert read("xml", body).outcome.output == {
            "s:orders": {
                "@xmlns:s": "urn:x",
                "@total": "2",
                "order": [
                    {
                        "@id": "1",
                        "name": "A & B",
                        "note": {"@lang": "en", "#text": "hi"},
                        "empty": None,
                    },
                    {"@id": "2", "name": "<C>"},
                ],
            }
        }

    @pytest.mark.parametrize(
        "body",
        [
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            b'<!DOCTYPE a SYSTEM "http://evil.test/a.dtd"><a/>',
            b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
            b"<a>",
            b"<a>&undefined;</a>",
            b"{}",
            b"<a>" * 5000,
        ],
    )
    def test_document_types_and_what_is_malformed_are_refused(self, body: bytes) -> None:
        assert read("xml", body).error == "BadResponse"
