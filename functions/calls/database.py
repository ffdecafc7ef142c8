"""The database, from an event loop: a few threads, and their connections looked after."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """Runs ORM work off the loop. Neither a bootstep nor a bare asynchronous view gets the request
    signals that tidy connections, so the wrapper does their work.
    """

    def __init__(self, threads: int) -> None:
        self._count = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="lane-database")

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the work in a thread and return what it returns."""
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: context.run(lambda: tidily(work, *args, **kwargs))
        )

    def close(self) -> None:
        """Close each thread's connections, then the threads."""
        all_here = Barrier(self._count)  # or one thread might do the work of two
        for _ in range(self._count):
            self._threads.submit(_close, all_here)
        self._threads.shutdown()


def _close(all_here: Barrier) -> None:
    all_here.wait()
    connections.close_all()


def tidily(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do the work, and leave no connection behind that is past its age or broken."""
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()
