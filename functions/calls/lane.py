"""The lists in the broker, and the one script that puts a call on them or says why not."""

import functools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.utils.translation import gettext as _
from redis.asyncio import BlockingConnectionPool, Redis

from functions.calls.envelope import TransportKeys
from jigxmgmt.errors import DomainError, TooMuch, Unavailable

REQUESTS = "jigxmgmt:lane:requests"
WORKERS = "jigxmgmt:lane:workers"
# A worker beats every second; one that has not for this long is taken for dead.
HEARTBEAT_SECONDS = 4
# A reply's first line is the call's status, or one of these and nothing after it.
BUG = b"BUG"
DATABASE_AWAY = b"DATABASE_AWAY"
VAULT_AWAY = b"VAULT_AWAY"
# Far below the socket's timeout; a worker that is told to stop waits this long at most.
BLOCK_SECONDS = 1

# One step in the broker: alive? room? not too old? this organization within its bound? then push.
# The clock is the broker's own for what it compares with the broker's own.
_PUSH = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if redis.call('ZCOUNT', KEYS[2], now - ARGV[2], '+inf') == 0 then return 'no_worker' end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'queue_full' end
local head = redis.call('LINDEX', KEYS[1], 0)
if head then
  local queued = 0
  for i = 26, 33 do queued = queued * 256 + string.byte(head, i) end
  if tonumber(ARGV[6]) - queued > tonumber(ARGV[4]) then return 'queue_full' end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then return 'too_many_calls' end
redis.call('ZADD', KEYS[3], now + ARGV[7], ARGV[8])
redis.call('PEXPIRE', KEYS[3], ARGV[7])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return 'ok'
"""

_BEAT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_COUNT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
return redis.call('ZCOUNT', KEYS[1], now - ARGV[1], '+inf')
"""


class NoWorker(Unavailable):
    code = "no_worker"


class QueueFull(Unavailable):
    code = "queue_full"


class TooManyCalls(TooMuch):
    code = "too_many_calls"


class CallTimeout(Unavailable):
    code = "call_timeout"
    status = 504
    retry_after = None


def refusal(word: bytes) -> DomainError:
    """Return the refusal that the broker's word stands for."""
    return {
        b"no_worker": NoWorker(_("No worker is running; the call was not sent.")),
        b"queue_full": QueueFull(_("Too many calls are waiting; this one was not sent.")),
        b"too_many_calls": TooManyCalls(_("Your organization has too many calls running.")),
    }[word]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the broker may know of a call beside its sealed frame."""

    call_id: uuid.UUID
    organization_id: str
    queued_at: int
    lifetime_ms: int


@dataclass(frozen=True, slots=True)
class SealedReply:
    """A reply on its way: for which web process, of which call, good until when (ms)."""

    sealed: bytes
    web: bytes
    call_id: uuid.UUID
    organization_id: str | None
    deadline: int


class Lane:
    """One process's hold on the lane."""

    def __init__(self, broker: Redis) -> None:
        self.broker = broker
        self._push = broker.register_script(_PUSH)
        self._beat = broker.register_script(_BEAT)
        self._count = broker.register_script(_COUNT)

    async def push(self, sealed: bytes, ticket: Ticket) -> None:
        """Queue a call; raises NoWorker, QueueFull or TooManyCalls with nothing queued."""
        word = await self._push(
            keys=[REQUESTS, WORKERS, running_key(ticket.organization_id)],
            args=[
                sealed,
                HEARTBEAT_SECONDS * 1000,
                settings.LANE_QUEUE_LENGTH,
                int(settings.LANE_QUEUE_SECONDS * 1000),
                settings.LANE_CALLS_PER_ORGANIZATION,
                ticket.queued_at,
                ticket.lifetime_ms,
                ticket.call_id.bytes,
            ],
        )
        if word != b"ok":
            raise refusal(word)

    async def withdraw(self, sealed: bytes, ticket: Ticket) -> bool:
        """Take a call back that no worker has taken; false when one has."""
        withdrawn = await self.broker.lrem(REQUESTS, 1, sealed)  # type: ignore[arg-type]
        if withdrawn:
            await self.broker.zrem(running_key(ticket.organization_id), ticket.call_id.bytes)
        return bool(withdrawn)

    async def take(self, most: int) -> list[bytes]:
        """Take up to so many calls, waiting a moment for the first."""
        return await self._pop(REQUESTS, most)

    async def take_replies(self, web: bytes, most: int) -> list[bytes]:
        """Take up to so many replies for this web process, waiting a moment for the first."""
        return await self._pop(reply_key_name(web), most)

    async def _pop(self, name: str, most: int) -> list[bytes]:
        taken = await self.broker.blmpop(BLOCK_SECONDS, 1, name, direction="LEFT", count=most)
        return cast(list[bytes], taken[1]) if taken else []

    async def reply(self, replies: Iterable[SealedReply]) -> None:
        """Leave replies for the web processes that wait, and free the organizations' places.

        A list that nobody reads expires as its last call does.
        """
        lifetime_ms = int(settings.LANE_CALL_SECONDS * 1000)
        async with self.broker.pipeline(transaction=False) as pipeline:
            for reply in replies:
                pipeline.rpush(reply_key_name(reply.web), reply.sealed)
                pipeline.pexpire(reply_key_name(reply.web), lifetime_ms)
                if reply.organization_id:
                    pipeline.zrem(running_key(reply.organization_id), reply.call_id.bytes)
            await pipeline.execute()

    async def beat(self, worker: bytes) -> None:
        """Say that this worker is alive."""
        await self._beat(keys=[WORKERS], args=[worker, HEARTBEAT_SECONDS * 1000])

    async def leave(self, worker: bytes) -> None:
        """Say that this worker takes no more calls."""
        await self.broker.zrem(WORKERS, worker)

    async def workers(self) -> int:
        """Count the workers that are alive."""
        return int(await self._count(keys=[WORKERS], args=[HEARTBEAT_SECONDS * 1000]))


def open_lane() -> Lane:
    """Connect this loop to the broker; connections are opened as they are needed, and bounded."""
    pool = BlockingConnectionPool.from_url(
        settings.REDIS_URL, max_connections=64, timeout=10, socket_timeout=10
    )
    return Lane(Redis.from_pool(pool))


@functools.cache
def transport_keys() -> TransportKeys:
    """Return the keys that web and workers share."""
    return TransportKeys(settings.TRANSPORT_KEYS)


def reply_key_name(web: bytes) -> str:
    return f"jigxmgmt:lane:replies:{web.hex()}"


def running_key(organization_id: str) -> str:
    return f"jigxmgmt:lane:running:{organization_id}"
