"""Where a device keeps its secrets: the operating system's keychain, else sealed files."""

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any, Protocol

import keyring
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from functions.device.home import usable, write_private
from functions.device.refusals import Unusable

SERVICE = "jigxmgmt-device"
NONCE_BYTES = 12
# What the library itself calls recommended; below it are its stand-ins, and a file of plain text.
RECOMMENDED = 1


class Keychain(Protocol):
    """Keeps JSON by name. Every method raises Unusable."""

    def read(self, name: str) -> Any: ...

    def write(self, name: str, value: Any) -> None: ...

    def remove(self, name: str) -> None: ...


def open_keychain(folder: Path) -> Keychain:
    """Return the system's keychain, or sealed files in this folder where it has none."""
    backend = keyring.get_keyring()
    if backend.priority >= RECOMMENDED:
        place = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        return SystemKeychain(backend, f"{SERVICE} {place}")
    return SealedFiles(folder)


class SystemKeychain:
    """The operating system's own, under one service a device."""

    def __init__(self, backend: KeyringBackend, service: str) -> None:
        self._backend = backend
        self._service = service

    def read(self, name: str) -> Any:
        """Return what is kept under this name, None for nothing."""
        try:
            text = self._backend.get_password(self._service, name)
        except KeyringError:
            raise _locked() from None
        return None if text is None else json.loads(text)

    def write(self, name: str, value: Any) -> None:
        try:
            self._backend.set_password(self._service, name, json.dumps(value))
        except KeyringError:
            raise _locked() from None

    def remove(self, name: str) -> None:
        """Forget it, if it is there."""
        try:
            self._backend.delete_password(self._service, name)
        except PasswordDeleteError:  # it was not there
            return
        except KeyringError:
            raise _locked() from None


class SealedFiles:
    """A file a secret, AES-256-GCM, under a key that lies beside them and is its owner's alone.

    That protects what is copied without the key, and against an exchange of one file for another.
    It does not protect against who can read files as this person, or as root: they have the key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key_file = folder / "key"

    def read(self, name: str) -> Any:
        """Return what is kept under this name, None for nothing."""
        path = self._path(name)
        if not path.exists():
            return None
        with usable():
            sealed = path.read_bytes()
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            content = AESGCM(self._key()).decrypt(nonce, ciphertext, name.encode())
        except (InvalidTag, ValueError):
            raise Unusable(f"{path} does not belong to its key; sign out to begin anew.") from None
        return json.loads(content)

    def write(self, name: str, value: Any) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._key()).encrypt(nonce, json.dumps(value).encode(), name.encode())
        write_private(self._path(name), nonce + sealed)

    def remove(self, name: str) -> None:
        """Forget it, if it is there."""
        with usable():
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sealed"

    def _key(self) -> bytes:
        if not self._key_file.exists():
            write_private(self._key_file, AESGCM.generate_key(bit_length=256))
        with usable():
            return self._key_file.read_bytes()


def _locked() -> Unusable:
    return Unusable("The keychain of this computer can't be used; unlock it and try again.")
