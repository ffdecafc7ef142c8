"""What the service's failures become: handlers, retries, and the names of errors."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import (
    Received,
    Service,
    get,
    play,
    post,
)


def answer(
    status: int, body: Any = None, *, headers: dict[str, str] | None = None
) -> Callable[[Received], web.Response]:
    return lambda _request: web.json_response(body, status=status, headers=headers)


def fail_first(times: int, *, status: int, headers: dict[str, str] | None = None) -> Service:
    """Refuse so many times, then answer."""
    left = [times]

    def serve(_request: Received) -> web.Response:
        if left[0] > 0:
            left[0] -= 1
            return web.json_response({"code": "busy"}, status=status, headers=headers)
        return web.json_response({"ok": True})

    return serve


class TestUnhandled:
    @pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 503])
    def test_a_status_from_400_is_an_error(self, status: int) -> None:
        played = play(get(), service=answer(status, {"message": "no"}))

        assert played.outcome.status == "error"
        assert played.outcome.error == {
            "name": "UpstreamError",
            "title": "The service refused",
            "description": f"The service answered {status}.",
            "details": {"message": "no"},
            "notification": None,
            "alert": None,
            "retry": None,
            "status": status,
        }
        assert played.outcome.upstream_status == status

    @pytest.mark.parametrize("status", [200, 201, 204, 302])
    def test_a_status_below_400_is_none(self, status: int) -> None:
        played = play(get(), service=lambda _request: web.Response(status=status))

        assert played.outcome.status == "ok"
        assert played.outcome.upstream_status == status

    def test_a_large_error_is_not_repeated_in_its_details(self) -> None:
        played = play(get(), service=answer(500, "x" * 100_000))

        assert played.outcome.error is not None
        assert played.outcome.error["details"] is None

    def test_an_error_that_is_not_json_is_kept_as_text(self) -> None:
        played = play(
            get(), service=lambda _request: web.Response(status=502, text="<h1>Bad Gateway</h1>")
        )

        assert played.outcome.error is not None
        assert played.outcome.error["details"] == "<h1>Bad Gateway</h1>"


UNAUTHORIZED = {"when": "=@ctx.response.status = 401", "title": "Sign in"}
CONFLICT = {
    "when": "=@ctx.response.status = 409",
    "title": "=$.response.body.message & '!'",
    "description": "Someone was quicker",
    "details": {"id": "=@ctx.response.body.id", "who": "=@ctx.user.email"},
    "notification": {"title": "=@ctx.error.name", "show": True},
    "alert": False,
    "icon": "sad",
}


class TestHandlers:
    def test_the_first_that_fits_is_used(self) -> None:
        played = play(
            get(error=[UNAUTHORIZED, CONFLICT, {"title": "Anything else"}]),
            service=answer(409, {"message": "taken", "id": 7}),
            call={"user": {"email": "ann@example.com"}},
        )

        assert played.outcome.error == {
            "name": "UpstreamError",
            "title": "taken!",
            "description": "Someone was quicker",
            "details": {"id": 7, "who": "ann@example.com"},
            "notification": {"title": "UpstreamError", "show": True},
            "alert": False,
            "icon": "sad",
            "retry": None,
            "status": 409,
        }

    def test_one_without_a_condition_fits_all(self) -> None:
        played = play(get(error={"title": "Oops"}), service=answer(500))

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "Oops"

    def test_none_that_fits_leaves_our_own_words(self) -> None:
        source = get(error=[{"when": "=@ctx.response.status = 401", "title": "Sign in"}])

        played = play(source, service=answer(500))

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "The service refused"

    def test_a_transport_failure_has_no_response(self) -> None:
        source = get(
            url="http://127.0.0.1:1/",
            error=[
                {"when": "=@ctx.response.status >= 400", "title": "Refused"},
                {"when": "=@ctx.error.name = 'UpstreamUnreachable'", "title": "Offline?"},
            ],
        )

        played = play(source)

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "Offline?"
        assert played.outcome.error["status"] is None

    def test_the_end_of_the_calls_time_can_be_handled(self) -> None:
        source = get(error=[{"title": "=@ctx.error.name & ' handled'"}])

        played = play(source, service=hang, seconds=0.1)

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "UpstreamTimeout handled"

    def test_its_operations_are_returned(self) -> None:
        source = get(
            error=[
                {
                    "title": "No",
                    "operations": [
                        {
                            "type": "operation.upsert-replace",
                            "table": "errors",
                            "records": {"id": "=@ctx.commandId", "code": "=@ctx.response.status"},
                        }
                    ],
                }
            ]
        )

        played = play(source, service=answer(500), call={"command_id": "c1"})

        assert played.outcome.operations == [
            {
                "type": "operation.upsert-replace",
                "table": "errors",
                "records": [{"id": "c1", "code": 500}],
            }
        ]

    def test_the_older_table_and_transform_are_an_operation_too(self) -> None:
        source = get(
            error=[{"table": "errors", "transform": '={"id": commandId, "why": response.body.m}'}]
        )

        played = play(source, service=answer(500, {"m": "x"}), call={"command_id": "c1"})

        assert played.outcome.operations == [
            {
                "type": "operation.upsert-replace",
                "table": "errors",
                "records": [{"id": "c1", "why": "x"}],
            }
        ]

    def test_the_older_form_s_row_is_the_command_s(self) -> None:
        source = get(error=[{"table": "errors", "transform": "=@ctx.error"}])

        played = play(source, service=answer(500), call={"command_id": "c1"})

        [row] = played.outcome.operations[0]["records"]
        assert (row["id"], row["name"]) == ("c1", "UpstreamError")

    @pytest.mark.parametrize(
        "handler",
        [
            {"transform": '={"id": commandId}'},
            {"operations": [{"type": "operation.upsert_merge", "records": "={'id': commandId}"}]},
        ],
    )
    def test_a_row_about_it_goes_beside_the_entity_s(self, handler: dict[str, Any]) -> None:
        played = play(
            get(error=[handler]),
            service=answer(500),
            call={"command_id": "c1", "entity": "customers"},
        )

        [operation] = played.outcome.operations
        assert operation["table"] == "customers_error"
        assert operation["records"] == [{"id": "c1"}]

    def test_what_names_no_rows_is_left_as_it_is(self) -> None:
        replace = {"type": "operation.find-replace", "find": "a", "replace": "b"}

        played = play(
            get(error=[{"operations": [replace]}]),
            service=answer(500),
            call={"entity": "customers"},
        )

        assert played.outcome.operations == [replace]

    def test_an_alert_is_evaluated_at_every_depth(self) -> None:
        alert = {
            "subtitle": "='Error: ' & @ctx.response.status",
            "group": {"id": "=@ctx.entity & '-500'"},
            "dismiss": {"autoAfter": 3, "isEnabled": True},
            "actions": [{"type": "action.retry", "options": {"id": "=@ctx.commandId"}}],
        }

        played = play(
            get(error=[{"alert": alert, "notification": True, "group": {"id": "=@ctx.entity"}}]),
            service=answer(500),
            call={"command_id": "c1", "entity": "customers"},
        )

        assert played.outcome.error is not None
        assert played.outcome.error["alert"] == {
            "subtitle": "Error: 500",
            "group": {"id": "customers-500"},
            "dismiss": {"autoAfter": 3, "isEnabled": True},
            "actions": [{"type": "action.retry", "options": {"id": "c1"}}],
        }
        assert played.outcome.error["notification"] is True
        assert played.outcome.error["group"] == {"id": "customers"}

    def test_a_title_that_comes_to_null_leaves_our_own(self) -> None:
        source = get(
            error=[{"title": "=response.body.title", "description": None, "details": None}]
        )

        played = play(source, service=answer(500, {"title": None}))

        assert played.outcome.error is not None
        assert played.outcome.error["title"] == "The service refused"
        assert played.outcome.error["description"] == "The service answered 500."
        assert played.outcome.error["details"] is None

    def test_an_error_transform_stands_in_for_the_output(self) -> None:
        source = get(errorTransform='{"problem": errors[0].message}')

        played = play(source, service=answer(422, {"errors": [{"message": "too long"}]}))

        assert played.outcome.status == "error"
        assert played.outcome.output == {"problem": "too long"}


class TestRetries:
    def test_429_is_tried_three_times_more_as_the_service_says(self) -> None:
        played = play(post(), service=answer(429, headers={"Retry-After": "0"}))

        assert played.error == "UpstreamError"
        assert len(played.requests) == 4

    def test_429_ends_well_when_the_service_recovers(self) -> None:
        played = play(get(), service=fail_first(2, status=429, headers={"Retry-After": "0"}))

        assert played.outcome.output == {"ok": True}

    def test_a_date_in_the_past_means_at_once(self) -> None:
        played = play(
            get(),
            service=fail_first(
                1, status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
            ),
        )

        assert played.outcome.status == "ok"

    @pytest.mark.parametrize("headers", [{"Retry-After": "3600"}, {}, {"Retry-After": "soon"}])
    def test_a_wait_beyond_the_deadline_is_not_begun(self, headers: dict[str, str]) -> None:
        played = play(get(), service=answer(429, headers=headers), seconds=4)

        assert played.error == "UpstreamError"
        assert len(played.requests) == 1

    @pytest.mark.parametrize("status", [401, 500, 503])
    def test_nothing_else_is_repeated_without_a_handler(self, status: int) -> None:
        assert len(play(get(), service=answer(status)).requests) == 1

    def test_a_handler_says_how_often_for_any_method(self) -> None:
        source = post(error=[{"retry": {"delay": 1, "maxRetries": 2}, "title": "Later"}])

        played = play(source, service=answer(503))

        assert len(played.requests) == 3
        assert played.outcome.error is not None
        assert played.outcome.error["retry"] == {"delay": 1, "maxRetries": 2}

    @pytest.mark.parametrize(
        ("retry", "requests"),
        [
            ({"delay": "=response.headers.`retry-after` & '00'", "maxRetries": "=1 + 1"}, 3),
            ({"delay": "1", "maxRetries": "2"}, 3),
            ({"delay": 0, "maxRetries": None}, 2),
            ({"delay": "soon", "maxRetries": 2}, 1),
            ({"delay": 0, "maxRetries": "=$$.none"}, 2),
            ({"delay": 0, "maxRetries": 10**400}, 1),
        ],
    )
    def test_a_number_may_be_a_text_or_an_expression(self, retry: Any, requests: int) -> None:
        played = play(
            get(error=[{"retry": retry}]), service=answer(503, headers={"Retry-After": "0"})
        )

        assert len(played.requests) == requests

    def test_a_delay_of_null_is_the_usual_second(self) -> None:
        source = get(error=[{"retry": {"delay": None, "maxRetries": 1}}])

        played = play(source, service=fail_first(1, status=500))

        assert played.outcome.status == "ok"

    def test_a_handler_may_try_again_what_may_have_arrived(self) -> None:
        source = post(error=[{"retry": {"delay": 0, "maxRetries": 2}}])

        played = play(source, service=hang, limits=engine.Limits(service_seconds=0.05))

        assert played.error == "UpstreamTimeout"
        assert len(played.requests) == 3

    def test_what_may_have_arrived_is_not_tried_again_by_itself(self) -> None:
        played = play(post(), service=hang, limits=engine.Limits(service_seconds=0.05))

        assert len(played.requests) == 1

    def test_a_later_page_is_tried_again_too(self) -> None:
        last = fail_first(1, status=429, headers={"Retry-After": "0"})
        source = get(continuation={"when": "=$.next", "url": "=$.next"})

        played = play(
            source,
            service=lambda request: (
                web.json_response({"next": "/last"}) if request.path == "/rows" else last(request)
            ),
        )

        assert played.outcome.records == [{"next": "/last"}, {"ok": True}]
        assert [request.path for request in played.requests] == ["/rows", "/last", "/last"]

    def test_a_handler_without_retry_keeps_429_from_being_repeated(self) -> None:
        played = play(
            get(error=[{"title": "Busy"}]), service=answer(429, headers={"Retry-After": "0"})
        )

        assert len(played.requests) == 1

    def test_a_handlers_tries_are_bounded(self) -> None:
        source = get(error=[{"retry": {"delay": 0, "maxRetries": 1000}}])

        played = play(source, service=answer(503), limits=engine.Limits(retries=3))

        assert len(played.requests) == 4

    def test_success_after_a_retry_holds_no_trace_of_the_error(self) -> None:
        source = get(
            error=[{"retry": {"delay": 0, "maxRetries": 2}}],
            outputTransform='{"body": $, "status": @ctx.response.status}',
        )

        played = play(source, service=fail_first(2, status=500))

        assert played.outcome.output == {"body": {"ok": True}, "status": 200}
        assert played.outcome.error is None


async def hang(_request: Received) -> web.Response:
    """Answer nothing; the server is taken down when the caller has given up."""
    await asyncio.Event().wait()
    raise AssertionError
