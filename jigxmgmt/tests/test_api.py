"""Refusals as problem documents, and the API's common manner."""

import json
from typing import Any

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, re_path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jigxmgmt import api
from jigxmgmt.api_settings import REST_FRAMEWORK
from jigxmgmt.errors import (
    Conflict,
    DomainError,
    FieldFault,
    Invalid,
    NotAllowed,
    NotFound,
    TooLargeAnInput,
    TooMuch,
    Unavailable,
)
from jigxmgmt.urls import handler500

pytestmark = pytest.mark.urls(__name__)


class Nested(serializers.Serializer[Any]):
    value = serializers.CharField()


class Form(serializers.Serializer[Any]):
    message = serializers.CharField()
    code = serializers.CharField()
    nested = Nested(required=False)
    items = serializers.ListField(child=serializers.IntegerField(), required=False)


class OutOfTime(Unavailable):
    code = "call_timeout"
    status = 504


class AlreadyRan(Conflict):
    code = "already_ran"
    members = {"call_status": "ok"}


RAISED: dict[str, Exception] = {
    "not-allowed": NotAllowed("No."),
    "not-found": NotFound("None."),
    "conflict": AlreadyRan("Twice."),
    "too-large": TooLargeAnInput("Large."),
    "too-much": TooMuch("Often."),
    "unavailable": Unavailable("Away."),
    "timeout": OutOfTime("Late."),
    "invalid": Invalid("Bad.", faults=[FieldFault("/a", "Why.", "b", "f.jigx", 7)]),
    "django-404": Http404(),
    "throttled": exceptions.Throttled(wait=0.2),
    "bug": ZeroDivisionError(),
}


class Refuse(APIView):
    authentication_classes = permission_classes = ()

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name]


class Echo(APIView):
    authentication_classes = permission_classes = ()

    def post(self, request: Request) -> Response:
        return Response({"echo": request.data})


class Check(APIView):
    authentication_classes = permission_classes = ()

    def post(self, request: Request) -> Response:
        Form(data=request.data).is_valid(raise_exception=True)
        return Response(status=204)


class Large(APIView):
    authentication_classes = permission_classes = ()

    def get(self, request: Request) -> Response:
        return Response({"large": 2**70, "text": "ä"})


def plain_bug(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [
    path("api/refuse/<str:name>", Refuse.as_view()),
    path("api/echo", Echo.as_view()),
    path("api/check", Check.as_view()),
    path("api/large", Large.as_view()),
    path("page", plain_bug),
    re_path(r"^api/", api.not_found),
]
__all__ = ["handler500"]


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that it has every member of RFC 9457 and ours, and return the document."""
    document: dict[str, Any] = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["type"] == f"urn:jigxmgmt:problem:{code}"
    assert document["correlation_id"] == answer["X-Correlation-Id"]
    assert document["title"]
    assert document["detail"]
    return document


def post(client: Client, where: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(where, content, content_type="application/json")


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "status", "code"),
        [
            ("not-allowed", 403, "not_allowed"),
            ("not-found", 404, "not_found"),
            ("conflict", 409, "already_ran"),
            ("too-large", 413, "too_large"),
            ("too-much", 429, "too_many_requests"),
            ("unavailable", 503, "unavailable"),
            ("timeout", 504, "call_timeout"),
            ("invalid", 422, "invalid"),
            ("django-404", 404, "not_found"),
            ("throttled", 429, "too_many_requests"),
        ],
    )
    def test_have_the_status_of_their_family(
        self, client: Client, name: str, status: int, code: str
    ) -> None:
        assert_problem(client.get(f"/api/refuse/{name}"), status, code)

    @pytest.mark.parametrize("name", ["too-much", "unavailable", "throttled"])
    def test_say_when_to_come_back(self, client: Client, name: str) -> None:
        assert client.get(f"/api/refuse/{name}")["Retry-After"] == "1"

    @pytest.mark.parametrize("name", ["too-large", "conflict"])
    def test_say_nothing_of_it_when_waiting_does_not_help(self, client: Client, name: str) -> None:
        assert "Retry-After" not in client.get(f"/api/refuse/{name}")

    def test_have_members_of_their_own(self, client: Client) -> None:
        assert client.get("/api/refuse/conflict").json()["call_status"] == "ok"

    def test_point_at_each_fault(self, client: Client) -> None:
        problem = client.get("/api/refuse/invalid").json()

        assert problem["errors"] == [
            {"pointer": "/a", "detail": "Why.", "code": "b", "file": "f.jigx", "line": 7}
        ]

    def test_have_a_status_for_every_family(self) -> None:
        assert api.status_of(DomainError("x")) == 422


class TestFaultsOfFields:
    def test_are_flattened_to_pointers(self, client: Client) -> None:
        body = {"message": "a", "code": "b", "nested": {"value": ""}, "items": [1, "x"]}

        problem = assert_problem(post(client, "/api/check", body), 422, "invalid")

        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
            ("/nested/value", "blank"),
            ("/items/1", "invalid"),
        ]

    def test_keep_apart_fields_named_as_a_fault_s_own_members(self, client: Client) -> None:
        problem = post(client, "/api/check", {}).json()

        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
            ("/message", "required"),
            ("/code", "required"),
        ]

    def test_point_at_the_whole_when_it_is_no_object(self, client: Client) -> None:
        problem = assert_problem(post(client, "/api/check", [1]), 422, "invalid")

        assert [fault["pointer"] for fault in problem["errors"]] == [""]


class TestJson:
    def test_is_read_and_written(self, client: Client) -> None:
        answer = post(client, "/api/echo", {"a": ["ä", 1.5, None]})

        assert answer.json() == {"echo": {"a": ["ä", 1.5, None]}}
        assert answer["Content-Type"] == "application/json"

    def test_keeps_integers_past_64_bits(self, client: Client) -> None:
        assert client.get("/api/large").json() == {"large": 2**70, "text": "ä"}

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff",
            b'"\\ud800"',
            b"NaN",
            b"[" * 100_000,
            b'{"a": 1,}',
        ],
    )
    def test_is_refused_when_it_is_none(self, client: Client, body: bytes) -> None:
        assert_problem(post(client, "/api/echo", body), 400, "malformed")


class TestFramework:
    def test_answers_an_unknown_path_under_any_method(self, client: Client) -> None:
        strict = Client(enforce_csrf_checks=True)

        assert_problem(client.get("/api/nothing"), 404, "not_found")
        assert_problem(strict.post("/api/nothing"), 404, "not_found")

    def test_answers_another_method(self, client: Client) -> None:
        answer = client.put("/api/echo")

        assert_problem(answer, 405, "method_not_allowed")
        assert "POST" in answer["Allow"]

    def test_answers_another_type(self, client: Client) -> None:
        assert_problem(client.post("/api/echo", {"a": 1}), 415, "unsupported_media_type")

    def test_answers_who_accepts_no_json(self, client: Client) -> None:
        answer = client.get("/api/large", headers={"Accept": "text/html"})

        assert_problem(answer, 406, "not_acceptable")

    def test_says_no_more_of_a_bug_than_its_id(self) -> None:
        client = Client(raise_request_exception=False)

        problem = assert_problem(client.get("/api/refuse/bug"), 500, "internal_error")

        assert "ZeroDivision" not in str(problem)

    def test_shows_a_page_for_a_bug_of_a_page(self) -> None:
        answer = Client(raise_request_exception=False).get("/page")

        assert answer.status_code == 500
        assert answer["Content-Type"].startswith("text/html")

    def test_parses_and_renders_json_alone(self) -> None:
        assert REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] == ["jigxmgmt.api.JSONRenderer"]
        assert REST_FRAMEWORK["DEFAULT_PARSER_CLASSES"] == ["jigxmgmt.api.JSONParser"]


class TestUnauthenticated:
    def test_says_how_to_sign_in(self) -> None:
        answer = api.problem(HttpRequest(), status=401, code="unauthenticated", detail="Who?")

        assert answer["WWW-Authenticate"] == "Bearer"
