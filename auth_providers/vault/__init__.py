"""Sealing: plain bytes in, sealed bytes out, bound to the place where they are kept.

AES-256-GCM (NIST SP 800-38D). The associated data names organization, model, row and field, so
a ciphertext that is moved to another place does not open there. A sealed value is one byte of
format, a 12-byte random nonce, then ciphertext and tag.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(Exception):
    """The bytes were not sealed with this key for this place."""


class KeyMissing(Exception):
    """The key-encryption key that wrapped a data key is not at hand."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"The key-encryption key {key_id} is not at hand.")
        self.key_id = key_id


class KeyAway(Exception):
    """The service that holds the key-encryption key does not answer, or refuses, just now."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"The key-encryption key {key_id} can't be used just now.")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is kept."""

    organization: str
    model: str
    row: str
    field: str

    def as_bytes(self) -> bytes:
        parts = (self.organization, self.model, self.row, self.field)
        return b"".join(len(part.encode()).to_bytes(2) + part.encode() for part in parts)


class KeyProvider(Protocol):
    """Wraps data keys under a key-encryption key that it names, its newest."""

    @property
    def newest(self) -> str: ...

    def holds(self, key_id: str) -> bool: ...

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]: ...

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes: ...


class LocalKeyProvider:
    """Key-encryption keys from a file, newest first; older ones still unwrap."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self.newest = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"<LocalKeyProvider {', '.join(self._keys)}>"

    def holds(self, key_id: str) -> bool:
        return key_id in self._keys

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]:
        """Return the id of the newest key and the data key sealed under it."""
        return self.newest, _seal(self._keys[self.newest], data_key, organization.encode())

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes:
        """Return the data key; raises KeyMissing or SealBroken."""
        if key_id not in self._keys:
            raise KeyMissing(key_id)
        return _open(self._keys[key_id], wrapped, organization.encode())


def new_data_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(plain: bytes, *, data_key: bytes, place: Place) -> bytes:
    """Return the bytes sealed for this place and no other."""
    return _seal(data_key, plain, place.as_bytes())


def unseal(sealed: bytes, *, data_key: bytes, place: Place) -> bytes:
    """Return the plain bytes; raises SealBroken when key, place or bytes do not fit."""
    return _open(data_key, sealed, place.as_bytes())


def _seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, FORMAT + bound_to)


def _open(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != FORMAT or len(nonce) != NONCE_BYTES:
        raise SealBroken("Not a sealed value.")
    try:
        return AESGCM(key).decrypt(nonce, body, FORMAT + bound_to)
    except InvalidTag as error:
        raise SealBroken("The seal does not fit its key and place.") from error


def _key_id(key: bytes) -> str:
    return "local:" + hashlib.sha256(b"jigxmgmt key id" + key).hexdigest()[:16]
