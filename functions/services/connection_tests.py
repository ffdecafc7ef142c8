"""Testing a connection: a worker goes the whole way to the server, one stage after the other.

What a test finds is told once. That there was one, and where it failed, is all that is kept.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.core.cache import cache
from django.utils.translation import gettext as _

from functions.calls import lane_client
from functions.models import Connection, CredentialStamp
from functions.services.calls import database
from functions.sql_server.stages import StageName, Status
from jigxmgmt.errors import Conflict, TooMuch
from orgs import policies
from orgs.models import User
from orgs.services.audit import record_event

TESTS_AN_HOUR, AN_HOUR = 60, 60 * 60
STAGES = tuple(one.value for one in StageName)
STATUSES = tuple(one.value for one in Status)


class ConnectionWithoutSecret(Conflict):
    code = "connection_without_secret"


class TooManyConnectionTests(TooMuch):
    retry_after = AN_HOUR


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the server proved itself with."""

    subject: str
    issuer: str
    names: list[str]
    not_before: datetime
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the way; `detail` is safe to show, `advice` a stable word for what to do."""

    name: str
    status: str
    ms: int | None
    detail: str = ""
    advice: str = ""
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    stages: list[Stage]

    @property
    def failed_stage(self) -> str:
        """Where the way ended; blank when the server answered."""
        return next((stage.name for stage in self.stages if stage.status == Status.FAILED), "")

    @property
    def passed(self) -> bool:
        return not self.failed_stage


async def test_connection(user: User, *, connection: Connection) -> ConnectionTest:
    """Let a worker sign in to the server and ask it something that changes nothing.

    Raises NotAllowed, ConnectionWithoutSecret, TooManyConnectionTests, and what the lane's client
    raises.
    """
    organization_id, payload = await database.run(_prepare, user, connection)
    reply = await lane_client().call(payload, call_id=uuid.uuid4(), organization_id=organization_id)
    test = _decoded(reply.document)
    await database.run(_keep, user, connection, test)
    return test


def _prepare(user: User, connection: Connection) -> tuple[str, bytes]:
    """Ask whether they may; return whose lane it takes, and what the worker needs."""
    solution = connection.solution
    organization = solution.organization
    policies.require_in_solution(user, policies.SolutionAct.CONFIGURE, solution)
    if not connection.has_secret:
        sentence = _("%(name)s has no secret yet; save it first.")
        raise ConnectionWithoutSecret(sentence % {"name": connection.name})
    _count_test(user)
    stamps = CredentialStamp.objects.filter(solution=solution).values_list("number", flat=True)
    message = {
        "kind": "connection_test",
        "organization": {"id": str(organization.pk)},
        "solution": {"id": str(solution.pk)},
        "connection": connection.name,
        "credential_stamp": stamps.first() or 0,
        "networks": organization.allowed_networks,
    }
    return str(organization.pk), orjson.dumps(message)


def _count_test(user: User) -> None:
    """Let nobody try one port after the other; raises TooManyConnectionTests."""
    key = f"functions.connection-tests.{user.pk}"
    cache.add(key, 0, timeout=AN_HOUR)
    try:
        begun = cache.incr(key)
    except ValueError:  # the hour ended just now
        return
    if begun > TESTS_AN_HOUR:
        sentence = _("You may test connections %(most)s times an hour; wait a little.")
        raise TooManyConnectionTests(sentence % {"most": TESTS_AN_HOUR})


def _decoded(document: bytes) -> ConnectionTest:
    return ConnectionTest([_stage(stage) for stage in orjson.loads(document)["stages"]])


def _stage(told: dict[str, Any]) -> Stage:
    proof = told.get("certificate")
    return Stage(
        name=told["name"],
        status=told["status"],
        ms=told.get("ms"),
        detail=told.get("detail") or "",
        advice=told.get("advice") or "",
        certificate=_certificate(proof) if proof else None,
    )


def _certificate(told: dict[str, Any]) -> Certificate:
    return Certificate(
        subject=told["subject"],
        issuer=told["issuer"],
        names=list(told["names"]),
        not_before=datetime.fromisoformat(told["not_before"]),
        not_after=datetime.fromisoformat(told["not_after"]),
        sha256=told["sha256"],
    )


def _keep(user: User, connection: Connection, test: ConnectionTest) -> None:
    connection.note_test(failed_stage=test.failed_stage)
    record_event(
        "connection.test",
        by=user,
        subject=connection,
        organization=connection.solution.organization,
        changes={"failed_stage": (None, test.failed_stage)},
    )
