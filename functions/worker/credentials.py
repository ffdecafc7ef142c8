"""The solution's credentials at the worker: cached sealed, opened at use, stale with a change."""

import uuid

from functions import engine
from functions.calls.database import Database
from functions.engine.failures import CredentialMissing
from functions.models import Credential
from functions.services.credentials import secret_of
from functions.worker.stamped import StampedCache


class CredentialCache(StampedCache[Credential]):
    """The credentials of solutions, by key."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _load)


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


def _load(solution_id: uuid.UUID) -> dict[str, Credential]:
    rows = Credential.objects.filter(solution=solution_id).select_related("data_key")
    return {row.key: row for row in rows}
