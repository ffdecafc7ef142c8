"""A database as a call meets it: vetted, pooled, on threads of its own, and never held by it."""

import asyncio
import ipaddress
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from functions import engine
from functions.engine.batches import compose
from functions.engine.failures import (
    AddressRefused,
    EngineFailure,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnreachable,
)
from functions.engine.recordsets import Recordsets
from functions.sql_server.databases import PooledDatabase, find_addresses
from functions.sql_server.drivers import load_driver
from functions.sql_server.pools import Pool
from functions.tests.engine.database import query
from functions.tests.engine.upstream import LOOPBACK, check
from functions.tests.sql_server.asking import SIGN_IN, target_at
from functions.worker.threads import SharedThreads
from jigxmgmt import outbound
from jigxmgmt.tests.test_outbound_addresses import LoopWithNames
from tests.tds import (
    Answer,
    Certificate,
    Column,
    Drop,
    EndlessRows,
    Rows,
    Server,
    Silence,
    Stage,
    Stall,
    kinds,
    sql_server,
)

COLUMN = Column("n", kinds.INT)
ONE = Rows([COLUMN], [(1,)])


@dataclass
class House:
    """Databases that share one process's threads."""

    threads: SharedThreads
    pools: list[Pool] = field(default_factory=list)

    def database(self, server: Server, *, pool: Pool | None = None, **changed: Any) -> "Database":
        own = pool or Pool()
        self.pools.append(own)
        return Database(
            PooledDatabase(
                target=target_at(server, **{"query_seconds": 5, **changed}),
                sign_in=SIGN_IN,
                driver=load_driver(),
                pool=own,
                policy=LOOPBACK,
                off_loop=self.threads.of(str(id(own))),
            )
        )


@dataclass
class Database:
    pooled: PooledDatabase

    async def ask(self, *, seconds: float = 5, limits: engine.Limits | None = None) -> Any:
        bounds = limits or engine.Limits()
        batch = compose(check(query()), {}, most_bytes=1_000)
        recordsets = Recordsets(bounds, outputs=())
        await self.pooled.run(batch, recordsets, seconds=seconds)
        return orjson.loads(recordsets.first)

    async def fail(self, **bounds: Any) -> EngineFailure:
        with pytest.raises(EngineFailure) as failed:
            await self.ask(**bounds)
        return failed.value


def live(story: Callable[[House], Awaitable[None]], *, threads: int = 8, share: int = 4) -> None:
    """Play a story on a loop, and wait until every thread has come back."""
    shared = SharedThreads(threads, share=share, name="sql-test")

    house = House(shared)

    async def play() -> None:
        await story(house)

    try:
        asyncio.run(play())
    finally:
        for pool in house.pools:
            pool.close()
        shared._threads.shutdown(wait=True)


def always(answer: Answer) -> Callable[[object], Answer]:
    return lambda _request: answer


class TestPool:
    def test_one_sign_in_serves_call_after_call(self, certificate: Certificate) -> None:
        async def story(house: House) -> None:
            database = house.database(server)
            for _ in range(3):
                assert await database.ask() == [{"n": 1}]

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story)

        assert len(server.sessions) == 1
        assert [request.resets_connection for request in server.requests] == [False, True, True]

    def test_as_many_sessions_as_calls_at_once(self, certificate: Certificate) -> None:
        async def story(house: House) -> None:
            database = house.database(server)
            await asyncio.gather(*(database.ask() for _ in range(12)))

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story, share=3)

        assert 1 <= len(server.sessions) <= 3

    def test_a_closed_pool_keeps_nothing(self, certificate: Certificate) -> None:
        pool = Pool()

        async def story(house: House) -> None:
            database = house.database(server, pool=pool)
            await database.ask()
            pool.close()
            server.wait_until(lambda: not server.open_sessions)
            await database.ask()
            server.wait_until(lambda: not server.open_sessions)

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story)

        assert len(server.sessions) == 2

    def test_after_a_failover_all_are_opened_anew(self, certificate: Certificate) -> None:
        answers = iter([ONE, ONE, Drop(), ONE])
        pool = Pool()

        async def story(house: House) -> None:
            database = house.database(server, pool=pool)
            await asyncio.gather(database.ask(), database.ask())
            assert isinstance(await database.fail(), UpstreamUnreachable)
            server.wait_until(lambda: not server.open_sessions)
            assert await database.ask() == [{"n": 1}]

        with sql_server(lambda _request: next(answers), certificate=certificate) as server:
            live(story)

    def test_what_went_wrong_is_not_used_again(self, certificate: Certificate) -> None:
        answers = iter([Rows([COLUMN], [(1,), (2,)]), ONE])

        async def story(house: House) -> None:
            database = house.database(server)
            failure = await database.fail(limits=engine.Limits(rows=1))
            assert isinstance(failure, UpstreamTooLarge)
            await database.ask()

        with sql_server(lambda _request: next(answers), certificate=certificate) as server:
            live(story)

        assert len(server.sessions) == 2


class TestBulkhead:
    def test_a_long_text_that_comes_in_pieces_holds_up_nobody(
        self, certificate: Certificate
    ) -> None:
        """The driver waits for the rest of a row, and the relay has to bring it meanwhile."""
        long = Rows([COLUMN, Column("t", kinds.nvarchar(None))], [(1, "x" * 3_000)] * 40)

        async def story(house: House) -> None:
            assert len(await house.database(server).ask()) == 40

        with sql_server(always(long), certificate=certificate) as server:
            live(story)

    def test_a_silent_database_holds_up_no_other(self, certificate: Certificate) -> None:
        async def story(house: House) -> None:
            slow, quick = house.database(silent), house.database(server)
            waiting = [asyncio.create_task(slow.fail(seconds=1.5)) for _ in range(6)]
            await asyncio.to_thread(silent.wait_until, lambda: len(silent.requests) == 2)

            for _ in range(5):
                assert await quick.ask() == [{"n": 1}]
            assert not any(task.done() for task in waiting)
            failures = await asyncio.gather(*waiting)
            assert {type(failure) for failure in failures} == {UpstreamTimeout}

        with (
            sql_server(always(Silence()), certificate=certificate) as silent,
            sql_server(always(ONE), certificate=certificate) as server,
        ):
            live(story, threads=4, share=2)

        assert len(silent.sessions) == 2

    @pytest.mark.parametrize(
        "answer", [Silence(), EndlessRows([COLUMN], [1], 0.05)], ids=["silence", "drip"]
    )
    def test_a_thread_comes_back_from_any_server(
        self, certificate: Certificate, answer: Answer
    ) -> None:
        async def story(house: House) -> None:
            assert isinstance(await house.database(server).fail(seconds=0.3), UpstreamTimeout)
            await asyncio.to_thread(server.wait_until, lambda: not server.open_sessions)

        with sql_server(always(answer), certificate=certificate) as server:
            live(story)

    @pytest.mark.parametrize("stage", list(Stage))
    def test_and_from_a_sign_in_that_stalls(self, certificate: Certificate, stage: Stage) -> None:
        async def story(house: House) -> None:
            database = house.database(server, connect_seconds=30)
            assert isinstance(await database.fail(seconds=0.3), UpstreamTimeout)
            await asyncio.to_thread(
                server.wait_until, lambda: bool(server.sessions) and not server.open_sessions
            )

        with sql_server(certificate=certificate, greeting=Stall(stage)) as server:
            live(story)

    def test_and_from_one_idle_session_after_the_other(self, certificate: Certificate) -> None:
        pool = Pool()
        is_silent, together = threading.Event(), threading.Barrier(3)

        async def story(house: House) -> None:
            database = house.database(server, pool=pool)
            await asyncio.gather(*(database.ask() for _ in range(3)))
            is_silent.set()
            for kept in pool._idle:
                kept.used_at -= 30  # long enough to be asked for a sign of life
            assert isinstance(await database.fail(seconds=0.3), UpstreamTimeout)
            await asyncio.to_thread(server.wait_until, lambda: not server.open_sessions)

        def answer(_request: object) -> Answer:
            if is_silent.is_set():
                return Silence()
            together.wait()
            return ONE

        with sql_server(answer, certificate=certificate) as server:
            live(story)

    def test_nothing_is_begun_after_the_end(self, certificate: Certificate) -> None:
        stall = Stall(Stage.LOGIN)

        async def story(house: House) -> None:
            assert isinstance(await house.database(server).fail(seconds=0.5), UpstreamTimeout)
            stall.until.set()
            await asyncio.to_thread(server.wait_until, lambda: not server.open_sessions)

        with sql_server(always(ONE), certificate=certificate, greeting=stall) as server:
            live(story)

        assert [bool(session.login) for session in server.sessions] == [True]
        assert server.requests == []


class TestGuard:
    def test_a_private_address_is_not_for_everybody(self, certificate: Certificate) -> None:
        async def story(house: House) -> None:
            database = house.database(server)
            closed = outbound.Policy()
            database.pooled = PooledDatabase(
                database.pooled.target,
                SIGN_IN,
                database.pooled.driver,
                Pool(),
                closed,
                database.pooled.off_loop,
            )
            assert isinstance(await database.fail(), AddressRefused)

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story)

        assert server.sessions == []

    def test_a_name_without_an_address(self, certificate: Certificate) -> None:
        async def story(house: House) -> None:
            pooled = house.database(server).pooled
            nowhere = target_at(server)
            object.__setattr__(nowhere, "host", "db.invalid")
            lost = PooledDatabase(
                nowhere, SIGN_IN, pooled.driver, Pool(), LOOPBACK, pooled.off_loop
            )
            assert isinstance(await Database(lost).fail(), UpstreamUnreachable)

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story)

    def test_of_several_subnets_the_one_that_answers(self, certificate: Certificate) -> None:
        policy = outbound.Policy((ipaddress.IPv4Network("127.0.0.0/8"),))
        assert policy == LOOPBACK

        async def story(house: House) -> None:
            database = house.database(server, is_multi_subnet=True)
            assert await database.ask() == [{"n": 1}]

        with sql_server(always(ONE), certificate=certificate) as server:
            live(story)

    def test_and_nobody_is_asked_from_another_address_than_the_operator_s(
        self, certificate: Certificate
    ) -> None:
        networks = (*LOOPBACK.allowed_networks, ipaddress.IPv6Network("::1"))
        policy = outbound.Policy(networks, bind_address="127.0.0.7")

        with sql_server(certificate=certificate) as server:
            target = replace(target_at(server, is_multi_subnet=True), host="db.example.test")
            with asyncio.Runner(loop_factory=lambda: LoopWithNames(("::1", "127.0.0.1"))) as runner:
                found = runner.run(find_addresses(target, policy))
            server.wait_until(lambda: bool(server.sessions))

        assert found == ["127.0.0.1", "::1"]
        assert {session.address for session in server.sessions} == {"127.0.0.7"}
