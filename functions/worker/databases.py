"""Customers' databases at the worker: pools and tokens by connection, dropped with every change."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings

from auth_providers.services.outbound_policy import policy_with
from functions import engine
from functions.calls.database import Database
from functions.engine.failures import SqlError
from functions.models import Connection
from functions.services.connections import secret_of
from functions.sql_server.databases import PooledDatabase
from functions.sql_server.drivers import INSTALL, Driver, DriverMissing, load_driver
from functions.sql_server.entra import ServicePrincipal, Token, fetch_token
from functions.sql_server.pools import Pool
from functions.sql_server.targets import AccessToken, Password, SignIn, Target
from functions.worker.stamped import StampedCache
from functions.worker.threads import SharedThreads
from jigxmgmt import outbound

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 30
TOKEN_SECONDS = 10


@dataclass(slots=True)
class _Kept:
    """What belongs to a connection as it was saved at that moment, with what it might reach."""

    saved_at: datetime
    networks: Sequence[str]
    pool: Pool = field(default_factory=Pool)
    token: Token | None = field(default=None, repr=False)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Databases:
    """All connections that this worker has used lately; all but the work is on one loop."""

    def __init__(self, database: Database, client: outbound.Client) -> None:
        self._rows = StampedCache(database, _load)
        self._client = client
        self._threads = SharedThreads(
            settings.LANE_SQL_THREADS, share=settings.LANE_SQL_PER_ORGANIZATION, name="sql"
        )
        self._kept: dict[uuid.UUID, _Kept] = {}
        self._sweeping: asyncio.Task[None] | None = None

    def of(self, message: dict[str, Any]) -> Callable[[str], Awaitable[engine.Database]]:
        """Return how a call finds its database by the name of a connection."""

        async def find(name: str) -> engine.Database:
            return await self.find(message, name)

        return find

    async def find(self, message: dict[str, Any], name: str) -> PooledDatabase:
        """Return the database, ready to sign in. Raises SqlError, or what asking for a token does.

        A vault that is away is no failure of the call's own: VaultAway and VaultKeyMissing pass.
        """
        connection = await self.connection(message, name)
        kept = self._kept_for(connection, message["networks"])
        self._keep_sweeping()
        return await self._database(message, connection, kept)

    async def connection(self, message: dict[str, Any], name: str) -> Connection:
        """Return the connection of the call's solution, still sealed. Raises SqlError."""
        solution_id, stamp = uuid.UUID(message["solution"]["id"]), message["credential_stamp"]
        connection = await self._rows.find(solution_id, stamp=stamp, key=name)
        if connection is None:
            raise _refusal("connection_missing", f"The solution has no connection {name}.")
        return connection

    async def strange(self, message: dict[str, Any], connection: Connection) -> PooledDatabase:
        """Return the database as if nobody had signed in there yet; raises as `find` does."""
        return await self._database(
            message, connection, _Kept(connection.saved_at, message["networks"])
        )

    async def _database(
        self, message: dict[str, Any], connection: Connection, kept: _Kept
    ) -> PooledDatabase:
        driver, policy = loaded_driver(), policy_with(message["networks"])
        return PooledDatabase(
            target=target_of(connection),
            sign_in=await self._sign_in(connection, kept, policy),
            driver=driver,
            pool=kept.pool,
            policy=policy,
            off_loop=self._threads.of(
                message["organization"]["id"],
                part=(str(connection.pk), settings.LANE_SQL_PER_CONNECTION),
            ),
        )

    def _kept_for(self, connection: Connection, networks: Sequence[str]) -> _Kept:
        """Return the pool of the connection as it is now, and close the one that it had before.

        Its sessions are where calls might go when they were opened, which may have changed too.
        """
        kept = self._kept.get(connection.pk)
        now = (connection.saved_at, networks)
        if kept is None or (kept.saved_at, kept.networks) != now:
            if kept is not None:
                kept.pool.close()
            kept = self._kept[connection.pk] = _Kept(*now)
        return kept

    async def _sign_in(
        self, connection: Connection, kept: _Kept, policy: outbound.Policy
    ) -> SignIn:
        secret = secret_of(connection)
        if secret is None:
            message = f"The connection {connection.name} has no secret yet."
            raise _refusal("connection_without_secret", message)
        if connection.sign_in == Connection.SignIn.PASSWORD:
            return Password(connection.user_name, engine.Secret(secret))
        principal = ServicePrincipal(
            connection.directory_id, connection.user_name, engine.Secret(secret)
        )
        async with kept.asking:
            if kept.token is None or kept.token.renew_at <= time.monotonic():
                kept.token = await fetch_token(
                    principal,
                    host=connection.server,
                    client=self._client,
                    policy=policy,
                    seconds=TOKEN_SECONDS,
                    authority=settings.AZURE_AUTHORITY_HOST,
                )
            return AccessToken(kept.token.secret)

    def _keep_sweeping(self) -> None:
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """Close what is idle, again and again while there is any."""
        while self._kept:
            await asyncio.sleep(SWEEP_SECONDS)
            for connection_id, kept in list(self._kept.items()):
                has_sessions = kept.pool.sweep()
                has_token = kept.token is not None and kept.token.renew_at > time.monotonic()
                if not has_sessions and not has_token and not kept.pool.is_in_use:
                    del self._kept[connection_id]

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        for kept in self._kept.values():
            kept.pool.close()
        self._threads.close()


def target_of(connection: Connection) -> Target:
    return Target(
        host=connection.server,
        port=connection.port,
        database=connection.database,
        certificate_name=connection.certificate_host_name,
        trusts_any_certificate=connection.trusts_any_certificate,
        is_read_only=connection.application_intent == Connection.ApplicationIntent.READ_ONLY,
        is_multi_subnet=connection.multi_subnet_failover,
        connect_seconds=connection.connect_seconds,
        query_seconds=connection.query_seconds,
        connect_retries=connection.connect_retries,
        retry_seconds=connection.retry_seconds,
    )


def loaded_driver() -> Driver:
    """Return the installation's driver. Raises SqlError with the code `driver_missing`."""
    try:
        return load_driver(settings.SQL_SERVER_DRIVER)
    except DriverMissing as missing:
        _tell_missing(str(missing))
    raise _refusal("driver_missing", "This installation has no driver for SQL Server.")


@cache
def _tell_missing(reason: str) -> None:
    """Tell the operator once, not with every call."""
    logger.error("SQL functions do not run: %s. To install the driver: %s", reason, INSTALL)


def _refusal(code: str, message: str) -> SqlError:
    return SqlError(message, details={"code": code})


def _load(solution_id: uuid.UUID) -> dict[str, Connection]:
    rows = Connection.objects.filter(solution=solution_id).select_related("data_key")
    return {row.name: row for row in rows}
