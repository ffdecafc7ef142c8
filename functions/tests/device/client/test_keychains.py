import stat
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import null
from keyring.errors import KeyringLocked, PasswordDeleteError

from functions.device.keychains import SealedFiles, SystemKeychain, open_keychain
from functions.device.refusals import Unusable

MARKER = "s3cret-marker"


class InMemory(KeyringBackend):
    """A keychain of an operating system."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


class Locked(InMemory):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked


class TestSystemKeychain:
    def test_is_taken_where_there_is_one(self, tmp_path: Path) -> None:
        backend = InMemory()
        keyring.set_keyring(backend)

        keychain = open_keychain(tmp_path)
        keychain.write("tokens", {"access": MARKER})

        assert open_keychain(tmp_path).read("tokens") == {"access": MARKER}
        assert open_keychain(tmp_path / "other").read("tokens") is None
        assert list(tmp_path.iterdir()) == []
        keychain.remove("tokens")
        keychain.remove("tokens")
        assert backend.kept == {}

    def test_says_that_it_is_locked(self, tmp_path: Path) -> None:
        keychain = SystemKeychain(Locked(), "device")

        with pytest.raises(Unusable, match="unlock it"):
            keychain.read("tokens")

    def test_is_no_stand_in_of_the_library(self, tmp_path: Path) -> None:
        keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]

        assert isinstance(open_keychain(tmp_path), SealedFiles)


class TestSealedFiles:
    def test_give_back_what_was_kept(self, tmp_path: Path) -> None:
        SealedFiles(tmp_path).write("tokens", {"access": MARKER})

        assert SealedFiles(tmp_path).read("tokens") == {"access": MARKER}
        assert SealedFiles(tmp_path).read("other") is None

    def test_show_nothing_and_are_their_owner_s(self, tmp_path: Path) -> None:
        folder = tmp_path / "keychain"
        SealedFiles(folder).write("tokens", {"access": MARKER})

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert MARKER.encode() not in path.read_bytes()

    def test_are_bound_to_their_name(self, tmp_path: Path) -> None:
        files = SealedFiles(tmp_path)
        files.write("one", MARKER)
        (tmp_path / "one.sealed").rename(tmp_path / "two.sealed")

        with pytest.raises(Unusable, match="does not belong"):
            files.read("two")
