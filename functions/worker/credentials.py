"""The solution's credentials at the worker: cached sealed, opened at use, stale with a change."""

import uuid
from collections import OrderedDict

from auth_providers.services.vault import is_key_at_hand, unwrapped
from functions import engine
from functions.calls.database import Database
from functions.engine.failures import CredentialMissing
from functions.models import Credential
from functions.services.credentials import secret_of

SOLUTIONS = 1000

Sealed = dict[str, Credential]


class CredentialCache:
    """A solution's credentials as of a stamp; the stamp travels with each call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._solutions: OrderedDict[uuid.UUID, tuple[int, Sealed]] = OrderedDict()

    async def find(self, solution_id: uuid.UUID, *, stamp: int, key: str) -> Credential | None:
        """Return the credential, still sealed; None when the solution has none of this key.

        It opens without waiting. Raises VaultAway or VaultKeyMissing.
        """
        credential = (await self._sealed(solution_id, stamp)).get(key)
        data_key = credential.data_key if credential else None
        if data_key is not None and not is_key_at_hand(data_key):
            await self._database.run(unwrapped, data_key)  # off the loop, since it asks KMS
        return credential

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


def opened(credential: Credential) -> engine.Credential:
    """Return the credential with its secret, for the call alone.

    Raises CredentialMissing for one that waits for its secret: its key is not to be sent as if it
    were a value.
    """
    secret = secret_of(credential)
    if secret is None:
        raise CredentialMissing(f"The credential {credential.key} has no secret yet.")
    return with_secret(credential, secret)


def with_secret(credential: Credential, secret: str) -> engine.Credential:
    return engine.Credential(
        key=credential.key,
        type=credential.type,
        secret=engine.Secret(secret),
        origins=tuple(credential.allowed_origins),
    )


def _load(solution_id: uuid.UUID) -> Sealed:
    rows = Credential.objects.filter(solution=solution_id).select_related("data_key")
    return {row.key: row for row in rows}
