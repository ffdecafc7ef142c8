"""A customer's database as the engine sees it: vetted, pooled, on threads that may block."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from functions.engine import failures
from functions.engine.batches import Batch
from functions.engine.recordsets import Recordsets
from functions.engine.types import OffLoop, Secret
from functions.sql_server.drivers import Driver
from functions.sql_server.pools import Pool
from functions.sql_server.relays import Relay
from functions.sql_server.sessions import Session
from functions.sql_server.targets import SignIn, Target
from jigxmgmt import outbound

# ODBC counts in whole seconds, and a server that was told to cancel may take a moment.
_GRACE_SECONDS = 2.0
_ELSEWHERE = "The server sends its clients elsewhere; name the server that they are sent to."
# Is given a session, and the seconds that are left.
Work = Callable[[Session, float], None]


@dataclass(frozen=True, slots=True)
class PooledDatabase:
    """One database for one call; `off_loop` gives it its own share of the threads.

    The pool is shared with all calls to the same database, signed in the same way.
    """

    target: Target
    sign_in: SignIn = field(repr=False)
    driver: Driver
    pool: Pool
    policy: outbound.Policy
    off_loop: OffLoop

    @property
    def secrets(self) -> Sequence[Secret]:
        return (self.sign_in.secret,)

    async def run(self, batch: Batch, recordsets: Recordsets, *, seconds: float) -> None:
        """Run a batch; raises what `Database` says."""

        def work(session: Session, left: float) -> None:
            session.run(batch, recordsets, seconds=left)

        await self.use(work, seconds=min(seconds, self.target.query_seconds))

    async def use(self, work: Work, *, seconds: float) -> None:
        """Sign in unless there is a session, and work with it on a thread of this database's own.

        A thread that nobody waits for any more is still busy until the server has let go.
        """
        using = _Using(self, work, asyncio.get_running_loop(), seconds)
        try:
            async with asyncio.timeout(seconds):
                await self.off_loop(using)
        except TimeoutError:
            # The driver has told the server to cancel; one that does not listen is left.
            self.pool.overdue.add(using)
            asyncio.get_running_loop().call_later(_GRACE_SECONDS, using.cut)
            raise failures.UpstreamTimeout("The database did not answer in time.") from None


class _Using:
    """One piece of work with a session, on its thread."""

    def __init__(
        self,
        database: PooledDatabase,
        work: Work,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
    ) -> None:
        self._database = database
        self._work = work
        self._loop = loop
        self._ends = time.monotonic() + seconds
        self._way: Callable[[], None] | None = None  # ends what the thread waits for
        self._is_cut = False

    def __call__(self) -> None:
        try:
            self._require_time()  # it may have waited for its thread for too long
            with self._database.pool.session(self._open, note=self._note) as session:
                self._require_time()  # nothing is begun of which nobody would learn
                self._work(session, self._left)
        finally:
            self._way = None
            self._database.pool.overdue.discard(self)

    def cut(self) -> None:
        """Get the thread back, if it is still waiting for the server."""
        self._database.pool.overdue.discard(self)
        self._is_cut = True
        if (way := self._way) is not None:
            way()

    def _go_by(self, way: Callable[[], None]) -> None:
        """Know how to end what the thread waits for from now on; it may be too late already."""
        self._way = way
        if self._is_cut:
            way()

    def _note(self, session: Session) -> None:
        self._go_by(session.cut)

    def _require_time(self) -> None:
        if self._left <= 0:
            raise failures.UpstreamTimeout("The database did not answer in time.")

    @property
    def _left(self) -> float:
        return self._ends - time.monotonic()

    def _open(self) -> Session:
        """Sign in, and again while a failover takes its time. Raises AddressRefused too."""
        target = self._database.target
        for _ in range(target.connect_retries):
            try:
                return self._sign_in()
            except (failures.UpstreamUnreachable, failures.SqlError) as failure:
                if not _may_pass(failure) or self._left <= target.retry_seconds:
                    raise
            time.sleep(target.retry_seconds)
        return self._sign_in()

    def _sign_in(self) -> Session:
        database, addresses = self._database, self._addresses()
        if database.target.is_named:
            return database.driver.open(database.target, database.sign_in)
        relay = self._relay_to(addresses)
        self._go_by(relay.close)
        try:
            session = database.driver.open(database.target, database.sign_in, relay)
            if not relay.is_in_use:
                raise failures.UpstreamUnreachable(_ELSEWHERE, details={"code": "sent_elsewhere"})
        except BaseException:
            relay.close()
            raise
        return session

    def _relay_to(self, addresses: Sequence[str]) -> Relay:
        """Go to the first address that answers."""
        target, bind_address = self._database.target, self._database.policy.bind_address
        for place, address in enumerate(addresses):
            seconds = min(target.connect_seconds, self._left) / (len(addresses) - place)
            with suppress(OSError):
                return Relay.connect(
                    address, target.port, bind_address=bind_address, seconds=max(0.01, seconds)
                )
        raise failures.UpstreamUnreachable("The database can't be reached.")

    def _addresses(self) -> list[str]:
        self._require_time()  # past it nobody waits, and the loop may have ended
        finding = find_addresses(self._database.target, self._database.policy)
        found = asyncio.run_coroutine_threadsafe(finding, self._loop)
        try:
            return found.result(max(0, self._left))
        except TimeoutError:
            found.cancel()
            raise failures.UpstreamTimeout("The database's name was not found in time.") from None
        except outbound.AddressRefused:
            raise failures.AddressRefused("Calls may not go to this address.") from None
        except outbound.OutboundFailure:
            raise failures.UpstreamUnreachable("The database's name has no address.") from None


def _may_pass(failure: failures.EngineFailure) -> bool:
    """Whether another try may go better: nobody answered, or it is not there at the moment."""
    code = (failure.details or {}).get("code")
    is_unanswered = isinstance(failure, failures.UpstreamUnreachable) and code is None
    return is_unanswered or code == "database_unavailable"


async def find_addresses(target: Target, policy: outbound.Policy) -> list[str]:
    """Resolve and vet; of a listener in several subnets, the one that answers comes first.

    Raises the failures of `jigxmgmt.outbound`.
    """
    addresses = await outbound.resolve_and_vet(target.host, target.port, policy)
    if target.is_multi_subnet and len(addresses) > 1:
        answering = await _first_to_answer(addresses, target, policy.bind_address)
        addresses.sort(key=lambda address: address != answering)
    return addresses


async def _first_to_answer(
    addresses: Sequence[str], target: Target, bind_address: str | None
) -> str | None:
    """Knock at all at once, since only one replica listens and the others keep silent."""
    source = (bind_address, 0) if bind_address else None
    knocks = [asyncio.create_task(_knock(address, target.port, source)) for address in addresses]
    try:
        for knock in asyncio.as_completed(knocks, timeout=target.connect_seconds):
            if answering := await knock:
                return answering
    except TimeoutError:
        pass
    finally:
        for task in knocks:
            task.cancel()
    return None


async def _knock(address: str, port: int, source: tuple[str, int] | None) -> str | None:
    try:
        _, writer = await asyncio.open_connection(address, port, local_addr=source)
    except OSError:
        return None
    writer.close()
    return address
