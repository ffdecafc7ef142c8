"""The main job's door: an asynchronous view, with one hop to a thread before the call is sent."""

import uuid
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from auth_providers.services.tokens import identify
from functions.services.calls import (
    CallRequest,
    ReadyCall,
    database,
    prepare_call,
    send_call,
)
from jigxmgmt.api import problem, problem_of
from jigxmgmt.errors import DomainError, FieldFault, Invalid, TooLargeAnInput

MEMBERS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "parameters": (dict, "an object"),
    "entity": ((str, type(None)), "a string"),
    "command_id": ((str, type(None)), "a string"),
    "queries": (dict, "an object"),
}


class Malformed(DomainError):
    code = "malformed"
    status = 400


class NotACall(Invalid):
    code = "invalid"


@csrf_exempt  # a bearer token is no cookie: nobody else's page can send it
async def run_call(request: HttpRequest, *, solution_id: uuid.UUID, name: str) -> HttpResponse:
    """Run a function and answer with what became of it."""
    if request.method != "POST":
        return problem(
            request,
            status=405,
            code="method_not_allowed",
            detail="A call is a POST.",
            headers={"Allow": "POST"},
        )
    try:
        call_request = read_call_request(request)
        ready = await database.run(_prepare, request, solution_id, name, call_request)
        answer = await send_call(ready)
    except DomainError as refusal:
        return _refused(request, refusal)
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(answer.json))}
    return HttpResponse(answer.json, content_type="application/json", headers=headers)


def read_call_request(request: HttpRequest) -> CallRequest:
    """Read the body; raises Malformed, NotACall or TooLargeAnInput."""
    try:
        content = orjson.loads(request.body or b"{}")
    except RequestDataTooBig as error:
        size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raise TooLargeAnInput(f"A call's body has at most {size} bytes.") from error
    except orjson.JSONDecodeError as error:
        raise Malformed("The body is not JSON (RFC 8259).") from error
    faults = list(_faults(content)) if isinstance(content, dict) else [_not_an_object()]
    if faults:
        raise NotACall("Some fields are at fault.", faults=faults)
    return CallRequest(**content)


def _prepare(
    request: HttpRequest, solution_id: uuid.UUID, name: str, call_request: CallRequest
) -> ReadyCall:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = identify(token.strip() if scheme.lower() == "bearer" else "")
    return prepare_call(
        caller,
        solution_id=solution_id,
        name=name,
        request=call_request,
        call_id=request.correlation_id,  # type: ignore[attr-defined]
        key=request.headers.get("Idempotency-Key"),
        body=request.body,
    )


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    response = problem_of(request, refusal)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _faults(content: dict[str, Any]) -> list[FieldFault]:
    faults = [
        FieldFault(f"/{name[:100]}", "A call has no such member.", "unknown")
        for name in content
        if name not in MEMBERS
    ]
    for name, (kind, words) in MEMBERS.items():
        if name in content and not isinstance(content[name], kind):
            faults.append(FieldFault(f"/{name}", f"This must be {words}.", "type"))
    return faults


def _not_an_object() -> FieldFault:
    return FieldFault("", "A call is a JSON object.", "type")
