"""A worker whose vault is in AWS KMS: it waits off its loop, and says when nobody answers."""

import asyncio
import threading
from collections.abc import Iterator

import orjson
import pytest
from moto import mock_aws
from pytest_django import Settings

from auth_providers.services.vault import VaultAway, VaultKeyMissing, key_provider
from auth_providers.vault.kms import _client_of
from functions.calls.database import Database
from functions.calls.envelope import RequestFrame
from functions.calls.lane import BUG, VAULT_AWAY
from functions.models import CallRecord
from functions.tests.factories import SECRET
from functions.tests.lane.stage import a_frame
from functions.tests.test_vault_kms import REGION, make_key, use
from functions.tests.vaults import Sealed, sealed_everywhere
from functions.worker.credentials import CredentialCache, opened
from functions.worker.runner import Answer, Runner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(settings: Settings) -> Iterator[Sealed]:
    """Seal under a key of KMS, which this process has forgotten again."""
    with mock_aws():
        _client_of.cache_clear()
        use(settings, make_key())
        made = sealed_everywhere()
        key_provider().forget(str(made.organization.pk))
        yield made
    _client_of.cache_clear()
    key_provider.cache_clear()


class TestCredentialCache:
    def test_asks_kms_beside_the_loop_and_once(self, sealed: Sealed) -> None:
        threads: list[threading.Thread] = []
        events = _client_of(REGION).meta.events
        events.register(
            "before-call.kms.Decrypt", lambda **_: threads.append(threading.current_thread())
        )
        database = Database(1)

        async def story() -> list[str]:
            cache = CredentialCache(database)
            found = []
            for _ in range(2):
                credential = await cache.find(sealed.solution.pk, stamp=1, key="crm")
                assert credential is not None
                found.append(opened(credential).secret.reveal())
            return found

        try:
            assert asyncio.run(story()) == [SECRET, SECRET]
        finally:
            database.close()
        (thread,) = threads
        assert thread is not threading.current_thread()


class TestRunner:
    @pytest.mark.parametrize(
        ("error", "word", "name"),
        [
            (VaultAway("away"), VAULT_AWAY, "vault_unavailable"),
            (VaultKeyMissing("missing"), VAULT_AWAY, "vault_key_missing"),
            (ValueError("a bug"), BUG, "internal_error"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_tells_a_vault_that_is_away_from_a_bug(
        self, error: Exception, word: bytes, name: str, sealed: Sealed
    ) -> None:
        database = Database(1)

        async def story() -> Answer:
            runner = Runner(database)
            try:
                return runner.failed(frame_of(sealed), error)
            finally:
                await runner.close()

        try:
            answer = asyncio.run(story())
        finally:
            database.close()

        assert answer.word == word
        assert answer.record is not None
        assert (answer.record.status, answer.record.error_name) == (CallRecord.Status.ERROR, name)


def frame_of(sealed: Sealed) -> RequestFrame:
    """Return a call of the owner's."""
    message = {
        "organization": {"id": str(sealed.organization.pk)},
        "solution": {"id": str(sealed.solution.pk)},
        "user": {"id": str(sealed.owner.pk)},
        "device_id": None,
        "function": "list-customers",
        "version": 1,
        "source": CallRecord.Source.DEVICE,
    }
    return a_frame(payload=orjson.dumps(message))
