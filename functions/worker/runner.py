"""From an opened request to the answer that its caller gets and the row that stays."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.db import Error

from auth_providers.services.outbound_policy import policy_with
from auth_providers.services.vault import VaultAway, VaultKeyMissing
from functions import engine
from functions.calls.database import Database
from functions.calls.envelope import RequestFrame
from functions.calls.lane import BUG, DATABASE_AWAY, VAULT_AWAY
from functions.models import CallRecord
from functions.services.definitions import definition_of
from functions.worker.connection_tests import run_connection_test
from functions.worker.credentials import CredentialCache
from functions.worker.databases import Databases
from functions.worker.purse import Purse
from functions.worker.threads import SharedThreads
from jigxmgmt import outbound

# What the lane carries beside calls, and the word for its end.
CONNECTION_TEST, TESTED = "connection_test", b"OK"
# What is left of a call's time for its reply.
REPLY_MS = 50
EXPRESSION_THREADS, EXPRESSION_SHARE = 8, 2
# They wait for providers. A slow one holds up its own organization's tokens alone; those of four
# organizations at once hold all threads, and the tokens of the others wait for one to be free.
TOKEN_THREADS, TOKEN_SHARE = 16, 4


@dataclass(frozen=True, slots=True)
class Answer:
    """The word for how it ended, the caller's document, and the row for the call log.

    What is no call, as the test of a connection, has no row.
    """

    word: bytes
    document: bytes = field(repr=False)
    organization_id: str
    record: CallRecord | None


@dataclass(frozen=True, slots=True)
class BoundTransport:
    """The outbound client, under the policy of one organization."""

    client: outbound.Client
    policy: outbound.Policy

    async def send(
        self,
        request: outbound.Request,
        *,
        timeout: float,
        max_bytes: int,
    ) -> outbound.Response:
        return await self.client.send(
            request, policy=self.policy, timeout=timeout, max_bytes=max_bytes
        )


class Runner:
    """Runs calls with what a process shares between them: connections, caches, threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._client = outbound.Client(max_connections=settings.LANE_CONCURRENCY)
        self._credentials = CredentialCache(database)
        self._expressions = SharedThreads(
            EXPRESSION_THREADS, share=EXPRESSION_SHARE, name="expressions"
        )
        self._tokens = SharedThreads(TOKEN_THREADS, share=TOKEN_SHARE, name="tokens")
        self._scripts = engine.ScriptProcesses()
        self._databases = Databases(database, self._client)

    async def close(self) -> None:
        await self._databases.close()
        await self._client.close()
        self._expressions.close()
        self._tokens.close()
        self._scripts.close()

    async def run(self, frame: RequestFrame) -> Answer:
        """Run one call to its end."""
        began = time.time() * 1000
        message = orjson.loads(frame.payload)
        if message.get("kind") == CONNECTION_TEST:
            return await self._test(frame, message)
        solution_id = uuid.UUID(message["solution"]["id"])
        definition = await self._definition(solution_id, message["version"], message["function"])
        call = engine.Call(
            definition=definition,
            parameters=message["parameters"],
            user=message["user"],
            solution=message["solution"],
            organization=message["organization"],
            entity=message["entity"],
            command_id=message["command_id"],
            correlation_id=str(frame.call_id),
            queries=message["queries"],
            is_trial=message["source"] == CallRecord.Source.CONSOLE,
        )
        outcome = await engine.run(call, surroundings=self._surroundings(frame, message))
        queued = max(int(began) - frame.queued_at, 0)
        total = max(int(time.time() * 1000) - frame.queued_at, 0)
        return _answer(frame, message, outcome, queued=queued, total=total)

    async def _test(self, frame: RequestFrame, message: dict[str, Any]) -> Answer:
        seconds = (frame.deadline - REPLY_MS) / 1000 - time.time()
        stages = await run_connection_test(self._databases, message, seconds=seconds)
        document = orjson.dumps({"stages": stages})
        return Answer(TESTED, document, message["organization"]["id"], None)

    def failed(self, frame: RequestFrame, error: Exception) -> Answer:
        """Answer for a call that did not end: a bug of ours, or a part that is away."""
        word, name = _reason_of(error)
        message = orjson.loads(frame.payload)
        organization_id = message["organization"]["id"]
        if message.get("kind") == CONNECTION_TEST:
            return Answer(word, b"", organization_id, None)
        record = _record_of(frame, message)
        record.status = CallRecord.Status.ERROR
        record.error_name = name
        record.total_ms = max(int(time.time() * 1000) - frame.queued_at, 0)
        return Answer(word, b"", organization_id, record)

    async def _definition(
        self, solution_id: uuid.UUID, version: int, name: str
    ) -> engine.Definition:
        known = definition_of.known(solution_id, version, name)
        if known is not None:
            return known
        return await self._database.run(definition_of, solution_id, version, name)

    def _surroundings(self, frame: RequestFrame, message: dict[str, Any]) -> engine.Surroundings:
        left = (frame.deadline - REPLY_MS) / 1000 - time.time()
        deadline, organization_id = time.monotonic() + left, message["organization"]["id"]
        purse = Purse(
            self._credentials,
            message=message,
            off_loop=self._tokens.of(organization_id),
            deadline=deadline,
        )
        return engine.Surroundings(
            credentials=purse.find,
            transport=BoundTransport(self._client, policy_for(tuple(message["networks"]))),
            deadline=deadline,
            scripts=self._scripts.of(organization_id),
            limits=call_limits(),
            off_loop=self._expressions.of(organization_id),
            refresh=purse.refresh,
            mint=purse.mint,
            database=self._databases.of(message),
        )


@lru_cache(maxsize=1)
def call_limits() -> engine.Limits:
    """Return the settings' bounds on one call."""
    return engine.Limits(
        pages=settings.LANE_MAX_PAGES,
        total_bytes=settings.LANE_TOTAL_BYTES,
        response_bytes=settings.LANE_MAX_BYTES,
        rows=settings.LANE_MAX_ROWS,
        request_bytes=settings.LANE_MAX_BYTES,
        service_seconds=settings.LANE_SERVICE_SECONDS,
        expression_bytes=settings.LANE_MAX_BYTES * 3 // 2,
    )


@lru_cache(maxsize=1024)
def policy_for(networks: tuple[str, ...]) -> outbound.Policy:
    """Return what the operator lets an organization reach: the installation's networks and its."""
    return policy_with(networks)


def _reason_of(error: Exception) -> tuple[bytes, str]:
    if isinstance(error, Error):
        return DATABASE_AWAY, "database_unavailable"
    if isinstance(error, VaultAway | VaultKeyMissing):
        return VAULT_AWAY, error.code
    return BUG, "internal_error"


def _answer(
    frame: RequestFrame,
    message: dict[str, Any],
    outcome: engine.Outcome,
    *,
    queued: int,
    total: int,
) -> Answer:
    timing = {
        "total": total,
        "queue": queued,
        "upstream": round(outcome.timing.upstream * 1000),
        "transform": round(outcome.timing.transform * 1000),
    }
    document = {
        "correlation_id": str(frame.call_id),
        "function": message["function"],
        "version": message["version"],
        "status": outcome.status,
        "output": outcome.output,
        "records": outcome.records,
        "operations": outcome.operations,
        "error": outcome.error,
        "upstream": {"status": outcome.upstream_status, "pages": outcome.pages},
        "timing_ms": timing,
        "warnings": outcome.warnings,
    }
    if outcome.answer is not None:
        document["answer"] = orjson.Fragment(outcome.answer)
    record = _record(frame, message, outcome, timing)
    organization_id = message["organization"]["id"]
    return Answer(record.status.encode(), orjson.dumps(document), organization_id, record)


def _record(
    frame: RequestFrame, message: dict[str, Any], outcome: engine.Outcome, timing: dict[str, int]
) -> CallRecord:
    record = _record_of(frame, message)
    record.status = CallRecord.Status[outcome.status.upper()]
    record.error_name = outcome.error["name"] if outcome.error else ""
    record.upstream_status = outcome.upstream_status
    record.pages = outcome.pages
    record.request_bytes = outcome.request_bytes
    record.response_bytes = outcome.response_bytes
    record.total_ms, record.queue_ms = timing["total"], timing["queue"]
    record.upstream_ms, record.transform_ms = timing["upstream"], timing["transform"]
    record.warnings = len(outcome.warnings)
    record.echoed_secret = outcome.echoed_secret
    return record


def _record_of(frame: RequestFrame, message: dict[str, Any]) -> CallRecord:
    """Return who called what; how it ended is still to be said."""
    return CallRecord(
        id=frame.call_id,
        organization_id=uuid.UUID(message["organization"]["id"]),
        solution_id=uuid.UUID(message["solution"]["id"]),
        user_id=uuid.UUID(message["user"]["id"]),
        device_id=message["device_id"] and uuid.UUID(message["device_id"]),
        function_name=message["function"],
        version=message["version"],
        source=message["source"],
        started_at=datetime.fromtimestamp(frame.queued_at / 1000, tz=UTC),
    )
