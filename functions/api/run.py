"""The main job's door: an asynchronous view, with one hop to a thread before the call is sent."""

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django_stubs_ext import StrPromise

from auth_providers.http import bearer_token
from auth_providers.services.tokens import identify
from functions.services.calls import (
    CallRequest,
    ReadyCall,
    database,
    prepare_call,
    send_call,
)
from jigxmgmt.api import problem, problem_of, read_json
from jigxmgmt.errors import DomainError, FieldFault, Invalid, TooLargeAnInput, pointer

AN_OBJECT = gettext_lazy("This must be an object.")
A_STRING = gettext_lazy("This must be a string.")
MEMBERS: dict[str, tuple[type | tuple[type, ...], StrPromise]] = {
    "parameters": (dict, AN_OBJECT),
    "entity": ((str, type(None)), A_STRING),
    "command_id": ((str, type(None)), A_STRING),
    "queries": (dict, AN_OBJECT),
}


MOST_FAULTS = 20


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
            detail=_("A call is a POST."),
            headers={"Allow": "POST"},
        )
    try:
        ready = await database.run(_prepare, request, solution_id, name)
        answer = await send_call(ready)
    except DomainError as refusal:
        return _refused(request, refusal)
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(answer.json))}
    return HttpResponse(answer.json, content_type="application/json", headers=headers)


def read_call_request(request: HttpRequest) -> CallRequest:
    """Read the body; raises Malformed, NotACall or TooLargeAnInput."""
    try:
        content = read_json(request.body or b"{}")
    except RequestDataTooBig as error:
        size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        sentence = _("A call's body has at most %(size)s bytes.")
        raise TooLargeAnInput(sentence % {"size": size}) from error
    except ValueError as error:
        raise Malformed(str(error)) from error
    faults = list(_faults(content)) if isinstance(content, dict) else [_not_an_object()]
    if faults:
        raise NotACall(_("Some fields are at fault."), faults=faults)
    return CallRequest(**content)


def _prepare(request: HttpRequest, solution_id: uuid.UUID, name: str) -> ReadyCall:
    """Find out who it is before a stranger's body is read."""
    caller = identify(bearer_token(request) or "")
    call_request = read_call_request(request)
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
    unknown = [name for name in content if name not in MEMBERS]
    faults = [
        FieldFault(pointer(name[:100]), _("A call has no such member."), "unknown")
        for name in unknown[:MOST_FAULTS]
    ]
    for name, (kind, sentence) in MEMBERS.items():
        if name in content and not isinstance(content[name], kind):
            faults.append(FieldFault(f"/{name}", str(sentence), "type"))
    return faults


def _not_an_object() -> FieldFault:
    return FieldFault("", _("A call is a JSON object."), "type")
