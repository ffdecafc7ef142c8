"""The one writer of the call log: rows in batches, never one write a call."""

import asyncio
import logging

from django.db import Error, IntegrityError

from functions.calls.database import Database
from functions.models import CallRecord

logger = logging.getLogger(__name__)

BATCH = 500
PAUSE_SECONDS = 0.2


class CallLog:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[CallRecord] = []

    def add(self, record: CallRecord) -> None:
        self._rows.append(record)

    async def write_until(self, stopping: asyncio.Event) -> None:
        """Write what has gathered, again and again."""
        while not stopping.is_set():
            await asyncio.sleep(PAUSE_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write all that has gathered; rows that can't be written are counted and dropped."""
        while self._rows:
            batch, self._rows = self._rows[:BATCH], self._rows[BATCH:]
            await self._database.run(_write, batch)


def _write(batch: list[CallRecord]) -> None:
    try:
        CallRecord.objects.bulk_create(batch)
    except IntegrityError:  # one of them has a row already, or its organization has just gone
        for record in batch:
            _write_one(record)
    except Error as error:
        logger.error("%d rows of the call log are lost: %s.", len(batch), type(error).__name__)


def _write_one(record: CallRecord) -> None:
    try:
        record.save(force_insert=True)
    except Error:
        logger.warning("The call log has no row for %s, or had one.", record.pk)
