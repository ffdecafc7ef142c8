import asyncio
import threading

from functions.worker.threads import SharedThreads

SHARE = 2


def some_threads() -> SharedThreads:
    return SharedThreads(4, share=SHARE, name="some")


class TestSharedThreads:
    def test_serve_others_while_one_organization_holds_its_share(self) -> None:
        release = threading.Event()

        async def story() -> tuple[str, list[str]]:
            threads = some_threads()
            held = [asyncio.create_task(threads.of("a")(release.wait, 10)) for _ in range(SHARE)]
            waiting = asyncio.create_task(threads.of("a")(lambda: "late"))
            async with asyncio.timeout(5):
                other = await threads.of("b")(lambda: "served")
            assert not waiting.done()
            release.set()
            async with asyncio.timeout(5):
                late = await waiting
                await asyncio.gather(*held)
            threads.close()
            return other, [late]

        assert asyncio.run(story()) == ("served", ["late"])

    def test_count_work_that_nobody_waits_for_until_it_ends(self) -> None:
        release = threading.Event()

        async def story() -> bool:
            threads = some_threads()
            held = [asyncio.create_task(threads.of("a")(release.wait, 10)) for _ in range(SHARE)]
            async with asyncio.timeout(5):
                await threads.of("b")(lambda: None)
            for task in held:
                task.cancel()
            await asyncio.gather(*held, return_exceptions=True)
            waiting = asyncio.create_task(threads.of("a")(lambda: None))
            async with asyncio.timeout(5):
                await threads.of("b")(lambda: None)
            is_held_up = not waiting.done()
            release.set()
            async with asyncio.timeout(5):
                await waiting
            threads.close()
            return is_held_up

        assert asyncio.run(story())

    def test_no_organization_has_more_than_its_share_by_many_parts(self) -> None:
        release = threading.Event()

        async def story() -> tuple[bool, str]:
            threads = some_threads()
            parts = [threads.of("a", part=(f"a{number}", 1)) for number in range(4)]
            held = [asyncio.create_task(part(release.wait, 10)) for part in parts]
            async with asyncio.timeout(5):
                other = await threads.of("b", part=("b0", 1))(lambda: "served")
            is_bounded = threads._busy["a"] == SHARE
            release.set()
            async with asyncio.timeout(5):
                await asyncio.gather(*held)
            threads.close()
            return is_bounded, other

        assert asyncio.run(story()) == (True, "served")

    def test_a_part_leaves_room_for_the_others_of_its_organization(self) -> None:
        release = threading.Event()

        async def story() -> str:
            threads = some_threads()
            part = threads.of("a", part=("a0", 1))
            held = [asyncio.create_task(part(release.wait, 10)) for _ in range(3)]
            async with asyncio.timeout(5):
                other: str = await threads.of("a", part=("a1", 1))(lambda: "served")
            release.set()
            async with asyncio.timeout(5):
                await asyncio.gather(*held)
            threads.close()
            return other

        assert asyncio.run(story()) == "served"
