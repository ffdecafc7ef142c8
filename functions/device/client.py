"""One device, as its person uses it: signs in and out, syncs, runs functions, keeps what comes."""

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from functions.device.calls import Calls
from functions.device.consents import connect_account
from functions.device.home import Account, Home, usable
from functions.device.keychains import Keychain, open_keychain
from functions.device.portal import Portal, object_of
from functions.device.refusals import DeviceRefusal, NotSignedIn, Unusable
from functions.device.session import TOKENS, Session, Tokens, forget_secrets
from functions.device.signing_in import JOIN_REQUEST, Person
from functions.device.storage import Storage
from functions.device.synced import Synced, all_synced, find_synced, sync_solution, tables_path

END_SESSION = re.compile(r'<([^>]*)>; *rel="urn:jigxmgmt:end-session"')


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Why the portal does not know of it, if so; and where the provider's session ends."""

    untold: str = ""
    end_session_url: str = ""


class Device:
    """A folder with a device in it. Every method raises a DeviceRefusal."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.keychain: Keychain = open_keychain(self.home.keychain)

    def sign_in(
        self, address: str, *, client_id: str, way: Callable[[Portal], dict[str, Any]]
    ) -> Account:
        """Sign in by a way, which returns new tokens, and keep them.

        Nothing of another person stays; one's own rows and waiting commands do.
        """
        portal = Portal(address)
        account = self.home.account()
        if account and self.keychain.read(TOKENS):
            raise Unusable(f"{account.user['email']} is signed in here. Sign out first.")
        answer = way(portal)
        tokens = Tokens.of_answer(answer)
        me = object_of(portal.request("GET", "/api/v1/me", token=tokens.access_token))
        signed_in = _account(portal.address, client_id, me)
        with self.home.locked():
            before = self.home.account()  # somebody may have been quicker
            if before and not _is_same_person(before, signed_in):
                self._remove_everything()
            self.home.keep_account(signed_in)
            self.keychain.write(TOKENS, asdict(tokens))
            self.keychain.remove(JOIN_REQUEST)
        return signed_in

    def sign_out(self) -> SignedOut:
        """End this device at the portal, and remove all that it holds whether that works or not."""
        signed_out = SignedOut()
        try:
            answer = self.session().request("POST", "/api/v1/auth/sign-out")
            found = END_SESSION.search(answer.headers.get("Link", ""))
            signed_out = SignedOut(end_session_url=found[1] if found else "")
        except NotSignedIn:
            pass  # the portal has ended it already
        except DeviceRefusal as refusal:
            signed_out = SignedOut(untold=refusal.detail)
        with self.home.locked():
            self._remove_everything()
        return signed_out

    def sync(self, named: str) -> tuple[Synced, bool]:
        """Fetch a solution's live version; returns it, and whether anything was new."""
        session, known = self.session(), self.account()
        account = _account(known.portal, known.client_id, session.get("/api/v1/me"))
        with session.holding():
            self.home.keep_account(account)
        return sync_solution(
            session, named, account=account, home=self.home, keychain=self.keychain
        )

    def synced(self, named: str) -> Synced:
        """Return this device's copy of a solution."""
        self.account()
        return find_synced(self.home, named)

    def all_synced(self) -> list[Synced]:
        return all_synced(self.home)

    @contextlib.contextmanager
    def calls(self, synced: Synced) -> Iterator[Calls]:
        """Open the solution's tables and queue for calls."""
        with self.storage(synced) as storage:
            yield Calls(
                self.session(),
                synced,
                user=self.account().user,
                storage=storage,
                keychain=self.keychain,
            )

    @contextlib.contextmanager
    def storage(self, synced: Synced) -> Iterator[Storage]:
        """Open the solution's tables."""
        path = tables_path(self.home, synced.id)
        try:
            with usable():
                storage = Storage(path)
        except sqlite3.Error:
            raise Unusable(f"{path} is damaged; sign out to begin anew.") from None
        try:
            yield storage
        finally:
            storage.close()

    def connect(self, synced: Synced, key: str, *, person: Person) -> str:
        """Let a credential's functions use the person's account at an outside service."""
        return connect_account(self.session(), person, solution_id=synced.id, key=key)

    def account(self) -> Account:
        """Return who is signed in here, or was until the portal ended it."""
        account = self.home.account()
        if account is None:
            raise NotSignedIn("Nobody is signed in on this device. Sign in first.")
        return account

    def session(self) -> Session:
        account = self.account()
        return Session(
            Portal(account.portal),
            client_id=account.client_id,
            home=self.home,
            keychain=self.keychain,
        )

    def _remove_everything(self) -> None:
        forget_secrets(self.home, self.keychain)
        self.keychain.remove(JOIN_REQUEST)
        self.home.remove_everything()


def _account(address: str, client_id: str, me: Mapping[str, Any]) -> Account:
    return Account(
        portal=address,
        client_id=client_id,
        user={"id": me["id"], "email": me["email"], "displayName": me["display_name"]},
        organizations={row["id"]: row["name"] for row in me["organizations"]},
    )


def _is_same_person(account: Account, other: Account) -> bool:
    return (account.portal, account.user["id"]) == (other.portal, other.user["id"])
