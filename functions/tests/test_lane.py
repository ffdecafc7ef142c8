"""The lane on a real broker: what is refused, what is dropped, what happens once."""

import asyncio
import os
import time
import uuid
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pytest_django import Settings

from functions.calls import (
    BrokerAway,
    CallTimeout,
    LaneClient,
    NoWorker,
    QueueFull,
    TooManyCalls,
    WorkerBug,
)
from functions.calls.envelope import RequestFrame, seal_reply
from functions.calls.lane import (
    BUG,
    REQUESTS,
    WORKERS,
    Lane,
    SealedReply,
    Ticket,
    open_lane,
    reply_key_name,
    transport_keys,
)
from functions.models import CallRecord
from functions.worker.loop import LaneWorker
from functions.worker.runner import Answer
from tests.broker import running_broker

ORGANIZATION = str(uuid.uuid4())
WORKER = b"a worker"


@pytest.fixture(scope="module")
def broker_url() -> Iterator[str]:
    with running_broker() as broker:
        yield broker.url


@pytest.fixture(autouse=True)
def _lane_settings(settings: Settings, broker_url: str) -> None:
    settings.REDIS_URL = broker_url
    settings.LANE_QUEUE_SECONDS, settings.LANE_CALL_SECONDS = 0.2, 0.6


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


class TestPush:
    def test_is_refused_without_a_worker(self) -> None:
        async def story(lane: Lane) -> int:
            with pytest.raises(NoWorker):
                await push(lane, a_frame())
            return int(await lane.broker.llen(REQUESTS))

        assert on_lane(story) == 0

    def test_is_refused_after_the_last_worker_left(self) -> None:
        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            assert await lane.workers() == 1
            await lane.leave(WORKER)
            with pytest.raises(NoWorker):
                await push(lane, a_frame())

        on_lane(story)

    def test_is_refused_when_too_many_wait(self, settings: Settings) -> None:
        settings.LANE_QUEUE_LENGTH = 2

        async def story(lane: Lane) -> int:
            await lane.beat(WORKER)
            await push(lane, a_frame())
            await push(lane, a_frame())
            with pytest.raises(QueueFull):
                await push(lane, a_frame())
            return int(await lane.broker.llen(REQUESTS))

        assert on_lane(story) == 2

    def test_is_refused_when_the_first_waits_too_long(self) -> None:
        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            await push(lane, a_frame(queued_at=int(time.time() * 1000) - 300))
            with pytest.raises(QueueFull):
                await push(lane, a_frame())

        on_lane(story)

    def test_is_refused_past_the_organization_s_bound(self, settings: Settings) -> None:
        settings.LANE_CALLS_PER_ORGANIZATION = 1

        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            first = a_frame()
            await push(lane, first)
            with pytest.raises(TooManyCalls):
                await push(lane, a_frame())
            await lane.reply([SealedReply(b"", first.web, first.call_id, ORGANIZATION, 0)])
            await push(lane, a_frame())

        on_lane(story)

    def test_frees_the_place_of_a_call_that_was_taken_back(self, settings: Settings) -> None:
        settings.LANE_CALLS_PER_ORGANIZATION = 1

        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            frame = a_frame()
            sealed = await push(lane, frame)
            assert await lane.withdraw(sealed, a_ticket(frame))
            assert not await lane.withdraw(sealed, a_ticket(frame))
            await push(lane, a_frame())

        on_lane(story)


class TestClient:
    def test_was_not_sent_where_no_broker_is(self, settings: Settings) -> None:
        settings.REDIS_URL = "unix:///nowhere/broker.sock"

        async def story() -> None:
            lane = open_lane()
            with pytest.raises(BrokerAway):
                await LaneClient(lane).call(
                    b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION
                )
            await lane.broker.aclose()

        asyncio.run(story())

    def test_may_have_run_when_the_broker_falls_silent(self, settings: Settings) -> None:
        """A broker that takes a command and never answers it."""

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.close()

        async def story() -> None:
            async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
                lane = open_lane()
                with pytest.raises(CallTimeout):
                    await LaneClient(lane).call(
                        b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION
                    )
                await lane.broker.aclose()

        asyncio.run(story())

    def test_takes_a_call_back_that_nobody_took(self) -> None:
        async def story(lane: Lane) -> int:
            await lane.beat(WORKER)
            with pytest.raises(NoWorker):
                await LaneClient(lane).call(
                    b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION
                )
            return int(await lane.broker.llen(REQUESTS))

        assert on_lane(story) == 0

    def test_gives_up_at_the_deadline_on_a_worker_that_fell(self) -> None:
        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            call = asyncio.create_task(
                LaneClient(lane).call(b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION)
            )
            assert await lane.take(1)
            with pytest.raises(CallTimeout):
                await call

        on_lane(story)

    def test_hands_each_caller_its_own_reply(self) -> None:
        async def story(lane: Lane) -> list[bytes]:
            client = LaneClient(lane)
            await lane.beat(WORKER)
            calls = [
                asyncio.create_task(
                    client.call(str(n).encode(), call_id=uuid.uuid4(), organization_id=ORGANIZATION)
                )
                for n in range(3)
            ]
            taken: list[bytes] = []
            while len(taken) < 3:
                taken += await lane.take(3)
            frames = [transport_keys().open(sealed) for sealed in taken]
            await lane.reply(answer(frame, frame.payload) for frame in reversed(frames))
            return [reply.document for reply in await asyncio.gather(*calls)]

        assert on_lane(story) == [b"0", b"1", b"2"]

    def test_drops_a_forged_reply_and_waits_for_the_true_one(self) -> None:
        async def story(lane: Lane) -> bytes:
            client = LaneClient(lane)
            await lane.beat(WORKER)
            call = asyncio.create_task(
                client.call(b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION)
            )
            frame = transport_keys().open((await lane.take(1))[0])
            forged = seal_reply(b"OK\nforged", call_id=frame.call_id, reply_key=os.urandom(32))
            for sealed in (b"", b"noise", forged):
                await lane.broker.rpush(reply_key_name(client.web), sealed)
            await lane.reply([answer(frame, b"true")])
            return (await call).document

        assert on_lane(story) == b"true"


def answer(frame: RequestFrame, document: bytes) -> SealedReply:
    sealed = seal_reply(b"OK\n" + document, call_id=frame.call_id, reply_key=frame.reply_key)
    return SealedReply(sealed, frame.web, frame.call_id, ORGANIZATION, frame.deadline)


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
        return Answer(b"OK", b"{}", a_record(frame))

    def failed(self, frame: RequestFrame, error: Exception) -> Answer:
        return Answer(BUG, b"", a_record(frame))


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


async def until_served(lane: Lane) -> None:
    async with asyncio.timeout(5):
        while not await lane.workers():
            await asyncio.sleep(0.005)


def in_seconds(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


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
