"""The web's end: what is refused, what is taken back, who gets which reply."""

import asyncio
import os
import time
import uuid

import pytest
from pytest_django import Settings

from functions.calls import (
    BrokerAway,
    CallTimeout,
    LaneClient,
    NoWorker,
    QueueFull,
    TooManyCalls,
    WorkerUnavailable,
)
from functions.calls.envelope import seal_reply
from functions.calls.lane import (
    REQUESTS,
    VAULT_AWAY,
    Lane,
    SealedReply,
    open_lane,
    reply_key_name,
    transport_keys,
)
from functions.tests.lane.stage import (
    ORGANIZATION,
    WORKER,
    a_frame,
    a_ticket,
    answer,
    on_lane,
    push,
)


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

    def test_says_that_the_worker_could_not_open_the_vault(self) -> None:
        async def story(lane: Lane) -> None:
            await lane.beat(WORKER)
            call = asyncio.create_task(
                LaneClient(lane).call(b"{}", call_id=uuid.uuid4(), organization_id=ORGANIZATION)
            )
            frame = transport_keys().open((await lane.take(1))[0])
            sealed = seal_reply(VAULT_AWAY, call_id=frame.call_id, reply_key=frame.reply_key)
            await lane.reply(
                [SealedReply(sealed, frame.web, frame.call_id, ORGANIZATION, frame.deadline)]
            )
            with pytest.raises(WorkerUnavailable):
                await call

        on_lane(story)

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
