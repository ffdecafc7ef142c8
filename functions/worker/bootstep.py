"""The lane as a part of Celery's worker: it starts, is told to stop, and drains with it."""

import asyncio
import logging
import os
import signal
import threading
from contextlib import suppress
from typing import Any

import uvloop
from celery import bootsteps
from django.conf import settings
from django.db import Error

from auth_providers.services.keys_in_use import advice_on, missing_keys
from functions.calls.database import Database
from functions.calls.lane import open_lane
from functions.worker.log import CallLog
from functions.worker.loop import LaneWorker, place_of
from functions.worker.runner import Runner

DATABASE_THREADS = 2

logger = logging.getLogger(__name__)


class LaneFell(Exception):
    """The lane can't be served."""


class LaneStep(bootsteps.StartStopStep):
    """Runs the lane on an event loop of its own, in a thread beside Celery's pool."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
        self._worker: LaneWorker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()

    def start(self, parent: Any) -> None:
        """Start the thread; raises LaneFell when the lane can't be served at all."""
        self._thread.start()
        self._ready.wait()
        if self._worker is None:
            raise LaneFell("The lane did not start; its log says where it fell.")

    def stop(self, parent: Any) -> None:
        """Take no more calls, finish those that run, then end."""
        if self._loop is None or self._worker is None or not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._worker.stop)
        self._thread.join(timeout=settings.LANE_CALL_SECONDS + 5)

    terminate = stop

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve())
        except Exception as error:  # noqa: BLE001 (the thread's outermost edge)
            logger.error("The lane fell: %s at %s", *place_of(error))
            # A worker that serves no calls must not look alive: whoever keeps it starts another.
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        lane, database = open_lane(), Database(threads=DATABASE_THREADS)
        runner = Runner(database)
        self._worker = LaneWorker(lane=lane, runner=runner, log=CallLog(database))
        self._ready.set()
        await database.run(_tell_missing_keys)
        await self._worker.serve()
        await runner.close()
        await lane.broker.aclose()
        database.close()


def _tell_missing_keys() -> None:
    """Log what the vault lacks; calls that need no secret, or another key's, go on."""
    with suppress(Error):  # the database is away, and the first call will say so
        for key_id in missing_keys():
            logger.error("%s", advice_on(key_id))
