"""Threads for work that would hold up the loop, a share of them for each organization."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from functions import engine


class SharedThreads:
    """A pool of which no organization has more than its share; all but the work is on one loop.

    Some work can't be interrupted. What nobody waits for any more still holds its thread, and
    counts as its organization's until it really ends.
    """

    def __init__(self, count: int, *, share: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._share = share
        self._busy: Counter[str] = Counter()
        self._freed = asyncio.Condition()

    def close(self) -> None:
        """Start nothing more, and wait for nobody: what can't be interrupted dies with us."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def of(self, organization_id: str, *, part: tuple[str, int] | None = None) -> engine.OffLoop:
        """Return the way off the loop for one organization's work.

        `part` names some of its work that has no more than a share of its own.
        """
        shares = dict([(organization_id, self._share), *([part] if part else [])])

        async def off_loop(work: Callable[..., Any], /, *args: Any) -> Any:
            async with self._freed:
                await self._freed.wait_for(
                    lambda: all(self._busy[owner] < share for owner, share in shares.items())
                )
                self._busy.update(shares.keys())
            return await asyncio.wrap_future(self._submit(shares.keys(), work, *args))

        return off_loop

    def _submit(self, owners: Iterable[str], work: Callable[..., Any], *args: Any) -> "Future[Any]":
        loop = asyncio.get_running_loop()
        running = self._threads.submit(work, *args)

        def ended(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: loop.create_task(self._free(owners)))

        running.add_done_callback(ended)
        return running

    async def _free(self, owners: Iterable[str]) -> None:
        async with self._freed:
            for owner in owners:
                self._busy[owner] -= 1
                if not self._busy[owner]:
                    del self._busy[owner]
            self._freed.notify_all()
