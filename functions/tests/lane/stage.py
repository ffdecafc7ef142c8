"""A lane to tell stories on, and what travels there."""

import asyncio
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from functions.calls.envelope import RequestFrame, seal_reply
from functions.calls.lane import (
    Lane,
    SealedReply,
    Ticket,
    open_lane,
    transport_keys,
)

ORGANIZATION = str(uuid.uuid4())
WORKER = b"a worker"


def on_lane(story: Any) -> Any:
    """Run a story on an empty lane."""

    async def told() -> Any:
        lane = open_lane()
        await lane.broker.flushall()
        try:
            return await story(lane)
        finally:
            await lane.broker.aclose()

    return asyncio.run(told())


def a_frame(**changes: Any) -> RequestFrame:
    now = int(time.time() * 1000)
    frame = RequestFrame(
        call_id=uuid.uuid4(),
        queued_at=now,
        deadline=now + 600,
        web=os.urandom(16),
        reply_key=os.urandom(32),
        payload=b"{}",
    )
    return replace(frame, **changes)


def a_ticket(frame: RequestFrame) -> Ticket:
    lifetime = max(frame.deadline - frame.queued_at, 600)
    return Ticket(frame.call_id, ORGANIZATION, frame.queued_at, lifetime)


async def push(lane: Lane, frame: RequestFrame) -> bytes:
    sealed = transport_keys().seal(frame)
    await lane.push(sealed, a_ticket(frame))
    return sealed


def answer(frame: RequestFrame, document: bytes) -> SealedReply:
    sealed = seal_reply(b"OK\n" + document, call_id=frame.call_id, reply_key=frame.reply_key)
    return SealedReply(sealed, frame.web, frame.call_id, ORGANIZATION, frame.deadline)


async def until_served(lane: Lane) -> None:
    async with asyncio.timeout(5):
        while not await lane.workers():
            await asyncio.sleep(0.005)


def in_seconds(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


@contextmanager
def answering(document: Any) -> Iterator[list[dict[str, Any]]]:
    """Let a worker of its own thread answer one call so; yield what it is asked."""
    asked: list[dict[str, Any]] = []
    ready = threading.Event()

    async def work(lane: Lane) -> None:
        await lane.beat(WORKER)
        ready.set()
        async with asyncio.timeout(5):
            while not (taken := await lane.take(1)):
                pass
        frame = transport_keys().open(taken[0])
        asked.append(json.loads(frame.payload))
        await lane.reply([answer(frame, json.dumps(document).encode())])

    thread = threading.Thread(target=on_lane, args=[work])
    thread.start()
    assert ready.wait(5)
    try:
        yield asked
    finally:
        thread.join()
