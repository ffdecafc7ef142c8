"""Refusals as problem documents (RFC 9457), and the API's common manner."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as NotAValue
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, pagination, parsers, renderers
from rest_framework.request import Request
from rest_framework.response import Response

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

STATUS_OF_FAMILY: dict[type[DomainError], int] = {
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooLargeAnInput: 413,
    TooMuch: 429,
    Unavailable: 503,
    DomainError: 422,
}
# RFC 9110's words, which the standard library has in some versions of Python only.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
CODE_OF_STATUS = {
    400: "malformed",
    401: "unauthenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
}


def status_of(refusal: DomainError) -> int:
    """Return the status of a refusal: its own, else that of its nearest family."""
    own = getattr(refusal, "status", None)
    if own:
        return int(own)
    return next(
        STATUS_OF_FAMILY[kind] for kind in type(refusal).__mro__ if kind in STATUS_OF_FAMILY
    )


def problem(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    detail: str,
    faults: tuple[FieldFault, ...] = (),
    retry_after: int | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """Answer with `application/problem+json`."""
    document = problem_document(request, status, code, detail, faults) | more
    response = HttpResponse(
        orjson.dumps(document), status=status, content_type="application/problem+json"
    )
    for name, value in (headers or {}).items():
        response.headers[name] = value
    if status == 401:  # which must say how to sign in (RFC 9110 15.5.2)
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


def problem_document(
    request: HttpRequest, status: int, code: str, detail: str, faults: tuple[FieldFault, ...] = ()
) -> dict[str, Any]:
    """Return the members of RFC 9457 3.1 with ours: code, correlation_id, errors."""
    document: dict[str, Any] = {
        "type": f"urn:jigxmgmt:problem:{code}",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": str(getattr(request, "correlation_id", "")),
    }
    if faults:
        document["errors"] = [_fault_document(fault) for fault in faults]
    return document


def _fault_document(fault: FieldFault) -> dict[str, Any]:
    members = {name: getattr(fault, name) for name in FieldFault.__slots__}
    return {name: value for name, value in members.items() if value is not None}


def problem_of(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Answer a refusal of the domain."""
    return problem(
        request,
        status=status_of(refusal),
        code=refusal.code,
        detail=refusal.detail,
        faults=refusal.faults,
        retry_after=getattr(refusal, "retry_after", None),
        **getattr(refusal, "members", {}),
    )


def answer_refusal(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Turn a refusal, ours or the framework's, into a problem; leave bugs to become a 500."""
    request = context["request"]._request
    if isinstance(error, DomainError):
        return problem_of(request, error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    return _answer_framework_error(request, error)


def _answer_framework_error(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    status = 422 if isinstance(error, exceptions.ValidationError) else error.status_code
    faults = tuple(faults_in(error.get_full_details())) if status == 422 else ()
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    return problem(
        request,
        status=status,
        code=CODE_OF_STATUS.get(status, "refused"),
        detail=_("Some fields are at fault.") if faults else str(error.detail),
        faults=faults,
        retry_after=None if wait is None else max(math.ceil(wait), 1),
        headers=headers,
    )


def faults_in(details: Any, pointer: str = "") -> list[FieldFault]:
    """Flatten a serializer's nested error details into one fault a message."""
    # Two fields may have these names as well; what they hold then is no text.
    is_leaf = isinstance(details, dict) and isinstance(details.get("message"), str)
    if is_leaf:
        return [FieldFault(pointer, str(details["message"]), str(details["code"]))]
    if isinstance(details, dict):
        pairs = [
            (pointer if name == "non_field_errors" else f"{pointer}/{name}", inner)
            for name, inner in details.items()
        ]
    else:
        pairs = [(pointer, inner) for inner in details]
    return [fault for place, inner in pairs for fault in faults_in(inner, place)]


def bad_request(request: HttpRequest) -> HttpResponse:
    """Answer a request that Django itself refuses, as one to a host that is not ours."""
    return problem(
        request, status=400, code="malformed", detail=_("This request can't be answered here.")
    )


@csrf_exempt  # so that a POST is told that nothing is here
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer an unknown path under /api/."""
    return problem(
        request, status=404, code="not_found", detail=_("There is nothing at this path.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug of ours without saying more than its correlation id."""
    return problem(
        request, status=500, code="internal_error", detail=_("Something went wrong on our side.")
    )


def part_away(request: HttpRequest) -> HttpResponse:
    """Answer while a part that we can't do without does not answer us."""
    return problem(
        request,
        status=503,
        code="unavailable",
        detail=_("A part of this installation does not answer."),
        retry_after=5,
    )


class JSONRenderer(renderers.JSONRenderer):
    """JSON by orjson; UUIDs and datetimes as RFC 9562 and RFC 3339 write them."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, option=orjson.OPT_UTC_Z, default=str)
        except TypeError:  # an integer past 64 bits: legal JSON, and orjson declines it
            return json.dumps(data, default=str).encode()


class JSONParser(parsers.JSONParser):
    """JSON by orjson, which holds to RFC 8259: no NaN, no half characters, no bottomless nest."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return read_json(stream.read())
        except ValueError as error:
            raise exceptions.ParseError(str(error)) from error


def read_json(written: bytes) -> Any:
    """Return what a body says; raises ValueError for what is no JSON, or is nested too deeply.

    The bound is what orjson writes, less what our own documents wrap around a part of it.
    """
    try:
        content = orjson.loads(written)
        orjson.dumps([[[[[[[[content]]]]]]]])
    except orjson.JSONDecodeError as error:
        raise ValueError(_("The body is not JSON (RFC 8259).")) from error
    except TypeError as error:
        raise ValueError(_("The body is nested too deeply.")) from error
    return content


class CursorUnusable(Invalid):
    code = "cursor_invalid"


class CursorPagination(pagination.CursorPagination):
    """Lists as `{"results": […], "next": …}`; `next` is a whole URL or null."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-created_at"

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return one page; raises CursorUnusable for a cursor that we did not make."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, NotAValue) as error:
            sentence = _("This is no cursor of this list.")
            fault = FieldFault("/cursor", sentence, "invalid")
            raise CursorUnusable(sentence, faults=[fault]) from error

    def decode_cursor(self, request: Request) -> Any:
        """Refuse a null character, which is no part of a text to every database."""
        cursor = super().decode_cursor(request)
        if cursor and "\0" in str(cursor.position):
            raise exceptions.NotFound
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True},
            },
        }
