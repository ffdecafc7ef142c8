"""Pages: what leads on, what ends the loop, and what is refused."""

from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import ADDRESS, Received, Service, credential, get, play, post


def numbered(request: Received) -> web.Response:
    """Three pages of two rows."""
    page = int(request.fields.get("page", "1"))
    rows = [{"id": page * 10}, {"id": page * 10 + 1}]
    return web.json_response({"rows": rows, "page": page, "more": page < 3})


PAGE = {"page": {"location": "query", "type": "int", "value": 1}}
NEXT_PAGE = {"page": {"location": "query", "type": "int", "value": "=@ctx.parameters.page + 1"}}
COUNTED = get(
    parameters=PAGE,
    records="=$.rows",
    continuation={"when": "=$.more", "parameters": NEXT_PAGE},
)


def link(target: str, *, first: str = "/rows") -> Service:
    """Serve a page that leads to the target, which is the last."""

    def serve(request: Received) -> web.Response:
        if request.path == first:
            return web.json_response({"rows": [{"id": 1}], "next": target})
        return web.json_response({"rows": [{"id": 2}]})

    return serve


LINKED = get(records="=$.rows", continuation={"when": "=$.next", "url": "=$.next"})


class TestPaging:
    def test_rows_of_all_pages_are_joined_in_order(self) -> None:
        played = play(COUNTED, service=numbered)

        assert [row["id"] for row in played.outcome.records] == [10, 11, 20, 21, 30, 31]
        assert played.outcome.pages == 3

    def test_the_output_of_several_pages_without_records_is_joined_too(self) -> None:
        source = get(
            parameters=PAGE,
            outputTransform="rows.id",
            continuation={"when": "=@ctx.response.body.more", "parameters": NEXT_PAGE},
        )

        played = play(source, service=numbered)

        assert played.outcome.output == [10, 11, 20, 21, 30, 31]

    def test_a_name_that_the_rows_lack_is_asked_of_the_body(self) -> None:
        source = get(
            parameters=PAGE,
            outputTransform='$.rows.{"id": id}',
            continuation={"when": "=$count($.rows) = 2 and $.page < 3", "parameters": NEXT_PAGE},
        )

        played = play(source, service=numbered)

        assert [row["id"] for row in played.outcome.records] == [10, 11, 20, 21, 30, 31]

    def test_one_page_keeps_the_shape_of_its_result(self) -> None:
        source = get(continuation={"when": False, "url": "=$.next"})

        played = play(source, service=numbered)

        assert played.outcome.output["page"] == 1

    def test_its_own_parameters_replace_the_functions(self) -> None:
        source = get(
            parameters={**PAGE, "first": {"location": "query", "value": "only"}},
            records="=$.rows",
            continuation={"when": "=$.more", "parameters": NEXT_PAGE},
        )

        played = play(source, service=numbered)

        assert [request.path for request in played.requests] == [
            "/rows?page=1&first=only",
            "/rows?page=2",
            "/rows?page=3",
        ]

    def test_a_parameter_without_a_default_keeps_its_value(self) -> None:
        source = get(
            parameters={**PAGE, "list": {"location": "query"}},
            records="=$.rows",
            continuation={
                "when": "=$.more",
                "parameters": {**NEXT_PAGE, "list": {"location": "query"}},
            },
        )

        played = play(source, service=numbered, parameters={"list": "a"})

        assert [request.fields["list"] for request in played.requests] == ["a", "a", "a"]

    def test_without_parameters_of_its_own_it_keeps_the_functions(self) -> None:
        source = get(
            parameters={"size": {"location": "query", "value": 2}},
            continuation={"when": "=$.next", "url": "=$.next"},
        )

        played = play(source, service=link("/more?skip=2&size=9", first="/rows?size=2"))

        assert [request.path for request in played.requests] == [
            "/rows?size=2",
            "/more?skip=2&size=2",
        ]

    def test_a_template_leads_on_with_tokens(self) -> None:
        source = get(
            records="=$.rows",
            continuation={
                "when": "=$.next",
                "url": f"{ADDRESS}/rows/{{cursor}}",
                "parameters": {
                    "cursor": {"location": "path", "required": True, "value": "=$.next"}
                },
            },
        )

        played = play(source, service=link("a/b"))

        assert played.requests[1].path == "/rows/a%2Fb"

    def test_the_condition_of_the_function_is_asked_again_for_each_page(self) -> None:
        source = {**COUNTED, "when": "=@ctx.parameters.page < 3"}

        played = play(source, service=numbered)

        assert played.outcome.status == "ok"
        assert [row["id"] for row in played.outcome.records] == [10, 11, 20, 21]

    def test_a_failed_page_fails_the_call(self) -> None:
        def serve(request: Received) -> web.Response:
            if request.fields.get("page") == "2":
                return web.json_response({"message": "no"}, status=500)
            return numbered(request)

        played = play(COUNTED, service=serve)

        assert played.error == "UpstreamError"
        assert list(played.outcome.records) == []


class TestRefusals:
    def test_another_origin_without_a_credential_is_refused(self) -> None:
        played = play(LINKED, service=link("https://elsewhere.test/rows"))

        assert played.error == "ContinuationRefused"
        assert len(played.requests) == 1

    @pytest.mark.parametrize("origins", [(ADDRESS,), (ADDRESS, "https://other.test")])
    def test_another_origin_is_refused_to_a_credential_of_this_one(
        self, origins: tuple[str, ...]
    ) -> None:
        source = {
            **LINKED,
            "parameters": {"accessToken": {"location": "header", "value": "key"}},
        }

        played = play(
            source,
            service=link("https://elsewhere.test/rows"),
            credentials=(credential("key", "a-long-secret", origins=origins),),
        )

        assert played.error == "ContinuationRefused"
        assert len(played.requests) == 1

    def test_another_origin_is_open_to_a_credential_that_is_bound_to_it(self) -> None:
        source = {
            **LINKED,
            "parameters": {"accessToken": {"location": "header", "value": "key"}},
        }

        played = play(
            source,
            service=link("http://localhost:1/rows"),
            credentials=(
                credential("key", "a-long-secret", origins=(ADDRESS, "http://localhost:1")),
            ),
        )

        assert played.error == "UpstreamUnreachable"

    @pytest.mark.parametrize("target", ["", None, 5, {"a": 1}, "//[x"])
    def test_a_next_page_without_an_address_is_refused(self, target: Any) -> None:
        source = {**LINKED, "continuation": {"when": True, "url": "=$.next"}}

        assert play(source, service=link(target)).error == "ContinuationRefused"

    def test_a_request_that_was_already_sent_is_a_loop(self) -> None:
        played = play(LINKED, service=lambda _request: web.json_response({"next": "/rows"}))

        assert played.error == "ContinuationLoop"
        assert len(played.requests) == 1

    def test_the_same_address_with_another_body_is_no_loop(self) -> None:
        def serve(request: Received) -> web.Response:
            return web.json_response({"more": request.body == b'{"page":1}'})

        body = {"location": "body", "type": "int"}
        source = post(
            parameters={"page": {**body, "value": 1}},
            continuation={
                "when": "=$.more",
                "parameters": {"page": {**body, "value": "=@ctx.parameters.page + 1"}},
            },
        )

        assert play(source, service=serve).outcome.pages == 2


def endless(request: Received) -> web.Response:
    page = int(request.fields.get("page", "1"))
    return web.json_response({"rows": [{"id": page, "text": "x" * 100}], "more": True})


class TestBounds:
    def test_too_many_pages_end_the_call(self) -> None:
        played = play(COUNTED, service=endless, limits=engine.Limits(pages=4))

        assert played.error == "ContinuationLimit"
        assert len(played.requests) == 4
        assert list(played.outcome.records) == []

    def test_too_many_bytes_end_the_call(self) -> None:
        played = play(COUNTED, service=endless, limits=engine.Limits(total_bytes=500))

        assert played.error == "ContinuationLimit"
        assert played.outcome.pages < 6

    def test_too_much_time_ends_the_call(self) -> None:
        played = play(COUNTED, service=endless, seconds=0.3, limits=engine.Limits(pages=10**6))

        assert played.error == "ContinuationLimit"
        assert list(played.outcome.records) == []
