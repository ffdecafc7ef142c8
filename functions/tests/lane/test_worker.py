"""The worker's end: what is dropped, what runs once, what ends before it stops."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings

from functions.calls import (
    LaneClient,
    WorkerBug,
)
from functions.calls.envelope import RequestFrame
from functions.calls.lane import (
    BUG,
    REQUESTS,
    WORKERS,
    Lane,
    reply_key_name,
    transport_keys,
)
from functions.models import CallRecord
from functions.tests.lane.stage import (
    ORGANIZATION,
    WORKER,
    a_frame,
    in_seconds,
    on_lane,
    push,
    until_served,
)
from functions.worker.loop import LaneWorker
from functions.worker.runner import Answer


def a_record(frame: RequestFrame) -> CallRecord:
    return CallRecord(id=frame.call_id, organization_id=uuid.UUID(ORGANIZATION))


@dataclass
class Counting:
    """A runner that counts; as long as `hold` is not set, its calls do not end."""

    ran: list[uuid.UUID] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, frame: RequestFrame) -> Answer:
        self.ran.append(frame.call_id)
        await self.hold.wait()
        if frame.payload == b"bug":
            raise ZeroDivisionError("a value that must not be logged")
        return Answer(b"OK", b"{}", ORGANIZATION, a_record(frame))

    def failed(self, frame: RequestFrame, error: Exception) -> Answer:
        return Answer(BUG, b"", ORGANIZATION, a_record(frame))


@dataclass
class Rows:
    """A call log in memory."""

    rows: list[CallRecord] = field(default_factory=list)

    def add(self, record: CallRecord) -> None:
        self.rows.append(record)

    async def write_until(self, stopping: asyncio.Event) -> None:
        await stopping.wait()

    async def flush(self) -> None:
        return None


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def ran_by(worker: LaneWorker) -> list[uuid.UUID]:
    ran: list[uuid.UUID] = worker.runner.ran  # type: ignore[attr-defined]
    return ran


async def with_worker(lane: Lane, story: Any) -> Any:
    """Run a story beside a worker, then stop it."""
    worker = LaneWorker(lane=lane, runner=Counting(), log=Rows())
    serving = asyncio.create_task(worker.serve())
    try:
        await until_served(lane)
        return await story(worker)
    finally:
        worker.runner.hold.set()  # type: ignore[attr-defined]
        worker.stop()
        await serving


def beside_a_worker(story: Any) -> Any:
    def told(lane: Lane) -> Coroutine[Any, Any, Any]:
        return with_worker(lane, lambda worker: story(lane, worker))

    return on_lane(told)


class TestWorker:
    def test_runs_a_repeated_envelope_once(self) -> None:
        async def story(lane: Lane, worker: LaneWorker) -> int:
            frame, last = a_frame(deadline=in_seconds(5)), a_frame(deadline=in_seconds(5))
            sealed = transport_keys().seal(frame)
            for again in (sealed, sealed, transport_keys().seal(last)):
                await lane.broker.rpush(REQUESTS, again)
            await until(lambda: last.call_id in ran_by(worker))
            return ran_by(worker).count(frame.call_id)

        assert beside_a_worker(story) == 1

    def test_forgets_a_call_after_its_deadline(self) -> None:
        async def story(lane: Lane, worker: LaneWorker) -> int:
            for _ in range(3):
                await push(lane, a_frame(deadline=in_seconds(0.2)))
            await until(lambda: len(ran_by(worker)) == 3)
            await asyncio.sleep(0.25)
            await push(lane, a_frame(deadline=in_seconds(5)))
            await until(lambda: len(ran_by(worker)) == 4)
            return len(worker._seen)

        assert beside_a_worker(story) == 1

    def test_answers_for_a_bug_and_logs_its_place_alone(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(lane: Lane) -> list[CallRecord]:
            rows = Rows()
            worker = LaneWorker(lane=lane, runner=Counting(), log=rows)
            worker.runner.hold.set()  # type: ignore[attr-defined]
            serving = asyncio.create_task(worker.serve())
            await until_served(lane)
            with pytest.raises(WorkerBug):
                await LaneClient(lane).call(
                    b"bug", call_id=uuid.uuid4(), organization_id=ORGANIZATION
                )
            worker.stop()
            await serving
            return rows.rows

        assert len(on_lane(story)) == 1
        assert "ZeroDivisionError" in caplog.text
        assert "a value that must not be logged" not in caplog.text

    def test_drops_what_came_too_late_or_is_not_ours(self) -> None:
        async def story(lane: Lane, worker: LaneWorker) -> list[uuid.UUID]:
            late, last = a_frame(deadline=in_seconds(-0.1)), a_frame(deadline=in_seconds(5))
            for sealed in (b"noise", transport_keys().seal(late), transport_keys().seal(last)):
                await lane.broker.rpush(REQUESTS, sealed)
            await until(lambda: last.call_id in ran_by(worker))
            return [call for call in ran_by(worker) if call != last.call_id]

        assert beside_a_worker(story) == []

    def test_takes_no_more_than_it_may_run(self, settings: Settings) -> None:
        settings.LANE_CONCURRENCY = 2

        async def story(lane: Lane, worker: LaneWorker) -> int:
            for _ in range(5):
                await push(lane, a_frame(deadline=in_seconds(5)))
            await until(lambda: len(ran_by(worker)) == 2)
            # Two of its heartbeats later it would have taken more if it took more.
            first = await lane.broker.zscore(WORKERS, worker.id)
            async with asyncio.timeout(5):
                while await lane.broker.zscore(WORKERS, worker.id) == first:
                    await asyncio.sleep(0.01)
            return len(ran_by(worker)) + int(await lane.broker.llen(REQUESTS))

        assert beside_a_worker(story) == 5

    def test_ends_what_runs_before_it_stops(self, settings: Settings) -> None:
        settings.LANE_CALL_SECONDS = 5

        async def story(lane: Lane) -> list[CallRecord]:
            runner, rows = Counting(), Rows()
            worker = LaneWorker(lane=lane, runner=runner, log=rows)
            serving = asyncio.create_task(worker.serve())
            frame = a_frame(deadline=in_seconds(5))
            await lane.beat(WORKER)
            await push(lane, frame)
            await until(lambda: runner.ran)
            worker.stop()
            runner.hold.set()
            await serving
            assert await lane.broker.llen(reply_key_name(frame.web)) == 1
            return rows.rows

        assert len(on_lane(story)) == 1
