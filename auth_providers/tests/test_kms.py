"""AWS KMS as it answers (moto, for good paths alone) and as it refuses (botocore's stubber)."""

import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from auth_providers.vault import KeyAway, KeyMissing, KeyProvider, SealBroken, new_data_key
from auth_providers.vault.kms import KmsKeyProvider, _client_of

REGION = "eu-central-1"
ARN = f"arn:aws:kms:{REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOLD = "User arn:aws:sts::111122223333:assumed-role/portal may not use this key"


@pytest.fixture
def arns(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Make two keys."""
    with mock_aws():
        _client_of.cache_clear()
        kms = boto3.client("kms", region_name=REGION)
        yield [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    _client_of.cache_clear()


class TestKms:
    def test_wraps_and_unwraps_for_one_organization(self, arns: list[str]) -> None:
        provider: KeyProvider = KmsKeyProvider(arns)
        data_key = new_data_key()

        key_id, wrapped = provider.wrap(data_key, organization="o1")

        assert key_id == provider.newest == f"kms:{arns[0]}"
        assert data_key not in wrapped
        assert provider.unwrap(wrapped, key_id=key_id, organization="o1") == data_key

    def test_unwraps_what_a_former_key_wrapped(self, arns: list[str]) -> None:
        data_key = new_data_key()
        key_id, wrapped = KmsKeyProvider(arns[:1]).wrap(data_key, organization="o1")

        provider = KmsKeyProvider([arns[1], arns[0]])

        assert provider.newest != key_id
        assert provider.unwrap(wrapped, key_id=key_id, organization="o1") == data_key


class TestRequests:
    """What is asked: the stubber refuses any other parameters."""

    @pytest.fixture
    def kms(self) -> Any:
        return client()

    def test_binds_the_key_to_its_organization(self, kms: Any) -> None:
        asked = {"KeyId": ARN, "EncryptionContext": {"organization": "o1"}}
        with Stubber(kms) as stub:
            stub.add_response("encrypt", {"CiphertextBlob": b"w"}, asked | {"Plaintext": b"k"})
            stub.add_response("decrypt", {"Plaintext": b"k"}, asked | {"CiphertextBlob": b"w"})
            provider = KmsKeyProvider([ARN], client_of=lambda _: kms)

            assert provider.wrap(b"k", organization="o1") == (f"kms:{ARN}", b"w")
            assert provider.unwrap(b"w", key_id=f"kms:{ARN}", organization="o1") == b"k"

    def test_asks_in_the_region_of_the_key(self, kms: Any) -> None:
        clients = {REGION: kms}
        with Stubber(kms) as stub:
            stub.add_response("encrypt", {"CiphertextBlob": b"w"})

            KmsKeyProvider([ARN], client_of=clients.__getitem__).wrap(b"k", organization="o1")

            stub.assert_no_pending_responses()

    def test_never_uses_a_key_that_only_the_database_names(self, kms: Any) -> None:
        provider = KmsKeyProvider([ARN], client_of=lambda _: kms)

        with Stubber(kms), pytest.raises(KeyMissing):
            provider.unwrap(b"w", key_id=f"kms:{ARN[:-1]}c", organization="o1")

    def test_gives_up_soon(self, arns: list[str]) -> None:
        config: Any = _client_of(REGION).meta.config

        assert (config.connect_timeout, config.read_timeout) == (1, 2)
        assert config.retries["total_max_attempts"] == 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("AccessDeniedException", KeyAway),
            ("DisabledException", KeyAway),
            ("KMSInvalidStateException", KeyAway),
            ("ThrottlingException", KeyAway),
            ("KMSInternalException", KeyAway),
            ("UnrecognizedClientException", KeyAway),
            ("NotFoundException", KeyMissing),
            ("InvalidCiphertextException", SealBroken),
            ("IncorrectKeyException", SealBroken),
        ],
    )
    def test_become_ours_without_the_words_of_aws(
        self, code: str, expected: type[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        kms = client()
        provider = KmsKeyProvider([ARN], client_of=lambda _: kms)
        with Stubber(kms) as stub:
            stub.add_client_error("decrypt", code, TOLD, http_status_code=400)

            with pytest.raises(expected) as caught:
                provider.unwrap(b"w", key_id=f"kms:{ARN}", organization="o1")

        assert "sts" not in str(caught.value) + caplog.text
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert (code in caplog.text) == (expected is not SealBroken)

    @pytest.mark.parametrize(
        "error",
        [
            ConnectTimeoutError(endpoint_url="https://kms.example"),
            ReadTimeoutError(endpoint_url="https://kms.example"),
            NoCredentialsError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_say_away_when_nobody_answers(
        self, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fall(**_: Any) -> None:
            raise error

        kms = client()
        kms.meta.events.register("before-send.kms.Encrypt", fall)
        caplog.set_level(logging.WARNING)

        with pytest.raises(KeyAway):
            KmsKeyProvider([ARN], client_of=lambda _: kms).wrap(b"k", organization="o1")

        assert "https://kms.example" not in caplog.text


def client() -> Any:
    """Return a client that nobody has told where AWS is."""
    return boto3.client(
        "kms",
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        endpoint_url="https://kms.example",
    )
