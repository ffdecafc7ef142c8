"""Secrets that a service sends back, or an expression reaches for: none leaves the engine."""

import json

import pytest
from aiohttp import web

from functions.tests.engine.upstream import Played, Received, credential, get, play, post, serve


def echo(request: Received) -> web.Response:
    """Send back everything that came."""
    return web.json_response(
        {
            "headers": dict(request.headers),
            "path": request.path,
            "query": request.fields,
            "body": request.body.decode(),
        },
        headers={"X-Echo": request.headers.get("X-Key", "")},
    )


def is_free_of(played: Played, secret: str) -> bool:
    return secret not in repr(played.outcome) and secret not in json.dumps(
        [
            played.outcome.output,
            played.outcome.records,
            played.outcome.operations,
            played.outcome.error,
            played.outcome.warnings,
        ],
        ensure_ascii=False,
    )


ECHOED = {
    "accessToken": {"location": "header", "value": "key"},
    "X-Key": {"location": "header", "value": "other"},
    "q": {"location": "query", "value": "other"},
}
KEYS = (credential("key", "abc-123-def"), credential("other", "zyx-987-wvu"))


class TestMasking:
    @pytest.mark.parametrize(
        "transform",
        [
            "$",
            "headers.Authorization & '!'",
            "$base64encode(headers.Authorization)",
            "{headers.Authorization: 1}",
            "@ctx.parameters.accessToken",
            "@ctx.request",
            "@ctx.response.headers",
        ],
    )
    def test_what_the_service_sends_back_is_masked(self, transform: str) -> None:
        played = play(
            get(parameters=ECHOED, outputTransform=transform), service=echo, credentials=KEYS
        )

        assert played.outcome.output
        assert is_free_of(played, "abc-123-def")
        assert is_free_of(played, "zyx-987-wvu")
        assert is_free_of(played, "YmVhcmVyIGFiYy0xMjMtZGVm")

    @pytest.mark.parametrize(
        "answer",
        [
            web.json_response({"k": "zyx-987-wvu"}),
            web.json_response({"k": "zyx-987-wvu"}, status=500),
            web.json_response({}, headers={"X-Echo": "zyx-987-wvu"}),
            web.Response(status=200, reason="zyx-987-wvu", body=b"{}"),
            web.Response(body=b'{"k": "\\u007ayx-987-wvu"}', content_type="application/json"),
        ],
    )
    def test_is_flagged(self, answer: web.Response) -> None:
        played = play(get(parameters=ECHOED), service=lambda _request: answer, credentials=KEYS)

        assert played.outcome.echoed_secret
        assert is_free_of(played, "zyx-987-wvu")

    @pytest.mark.parametrize(
        ("form", "body"),
        [("text", b"= zyx-987-wvu ="), ("xml", b"<k>zyx-987-wvu</k>"), ("pdf", b"\x00zyx-987-wvu")],
    )
    def test_is_flagged_in_every_format(self, form: str, body: bytes) -> None:
        source = get(parameters=ECHOED, format=form)

        played = play(source, service=lambda _request: web.Response(body=body), credentials=KEYS)

        assert played.outcome.echoed_secret

    def test_is_not_flagged_where_nothing_comes_back(self) -> None:
        service = serve({"k": "another"})

        assert not play(
            get(parameters=ECHOED), service=service, credentials=KEYS
        ).outcome.echoed_secret

    def test_a_masked_secret_reads_as_three_stars(self) -> None:
        played = play(
            get(parameters=ECHOED, outputTransform="query.q"), service=echo, credentials=KEYS
        )

        assert played.outcome.output == "***"

    @pytest.mark.parametrize(
        "written",
        [
            r'{"key": "abc\/\u0064efg\"hijk"}',
            r'{"key": "\u0061bc/defg\u0022hijk"}',
            r'{"abc\/defg\"hijk": "key"}',
            r'[["is \u0061bc/defg\"hijk, yes"]]',
            r'{"body": "{\"key\": \"abc\\/defg\\\"hijk\"}"}',
            r'{"url": "/?q=abc%2Fdefg%22hijk"}',
        ],
    )
    @pytest.mark.parametrize("transform", [None, "$", "$string($)", "$eval($string($))"])
    @pytest.mark.parametrize("status", [200, 400])
    def test_an_escape_hides_no_secret(
        self, written: str, transform: str | None, status: int
    ) -> None:
        source = get(
            parameters={"X-Key": {"location": "header", "value": "key"}},
            outputTransform=transform,
            errorTransform=transform,
        )

        played = play(
            source,
            service=lambda _request: web.Response(text=written, status=status),
            credentials=(credential("key", 'abc/defg"hijk'),),
        )

        assert "***" in str([played.outcome.output, played.outcome.error])
        assert is_free_of(played, "hijk")

    @pytest.mark.parametrize(
        ("form", "content_type", "written"),
        [
            ("text", "text/plain", b"it is abc/defg<hijk"),
            ("text", "text/plain", rb'{"key": "abc\/defg<hijk"}'),
            ("text", "text/plain; charset=utf-16", "it is abc/defg<hijk".encode("utf-16")),
            ("json", "text/json; charset=utf-16", '"abc/defg<hijk"'.encode("utf-16")),
            ("xml", "text/xml", b"<a>&#97;bc/defg&lt;hijk</a>"),
            ("xml", "text/xml", b'<a b="abc/defg&lt;hijk"/>'),
        ],
    )
    def test_no_format_hides_a_secret(self, form: str, content_type: str, written: bytes) -> None:
        source = get(format=form, parameters={"X-Key": {"location": "header", "value": "key"}})

        played = play(
            source,
            service=lambda _request: web.Response(
                body=written, headers={"Content-Type": content_type}
            ),
            credentials=(credential("key", "abc/defg<hijk"),),
        )

        assert "***" in str(played.outcome.output)
        assert is_free_of(played, "hijk")

    def test_the_reason_of_a_status_is_masked(self) -> None:
        source = get(
            parameters={"X-Key": {"location": "header", "value": "key"}},
            outputTransform="@ctx.response.statusText",
        )

        played = play(
            source,
            service=lambda _request: web.Response(reason="not abcdefghijk"),
            credentials=(credential("key", "abcdefghijk"),),
        )

        assert played.outcome.output == "not ***"

    def test_an_answer_without_the_secret_stays_as_it_is(self) -> None:
        written = r'{"a": "\u00e9\\n", "id": 9007199254740993, "rate": 1.0}'
        source = get(parameters={"X-Key": {"location": "header", "value": "key"}})

        played = play(
            source,
            service=lambda _request: web.Response(text=written),
            credentials=(credential("key", "abcdefghijk"),),
        )

        assert repr(played.outcome.output) == repr(json.loads(written))

    @pytest.mark.parametrize("written", [r'{"a": "\u0061bcdefghijk", "b": "\ud800"}', "\\u0061"])
    def test_what_is_not_json_reaches_no_expression(self, written: str) -> None:
        source = get(
            parameters={"X-Key": {"location": "header", "value": "key"}}, outputTransform="[a]"
        )

        played = play(
            source,
            service=lambda _request: web.Response(text=written),
            credentials=(credential("key", "abcdefghijk"),),
        )

        assert played.error == "BadResponse"

    def test_a_short_secret_would_blot_out_words(self) -> None:
        source = get(parameters={"q": {"location": "query", "value": "key"}})

        played = play(source, service=echo, credentials=(credential("key", "a"),))

        assert played.outcome.output["query"] == {"q": "a"}

    def test_basic_auth_is_masked_in_both_its_forms(self) -> None:
        source = get(parameters={"basicAuth": {"location": "header", "value": "key"}})

        played = play(
            source,
            service=lambda request: web.json_response(
                [request.headers["Authorization"], "ann:longpassword", "it is longpassword"]
            ),
            credentials=(credential("key", "ann:longpassword", type="basic_auth"),),
        )

        assert played.outcome.output == ["Basic ***", "***", "it is ***"]

    def test_an_error_holds_no_secret(self) -> None:
        source = get(
            parameters=ECHOED,
            error=[
                {
                    "title": "=@ctx.response.body.query.q",
                    "details": "=@ctx.request",
                    "description": "=@ctx.parameters.accessToken",
                }
            ],
        )

        def refuse(request: Received) -> web.Response:
            answer = echo(request)
            answer.set_status(403)
            return answer

        played = play(source, service=refuse, credentials=KEYS)

        assert played.error == "UpstreamError"
        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "***"
        assert is_free_of(played, "abc-123-def")
        assert is_free_of(played, "zyx-987-wvu")
        assert "jxheld" not in str(played.outcome.error)

    def test_the_request_reads_stars_where_a_credential_stood(self) -> None:
        source = post(
            parameters={
                **ECHOED,
                "b": {"location": "body", "value": "other"},
                "X-Plain": {"location": "header", "value": "seen text"},
            },
            outputTransform="@ctx.request",
        )

        shown = play(source, credentials=KEYS).outcome.output

        assert shown["url"].endswith("?q=***")
        assert shown["headers"]["authorization"] == "***"
        assert shown["headers"]["x-key"] == "***"
        assert shown["headers"]["x-plain"] == "seen text"
        assert shown["body"] == {"b": "***"}
