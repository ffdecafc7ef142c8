"""The vault moves from its key file to AWS KMS and back, by settings and `rotate_kek`."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from django.core import checks
from django.core.management import CommandError, call_command
from moto import mock_aws
from pytest_django import Settings

from auth_providers.models import DataKey
from auth_providers.services.keys_in_use import missing_keys
from auth_providers.services.vault import VaultAway, is_key_at_hand, key_provider
from auth_providers.vault.kms import _client_of
from functions.tests.vaults import PLAIN, sealed_everywhere

pytestmark = pytest.mark.django_db
REGION = "eu-central-1"


@pytest.fixture
def arn() -> Iterator[str]:
    """Make a key."""
    with mock_aws():
        _client_of.cache_clear()
        yield make_key()
    _client_of.cache_clear()


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    key_provider.cache_clear()
    yield
    key_provider.cache_clear()


def make_key() -> str:
    """Make a key and return its ARN."""
    return str(boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"])


def use(settings: Settings, newest: str, *former: str) -> None:
    settings.VAULT_KMS_KEY_ID, settings.VAULT_KMS_FORMER_KEY_IDS = newest, list(former)
    key_provider.cache_clear()


class TestMoving:
    def test_to_kms_and_back_opens_everything(self, arn: str, settings: Settings) -> None:
        sealed = sealed_everywhere()

        use(settings, arn)
        assert sealed.opened() == PLAIN
        call_command("rotate_kek")
        assert DataKey.objects.get().wrapped_by == f"kms:{arn}"
        assert sealed.opened() == PLAIN

        use(settings, "", arn)
        call_command("rotate_kek")
        use(settings, "")
        assert DataKey.objects.get().wrapped_by.startswith("local:")
        assert sealed.opened() == PLAIN

    def test_back_without_naming_the_former_key_is_told(self, arn: str, settings: Settings) -> None:
        use(settings, arn)
        sealed_everywhere()
        use(settings, "")

        assert missing_keys() == [f"kms:{arn}"]
        messages = checks.run_checks(tags=["database"], databases=["default"])
        (message,) = (one for one in messages if one.id == "auth_providers.E001")
        assert "VAULT_KMS_FORMER_KEY_IDS" in message.msg
        with pytest.raises(CommandError, match="could not be opened"):
            call_command("rotate_kek")

    def test_needs_one_call_for_many_openings(self, arn: str, settings: Settings) -> None:
        use(settings, arn)
        sealed = sealed_everywhere()
        data_key = DataKey.objects.get()

        assert is_key_at_hand(data_key)
        key_provider().forget(data_key.scope)
        assert not is_key_at_hand(data_key)
        sealed.opened()
        assert is_key_at_hand(data_key)


class TestKmsAway:
    @pytest.fixture
    def away(self, arn: str, settings: Settings) -> None:
        """Have KMS answer nobody."""

        def fall(**_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://kms.example")

        use(settings, arn)
        _client_of(REGION).meta.events.register_first("before-send.kms.*", fall)

    def test_refuses_to_save_a_secret(self, away: None) -> None:
        with pytest.raises(VaultAway):
            sealed_everywhere()

        assert not DataKey.objects.exists()

    def test_stops_a_rotation_with_one_sentence(
        self, settings: Settings, arn: str, request: pytest.FixtureRequest
    ) -> None:
        sealed = sealed_everywhere()
        request.getfixturevalue("away")

        with pytest.raises(CommandError, match="can't be opened just now"):
            call_command("rotate_kek")
        assert sealed.opened() == PLAIN
