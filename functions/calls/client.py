"""The web's end of the lane: many callers wait, one reader hands them their replies."""

import asyncio
import contextlib
import logging
import os
import socket
import time
import uuid
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.translation import gettext
from redis.exceptions import RedisError

from functions.calls.envelope import (
    KEY_BYTES,
    NotOurs,
    RequestFrame,
    open_reply,
    reply_call_id,
)
from functions.calls.lane import (
    BUG,
    DATABASE_AWAY,
    VAULT_AWAY,
    CallTimeout,
    Lane,
    NoWorker,
    Ticket,
    open_lane,
    transport_keys,
)
from jigxmgmt.errors import Unavailable

logger = logging.getLogger(__name__)

REPLIES_AT_ONCE = 64


class BrokerAway(Unavailable):
    code = "broker_unavailable"


class WorkerUnavailable(Unavailable):
    code = "database_unavailable"


class WorkerBug(Exception):
    """A bug of ours at the other end, whose log has the place; here it becomes a 500."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the worker sent: its document, ready for the caller, and how the call ended."""

    status: str
    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Caller:
    reply: asyncio.Future[bytes] = field(repr=False)
    reply_key: bytes = field(repr=False)


class LaneClient:
    """One event loop's callers. A blocking pop a caller would exhaust the connections."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.web = os.urandom(16)
        self._waiting: dict[uuid.UUID, _Caller] = {}
        self._reader: asyncio.Task[None] | None = None

    async def call(self, payload: bytes, *, call_id: uuid.UUID, organization_id: str) -> Reply:
        """Send one call and wait for its reply.

        Raises NoWorker, QueueFull, TooManyCalls (nothing was sent), BrokerAway, or CallTimeout
        (it may have run: nothing is sent again); WorkerUnavailable or WorkerBug when the worker
        could not run it to an end.
        """
        frame = self._frame(payload, call_id)
        sealed = transport_keys().seal(frame)
        lifetime = frame.deadline - frame.queued_at
        ticket = Ticket(call_id, organization_id, frame.queued_at, lifetime)
        caller = _Caller(asyncio.get_running_loop().create_future(), frame.reply_key)
        self._waiting[call_id] = caller
        self._keep_reading()
        try:
            await self._push(sealed, ticket)
            reply = await self._wait(caller.reply, sealed, ticket)
        finally:
            del self._waiting[call_id]
        word, _, document = reply.partition(b"\n")
        if word == BUG:
            raise WorkerBug(f"Call {call_id} met a bug in the worker.")
        if word == DATABASE_AWAY:
            raise WorkerUnavailable(gettext("The worker can't reach its database."))
        if word == VAULT_AWAY:
            raise WorkerUnavailable(gettext("The worker can't open the vault."))
        return Reply(word.decode(), document)

    def _frame(self, payload: bytes, call_id: uuid.UUID) -> RequestFrame:
        now = int(time.time() * 1000)
        return RequestFrame(
            call_id=call_id,
            queued_at=now,
            deadline=now + int(settings.LANE_CALL_SECONDS * 1000),
            web=self.web,
            reply_key=os.urandom(KEY_BYTES),
            payload=payload,
        )

    async def _push(self, sealed: bytes, ticket: Ticket) -> None:
        """Queue the call. A broker that fell silent may have taken it: then that is asked first."""
        try:
            await self.lane.push(sealed, ticket)
        except (RedisError, OSError) as error:
            if not _never_left(error) and not await self._taken_back(sealed, ticket):
                return
            raise BrokerAway(
                gettext("The broker does not answer; the call was not sent.")
            ) from error

    async def _taken_back(self, sealed: bytes, ticket: Ticket) -> bool:
        """Answer whether the call lay there still; raises CallTimeout when nobody can say."""
        try:
            return await self.lane.withdraw(sealed, ticket)
        except (RedisError, OSError) as error:
            raise CallTimeout(gettext("The broker fell silent. The call may have run.")) from error

    async def _wait(self, waiting: asyncio.Future[bytes], sealed: bytes, ticket: Ticket) -> bytes:
        """Wait for the reply; past the queue's limit, take the call back if nobody took it."""
        started = time.monotonic()
        done, _ = await asyncio.wait({waiting}, timeout=settings.LANE_QUEUE_SECONDS)
        if not done:
            if await self._withdrawn(sealed, ticket):
                raise NoWorker(gettext("No worker took the call in time; it was not sent."))
            rest = settings.LANE_CALL_SECONDS - (time.monotonic() - started)
            done, _ = await asyncio.wait({waiting}, timeout=max(rest, 0))
        if not done:
            raise CallTimeout(gettext("No reply came in time. The call may have run."))
        return waiting.result()

    async def _withdrawn(self, sealed: bytes, ticket: Ticket) -> bool:
        try:
            return await self.lane.withdraw(sealed, ticket)
        except (RedisError, OSError):  # it expires in the broker by itself
            return False

    def _keep_reading(self) -> None:
        if self._reader is None or self._reader.done():
            self._reader = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        """Hand replies to those who wait, for as long as anybody does."""
        while self._waiting:
            try:
                replies = await self.lane.take_replies(self.web, REPLIES_AT_ONCE)
            except (RedisError, OSError):
                logger.warning("The broker does not answer; reading again in a moment.")
                await asyncio.sleep(0.5)
                continue
            for sealed in replies:
                self._hand_over(sealed)

    def _hand_over(self, sealed: bytes) -> None:
        """Give a reply to its caller; one that is late, repeated or forged is dropped."""
        with contextlib.suppress(NotOurs, KeyError):
            caller = self._waiting[reply_call_id(sealed)]
            reply = open_reply(sealed, reply_key=caller.reply_key)
            if not caller.reply.done():
                caller.reply.set_result(reply)


def _never_left(error: BaseException | None) -> bool:
    """Answer whether there was no broker to send to, so that nothing can have been sent."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError | FileNotFoundError | socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, LaneClient] = WeakKeyDictionary()


def lane_client() -> LaneClient:
    """Return this loop's client."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = LaneClient(open_lane())
    return _clients[loop]
