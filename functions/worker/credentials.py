"""Credentials at the worker: cached sealed, opened at use, stale with the next change."""

import uuid
from collections import OrderedDict

from auth_providers.services.vault import open_secret
from functions import engine
from functions.calls.database import Database
from functions.engine.failures import CredentialMissing
from functions.models import Credential
from functions.services.credentials import PLACE

SOLUTIONS = 1000

Sealed = dict[str, Credential]


class CredentialCache:
    """A solution's credentials as of a stamp; the stamp travels with each call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._solutions: OrderedDict[uuid.UUID, tuple[int, Sealed]] = OrderedDict()

    async def find(
        self, solution_id: uuid.UUID, *, stamp: int, key: str
    ) -> engine.Credential | None:
        """Return the credential, opened now, or None when the solution has none of this key.

        Raises CredentialMissing for one that waits for its secret: its key is not to be sent as
        if it were a value.
        """
        credential = (await self._sealed(solution_id, stamp)).get(key)
        if credential is None:
            return None
        if credential.sealed is None or credential.data_key is None:
            raise CredentialMissing(f"The credential {key} has no secret yet.")
        secret = open_secret(
            bytes(credential.sealed), data_key=credential.data_key, row=str(credential.pk), **PLACE
        )
        return engine.Credential(
            key=key,
            type=credential.type,
            secret=engine.Secret(secret),
            origins=tuple(credential.allowed_origins),
        )

    async def _sealed(self, solution_id: uuid.UUID, stamp: int) -> Sealed:
        known = self._solutions.get(solution_id)
        if known is not None and known[0] == stamp:
            self._solutions.move_to_end(solution_id)
            return known[1]
        sealed = await self._database.run(_load, solution_id)
        self._solutions[solution_id] = (stamp, sealed)
        if len(self._solutions) > SOLUTIONS:
            self._solutions.popitem(last=False)
        return sealed


def _load(solution_id: uuid.UUID) -> Sealed:
    rows = Credential.objects.filter(solution=solution_id).select_related("data_key")
    return {row.key: row for row in rows}
