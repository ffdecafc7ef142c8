"""What a solution keeps sealed, at the worker: cached so, and stale with the next change."""

import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from auth_providers.services.vault import is_key_at_hand, unwrapped
from functions.calls.database import Database
from functions.models import Connection, Credential

SOLUTIONS = 1000


Row = TypeVar("Row", Connection, Credential)


class StampedCache(Generic[Row]):
    """The rows of a solution by name, as of a stamp; the stamp travels with each call."""

    def __init__(self, database: Database, load: Callable[[uuid.UUID], Mapping[str, Row]]) -> None:
        self._database = database
        self._load: Callable[[uuid.UUID], Mapping[str, Row]] = load
        self._solutions: OrderedDict[uuid.UUID, tuple[int, Mapping[str, Row]]] = OrderedDict()

    async def find(self, solution_id: uuid.UUID, *, stamp: int, key: str) -> Row | None:
        """Return the row, still sealed; None when the solution has none of this name.

        It opens without waiting. Raises VaultAway or VaultKeyMissing.
        """
        row = (await self._sealed(solution_id, stamp)).get(key)
        data_key = row.data_key if row else None
        if data_key is not None and not is_key_at_hand(data_key):
            await self._database.run(unwrapped, data_key)  # off the loop, since it asks KMS
        return row

    async def _sealed(self, solution_id: uuid.UUID, stamp: int) -> Mapping[str, Row]:
        known = self._solutions.get(solution_id)
        if known is not None and known[0] == stamp:
            self._solutions.move_to_end(solution_id)
            return known[1]
        sealed: Mapping[str, Row] = await self._database.run(self._load, solution_id)
        self._solutions[solution_id] = (stamp, sealed)
        if len(self._solutions) > SOLUTIONS:
            self._solutions.popitem(last=False)
        return sealed
