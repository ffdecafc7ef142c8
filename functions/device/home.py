"""The device's files, in a folder that only its person can read. No secret is ever in here."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from functions.device.refusals import Unusable

LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in where."""

    portal: str
    client_id: str
    user: dict[str, str]
    organizations: dict[str, str]


class Home:
    """One device. Raises Unusable where the folder can't be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        _require_own(self.folder)
        self._account = self.folder / "account.json"
        self._solutions = self.folder / "solutions"
        self.keychain = self.folder / "keychain"

    def account(self) -> Account | None:
        """Return who was signed in last, None after a sign-out."""
        document = read_json(self._account)
        return None if document is None else Account(**document)

    def keep_account(self, account: Account) -> None:
        write_private(self._account, _json(asdict(account)))

    def solution_folder(self, solution_id: str) -> Path:
        """Return where a solution's files lie; its id is the portal's word, so it is checked."""
        try:
            return self._solutions / str(UUID(solution_id))
        except ValueError:
            raise Unusable("The portal names a solution in a way that can't be used.") from None

    def solution_ids(self) -> list[str]:
        """List the solutions of which anything is on this device."""
        if not self._solutions.is_dir():
            return []
        return sorted(path.name for path in self._solutions.iterdir() if path.is_dir())

    def remove_solution(self, solution_id: str) -> None:
        shutil.rmtree(self.solution_folder(solution_id), ignore_errors=True)

    def remove_everything(self) -> None:
        """Leave the lock, for which others may wait, and what is not ours in this folder."""
        with usable():
            for folder in (self._solutions, self.keychain):
                if folder.exists():
                    shutil.rmtree(folder)
            self._account.unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold all other processes off this device's tokens."""
        with usable():
            make_private_folder(self.folder)
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def usable() -> Iterator[None]:
    """Say in a sentence that a file or folder can't be used; raises Unusable."""
    try:
        yield
    except OSError as error:
        raise Unusable(f"{error.filename} can't be used ({error.strerror}).") from None


def _require_own(folder: Path) -> None:
    """Refuse a folder in which others may have put a key or a link; raises Unusable."""
    with usable():
        found = folder.stat() if folder.exists() else None
    if found and (found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH):
        raise Unusable(f"{folder} is another person's, or others may write in it; choose another.")


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it, each its owner's; one that is there stays as it is."""
    for each in (*reversed(folder.parents), folder):
        each.mkdir(exist_ok=True, mode=0o700)


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place, whole or not at all; raises Unusable."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with usable():
        make_private_folder(path.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return an object that was kept, None where there is none; raises Unusable."""
    try:
        with usable():
            content = path.read_bytes() if path.exists() else None
        document: dict[str, Any] | None = None if content is None else json.loads(content)
    except ValueError:
        raise Unusable(f"{path} is damaged; sign out to begin anew.") from None
    return document


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
