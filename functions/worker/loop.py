"""Takes calls from the lane in batches, runs a bounded number at once, replies, and drains."""

import asyncio
import logging
import os
import time
import uuid
from typing import Protocol

from django.conf import settings
from redis.exceptions import RedisError

from functions.calls.envelope import NotOurs, RequestFrame, seal_reply
from functions.calls.lane import Lane, SealedReply, transport_keys
from functions.models import CallRecord
from functions.worker.runner import Answer

logger = logging.getLogger(__name__)

BATCH = 32
BEAT_SECONDS = 1
RETRY_SECONDS = 0.2


class Runs(Protocol):
    """Runs one call to its end; what it raises is a bug, or a part that is away."""

    async def run(self, frame: RequestFrame) -> Answer: ...

    def failed(self, frame: RequestFrame, error: Exception) -> Answer: ...


class Logs(Protocol):
    """Takes the rows of the call log, and writes them by and by."""

    def add(self, record: CallRecord) -> None: ...

    async def write_until(self, stopping: asyncio.Event) -> None: ...

    async def flush(self) -> None: ...


class LaneWorker:
    """One process's worker of the lane; all of it lives on one loop."""

    def __init__(self, *, lane: Lane, runner: Runs, log: Logs) -> None:
        self.id = os.urandom(16)
        self.lane = lane
        self.runner = runner
        self.log = log
        self._slots = asyncio.Semaphore(settings.LANE_CONCURRENCY)
        self._running: set[asyncio.Task[None]] = set()
        self._seen: dict[uuid.UUID, int] = {}
        self._replies: asyncio.Queue[SealedReply] = asyncio.Queue()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def serve(self) -> None:
        """Serve until told to stop; then finish what runs, write the log, and leave."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self.log.write_until(self._stopping))
            replying = group.create_task(self._send_replies())
            await self._take_calls()
            if self._running:
                await asyncio.wait(self._running, timeout=settings.LANE_CALL_SECONDS)
            await self._replies.join()
            replying.cancel()
        await self.log.flush()

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.lane.beat(self.id)
            except (RedisError, OSError):
                logger.warning("The broker does not answer; no call can reach this worker.")
            await _pause(self._stopping, BEAT_SECONDS)
        try:
            await self.lane.leave(self.id)
        except (RedisError, OSError):
            logger.warning("The broker was away when this worker left.")

    async def _take_calls(self) -> None:
        while not self._stopping.is_set():
            await self._slots.acquire()
            self._slots.release()
            try:
                # Never more than can start at once: what is not taken, another worker may take.
                room = min(BATCH, settings.LANE_CONCURRENCY - len(self._running))
                sealed_frames = await self.lane.take(room)
            except (RedisError, OSError):
                await _pause(self._stopping, BEAT_SECONDS)
                continue
            for sealed in sealed_frames:
                await self._start(sealed)

    async def _start(self, sealed: bytes) -> None:
        try:
            frame = transport_keys().open(sealed)
        except NotOurs:
            logger.warning("Dropped a message that was not sealed by this installation.")
            return
        now = int(time.time() * 1000)
        if frame.deadline <= now or not self._is_first(frame, now):
            return
        await self._slots.acquire()
        task = asyncio.create_task(self._run(frame))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _is_first(self, frame: RequestFrame, now: int) -> bool:
        """Remember a call until its deadline, so that the same envelope never runs twice."""
        if frame.call_id in self._seen:
            logger.warning("Dropped a repeated envelope.")
            return False
        # Calls live equally long, so the oldest stand in front.
        while self._seen and next(iter(self._seen.values())) <= now:
            del self._seen[next(iter(self._seen))]
        self._seen[frame.call_id] = frame.deadline
        return True

    async def _run(self, frame: RequestFrame) -> None:
        try:
            answer = await self.runner.run(frame)
        except Exception as error:  # noqa: BLE001 (the worker's outermost edge)
            # A traceback would show the values at hand: the place is enough to find the bug.
            logger.error("Call %s did not end: %s at %s", frame.call_id, *place_of(error))
            answer = self.runner.failed(frame, error)
        self._replies.put_nowait(_sealed(frame, answer))
        if answer.record is not None:
            self.log.add(answer.record)

    async def _send_replies(self) -> None:
        """Send what is ready, as many at once as there are: one round trip serves them all."""
        while True:
            replies = [await self._replies.get()]
            while not self._replies.empty():
                replies.append(self._replies.get_nowait())
            await self._deliver(replies)
            for _ in replies:
                self._replies.task_done()

    async def _deliver(self, replies: list[SealedReply]) -> None:
        """Send replies; while the broker is away, try again as long as somebody may wait."""
        while replies:
            try:
                return await self.lane.reply(replies)
            except (RedisError, OSError):
                logger.warning("The broker is away; %d replies wait.", len(replies))
            await asyncio.sleep(RETRY_SECONDS)
            now = int(time.time() * 1000)
            replies = [reply for reply in replies if reply.deadline > now]
        return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()


def _sealed(frame: RequestFrame, answer: Answer) -> SealedReply:
    payload = answer.word + b"\n" + answer.document
    sealed = seal_reply(payload, call_id=frame.call_id, reply_key=frame.reply_key)
    return SealedReply(sealed, frame.web, frame.call_id, answer.organization_id, frame.deadline)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


def place_of(error: Exception) -> tuple[str, str]:
    """Return the kind of a bug and the line it arose on, without its message."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__, "?"
    return type(error).__name__, f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
