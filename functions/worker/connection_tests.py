"""A connection's test: the whole way to the server, from where its calls go, stage by stage."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from auth_providers.services.outbound_policy import policy_with
from functions.engine.batches import Batch
from functions.engine.credentials import Wallet
from functions.engine.failures import (
    AddressRefused,
    EngineFailure,
    SqlError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from functions.engine.recordsets import Recordsets
from functions.engine.types import Credential, Limits
from functions.models import Connection
from functions.sql_server.databases import PooledDatabase
from functions.sql_server.looking import Place, look
from functions.sql_server.stages import Advice, Stage, StageName, Status
from functions.worker.databases import Databases, target_of

LONGEST_DETAIL = 1_000
_SIGN_OF_LIFE = Batch("SELECT 1 AS [alive]", (), ())


async def run_connection_test(
    databases: Databases, message: dict[str, Any], *, seconds: float
) -> list[dict[str, Any]]:
    """Return the stages in their order, as JSON; those after a failure are skipped.

    VaultAway and VaultKeyMissing pass.
    """
    ends = time.monotonic() + seconds
    try:
        connection = await databases.connection(message, message["connection"])
    except SqlError as removed:  # since somebody asked for the test
        first, *rest = StageName
        stages = [Stage(first, Status.FAILED, detail=removed.description)]
        return [_json(stage) for stage in (*stages, *(Stage(one, Status.SKIPPED) for one in rest))]
    target = target_of(connection)
    place = Place(
        target.host, target.port, target.name_to_verify, connection.trusts_any_certificate
    )
    policy = policy_with(message["networks"])
    seen = await look(place, policy=policy, seconds=min(target.connect_seconds, seconds / 2))
    stages = list(seen.stages)
    if seen.address is None:
        stages += [Stage(StageName.SIGN_IN, Status.SKIPPED), Stage(StageName.QUERY, Status.SKIPPED)]
    else:
        stages += await _with_driver(databases, message, connection, ends)
    return [_json(stage) for stage in stages]


async def _with_driver(
    databases: Databases, message: dict[str, Any], connection: Connection, ends: float
) -> list[Stage]:
    database: PooledDatabase | None = None

    async def sign_in() -> None:
        nonlocal database
        database = await databases.strange(message, connection)
        await database.use(lambda _session, _left: None, seconds=_left_of(ends))

    async def ask() -> None:
        assert database is not None  # noqa: S101 (asked after it signed in)
        recordsets = Recordsets(Limits(), outputs=())
        await database.run(_SIGN_OF_LIFE, recordsets, seconds=_left_of(ends))

    try:
        first = await _taken(StageName.SIGN_IN, sign_in, otherwise=Advice.SIGN_IN_REFUSED)
        second = Stage(StageName.QUERY, Status.SKIPPED)
        if first.status is Status.OK:
            second = await _taken(StageName.QUERY, ask, otherwise=Advice.QUERY_FAILED)
        return [_without_secrets(stage, database) for stage in (first, second)]
    finally:
        if database is not None:
            database.pool.close()


def _without_secrets(stage: Stage, database: PooledDatabase | None) -> Stage:
    """Show a server's words to whoever may test, who need not know what it was told."""
    wallet = Wallet()
    for secret in database.secrets if database else ():
        wallet.hold(Credential("", "secret", secret, ()), secret.reveal())
    detail = wallet.masked_text(wallet.held_back(stage.detail))
    return replace(stage, detail=detail[:LONGEST_DETAIL])


def _left_of(ends: float) -> float:
    return max(0.0, ends - time.monotonic())


async def _taken(
    name: StageName, step: Callable[[], Awaitable[None]], *, otherwise: Advice
) -> Stage:
    started = time.monotonic()
    try:
        await step()
    except EngineFailure as failure:
        advice, detail = _advice_on(failure, otherwise), failure.description
    else:
        return Stage(name, Status.OK, time.monotonic() - started)
    return Stage(name, Status.FAILED, time.monotonic() - started, detail, advice)


def _advice_on(failure: EngineFailure, otherwise: Advice) -> Advice:
    code = failure.details.get("code") if isinstance(failure.details, dict) else None
    if code in list(Advice):
        return Advice(code)
    if isinstance(failure, AddressRefused):
        return Advice.ADDRESS_REFUSED
    if isinstance(failure, UpstreamTimeout | UpstreamUnreachable):
        return Advice.SIGN_IN_UNANSWERED if otherwise is Advice.SIGN_IN_REFUSED else otherwise
    return otherwise


def _json(stage: Stage) -> dict[str, Any]:
    told = asdict(stage)
    seconds = told.pop("seconds")
    return {**told, "ms": None if stage.status is Status.SKIPPED else round(seconds * 1000)}
