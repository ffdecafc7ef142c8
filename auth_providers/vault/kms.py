"""Key-encryption keys that never leave AWS Key Management Service.

The data key is encrypted there with its organization as encryption context, and is decrypted only
with the same context and under the very key that the row names, which must be one that the
operator lists. Nothing of what AWS says leaves this module but an error code in the log.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from auth_providers.vault import KeyAway, KeyMissing, SealBroken

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

PREFIX = "kms:"
# Somebody waits: at the very worst nine seconds, then the call is refused.
CONNECT_SECONDS, READ_SECONDS, RETRIES = 1, 2, 2
# Of somebody else's key, or for another organization.
NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})

logger = logging.getLogger(__name__)


class KmsKeyProvider:
    """Keys by their ARNs, newest first; older ones still unwrap."""

    def __init__(
        self, arns: Sequence[str], *, client_of: Callable[[str], "KMSClient"] | None = None
    ) -> None:
        self._arns = {PREFIX + arn: arn for arn in arns}
        self._client_of = client_of or _client_of
        self.newest = PREFIX + arns[0]

    def __repr__(self) -> str:
        return f"<KmsKeyProvider {', '.join(self._arns)}>"

    def holds(self, key_id: str) -> bool:
        return key_id in self._arns

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]:
        """Return the id of the newest key and the data key as KMS encrypts it; raises KeyAway."""
        arn = self._arns[self.newest]
        with _refusals(self.newest):
            answer = self._client_of(_region(arn)).encrypt(
                KeyId=arn, Plaintext=data_key, EncryptionContext={"organization": organization}
            )
        return self.newest, answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes:
        """Return the data key; raises KeyMissing, KeyAway or SealBroken."""
        arn = self._arns.get(key_id)
        if arn is None:
            raise KeyMissing(key_id)
        with _refusals(key_id):
            answer = self._client_of(_region(arn)).decrypt(
                KeyId=arn,
                CiphertextBlob=wrapped,
                EncryptionContext={"organization": organization},
            )
        return answer["Plaintext"]


@lru_cache
def _client_of(region: str) -> "KMSClient":
    # Here, since an installation without KMS need not pay for reading the library in.
    from boto3.session import Session
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "max_attempts": RETRIES},
    )
    client: KMSClient = Session().client("kms", region_name=region, config=config)
    return client


@contextmanager
def _refusals(key_id: str) -> Iterator[None]:
    """Turn what AWS says into what we say; the words of AWS name accounts and roles."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal_of(_code_of(error.response), key_id) from None
    except BotoCoreError as error:  # no way there, no answer in time, no rights to sign with
        logger.warning("AWS KMS can't be asked: %s.", type(error).__name__)
        raise KeyAway(key_id) from None


def _refusal_of(code: str, key_id: str) -> Exception:
    if code in NOT_OURS:
        return SealBroken("The data key was wrapped under another key or for somebody else.")
    logger.warning("AWS KMS refused: %s.", code)
    return KeyMissing(key_id) if code == "NotFoundException" else KeyAway(key_id)


def _code_of(response: Any) -> str:
    code = str(response.get("Error", {}).get("Code", ""))
    return code if code.isalnum() and len(code) < 60 else "unknown"


def _region(arn: str) -> str:
    return arn.split(":")[3]
