"""The main job, from the web's side: may they, do the parameters fit, then send it to a worker."""

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, UUIDField
from django.utils.translation import gettext as _

from auth_providers.services.scopes import Scope
from auth_providers.services.tokens import Caller, require_scope
from functions.calls import (
    CallTimeout,
    Reply,
    WorkerBug,
    WorkerUnavailable,
    lane_client,
)
from functions.calls.database import Database
from functions.engine import check_parameters
from functions.models import CallRecord, FunctionDefinition
from functions.services.call_keys import BROKEN, NO_REPLY, claim_call, end_claim, free_claim
from functions.services.definitions import definition_of
from jigxmgmt.errors import DomainError, FieldFault, Invalid, NotAllowed, NotFound, pointer
from jigxmgmt.prepared import Prepared, later
from orgs import policies
from orgs.models import IdempotentRequest, Solution, SolutionMember, User

DATABASE_THREADS = 4
MOST_FAULTS = 20
database = Database(threads=DATABASE_THREADS)


class NoSuchSolution(NotFound):
    code = "solution_unknown"


class MayNotRun(NotAllowed):
    code = "not_allowed"


class ScriptsNotAllowed(NotAllowed):
    code = "scripts_not_allowed"


class RunsOnDevice(Invalid):
    code = "runs_on_device"


class ParametersRefused(Invalid):
    """The code is that of the first fault; each fault has its own."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__(_("Some parameters are at fault."), faults=faults)
        self.code = faults[0].code


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What the caller sent; plain JSON."""

    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    entity: str | None = None
    command_id: str | None = None
    queries: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ReadyCall:
    """A call that may be sent: all that the worker needs, and the row if no reply comes."""

    organization_id: str
    payload: bytes = field(repr=False)
    record: CallRecord
    claim: IdempotentRequest | None = None


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """The caller's document as JSON, and the word for how the call ended."""

    status: str
    json: bytes = field(repr=False)

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.json)
        return document


def prepare_call(
    caller: Caller,
    *,
    solution_id: uuid.UUID,
    name: str,
    request: CallRequest,
    call_id: uuid.UUID,
    key: str | None = None,
    body: bytes = b"",
) -> ReadyCall:
    """Check who, what and with which parameters, and claim the Idempotency-Key for this body.

    Raises NoSuchSolution, MayNotRun, ScriptsNotAllowed, what claim_call raises, NoSuchFunction,
    RunsOnDevice or ParametersRefused. A repeat is told so whatever was published meanwhile.
    """
    solution = _runnable(caller, solution_id)
    source = CallRecord.Source.DEVICE if caller.is_device else CallRecord.Source.SCRIPT
    device = caller.device.pk if caller.device else None
    record = _record(caller.user, device, source, call_id)
    if key is None:
        return _ready(solution, name, request, record)
    act = f"call {solution.pk} {name}"
    claim = claim_call(caller.user, act=act, key=key, body=body, call_id=call_id)
    try:
        return replace(_ready(solution, name, request, record), claim=claim)
    except DomainError:
        free_claim(claim)
        raise


def prepare_trial(
    user: User, *, function: FunctionDefinition, request: CallRequest, call_id: uuid.UUID
) -> ReadyCall:
    """The same for *Try it*: by console rights, and also for what runs on devices."""
    solution = function.version.solution
    policies.require_in_solution(user, policies.SolutionAct.CONFIGURE, solution)
    record = _record(user, None, CallRecord.Source.CONSOLE, call_id)
    return _ready(solution, function.name, request, record)


async def send_call(ready: ReadyCall) -> CallAnswer:
    """Send a call to a worker and wait for what became of it.

    Raises NoWorker, QueueFull, TooManyCalls or BrokerAway, when nothing was sent; CallTimeout when
    no reply came, which the call log then says, since no worker will; WorkerUnavailable or
    WorkerBug when the worker broke off.
    """
    try:
        reply: Reply = await lane_client().call(
            ready.payload, call_id=ready.record.pk, organization_id=ready.organization_id
        )
    except CallTimeout:
        await database.run(_log_silence, ready)
        raise
    except (WorkerBug, WorkerUnavailable):
        await _end(ready, BROKEN)
        raise
    except DomainError:
        if ready.claim:
            await database.run(free_claim, ready.claim)
        raise
    await _end(ready, reply.status.lower())
    return CallAnswer(reply.status, reply.document)


async def _end(ready: ReadyCall, status: str) -> None:
    if ready.claim:
        await database.run(end_claim, ready.claim, status=status)


async def try_function(
    user: User, *, function: FunctionDefinition, parameters: dict[str, Any]
) -> CallAnswer:
    """Run a function for the console, on the same path as a phone's call."""
    request = CallRequest(parameters=parameters)
    ready = await database.run(
        prepare_trial, user, function=function, request=request, call_id=uuid.uuid4()
    )
    return await send_call(ready)


def _runnable(caller: Caller, solution_id: uuid.UUID) -> Solution:
    grant = _GRANT.first(solution=solution_id, user=caller.user.pk)
    if grant is None or caller.confined_to not in (None, grant.solution.organization_id):
        raise NoSuchSolution(_("There is no such solution."))
    if grant.role not in policies.SOLUTION_ROLES[policies.SolutionAct.RUN]:
        raise MayNotRun(_("Your role does not let you run this solution."))
    if not caller.is_device:
        require_scope(caller, Scope.FUNCTIONS_RUN)
        if not grant.solution.organization.allows_scripts:
            raise ScriptsNotAllowed(_("This organization does not let scripts run functions."))
    return grant.solution


def _grant() -> QuerySet[SolutionMember]:
    grants = SolutionMember.objects.filter(
        solution=later("solution", UUIDField()),
        membership__user=later("user", UUIDField()),
        membership__is_active=True,
        role__in=policies.SOLUTION_ROLES[policies.SolutionAct.SEE_ON_DEVICE],
    )
    return grants.select_related("solution__organization", "solution__credential_stamp").order_by()


_GRANT = Prepared(_grant)


def _record(
    user: User, device_id: uuid.UUID | None, source: CallRecord.Source, call_id: uuid.UUID
) -> CallRecord:
    return CallRecord(
        id=call_id, user=user, device_id=device_id, source=source, started_at=datetime.now(UTC)
    )


def _ready(solution: Solution, name: str, request: CallRequest, record: CallRecord) -> ReadyCall:
    definition = definition_of(solution.pk, solution.version, name)
    if definition.runs_on_device and record.source != CallRecord.Source.CONSOLE:
        raise RunsOnDevice(_("This function runs on the device; the server does not call it."))
    faults = check_parameters(definition, request.parameters)
    if faults:
        raise ParametersRefused(
            [
                FieldFault(pointer("parameters", *fault.path), fault.message, fault.code)
                for fault in faults[:MOST_FAULTS]
            ]
        )
    record.solution, record.organization = solution, solution.organization
    record.function_name, record.version = name, solution.version
    payload = orjson.dumps(_message(solution, request, record), default=str)
    return ReadyCall(str(solution.organization_id), payload, record)


def _message(solution: Solution, request: CallRequest, record: CallRecord) -> dict[str, Any]:
    stamp = getattr(solution, "credential_stamp", None)
    organization, user = solution.organization, record.user
    assert user is not None  # noqa: S101 (a record that is just being made has its person)
    return {
        "organization": {"id": str(organization.pk), "name": organization.name},
        "solution": {
            "id": str(solution.pk),
            "name": solution.name,
            "title": solution.title,
            "version": solution.version,
            "organizationId": str(organization.pk),
            "settings": {"custom": solution.custom_settings},
        },
        "function": record.function_name,
        "version": record.version,
        "credential_stamp": stamp.number if stamp else 0,
        "networks": organization.allowed_networks,
        "allows_basic_auth": organization.allows_basic_auth,
        "user": {"id": str(user.pk), "email": user.email, "displayName": user.display_name},
        "device_id": record.device_id and str(record.device_id),
        "source": record.source,
        "parameters": request.parameters,
        "entity": request.entity,
        "command_id": request.command_id,
        "queries": request.queries,
    }


def _log_silence(ready: ReadyCall) -> None:
    """Write the row of a call that nobody answered; a late worker's row then finds it there."""
    record = ready.record
    record.status = CallRecord.Status.NO_REPLY
    record.error_name = CallTimeout.code
    record.total_ms = int(settings.LANE_CALL_SECONDS * 1000)
    with contextlib.suppress(IntegrityError), transaction.atomic():
        record.save(force_insert=True)  # unless a worker did, and only its reply was lost
    if ready.claim:
        end_claim(ready.claim, status=NO_REPLY)
