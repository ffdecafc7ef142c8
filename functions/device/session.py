"""The device's tokens: renewed in time by one process at once, and spent once each."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from functions.device.home import Home
from functions.device.keychains import Keychain
from functions.device.portal import NO_PORTAL, Portal, object_of
from functions.device.refusals import NotSignedIn, Refused, Unreachable

TOKENS = "tokens"
# Renewed this long before the end, so that a token does not die on its way.
MARGIN_SECONDS = 30
# The portal lets a lost answer be asked for again within a minute, under the same key.
TRIES = 3
UNAUTHORIZED = 401
SIGN_IN_AGAIN = "This device is not signed in any more. Sign in again."


@dataclass(frozen=True, slots=True)
class Tokens:
    """One pair, and the key under which it is renewed: once, however often that is asked for."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    refresh_key: str = field(repr=False)

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Tokens":
        """Read what the portal issues; raises Refused for what no header can hold."""
        access_token, seconds = answer["access_token"], answer["expires_in"]
        if not isinstance(seconds, int | float) or not _is_token(access_token):
            raise Refused(NO_PORTAL)
        return cls(
            access_token=access_token,
            refresh_token=str(answer["refresh_token"]),
            expires_at=time.time() + seconds,
            refresh_key=secrets.token_urlsafe(24),
        )


def _is_token(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


class Session:
    """Requests as the person who is signed in. Every method raises NotSignedIn."""

    def __init__(self, portal: Portal, *, client_id: str, home: Home, keychain: Keychain) -> None:
        self._portal = portal
        self._client_id = client_id
        self._home = home
        self._keychain = keychain

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send with a good token, once more where the portal does not take it.

        Raises as Portal.request does.
        """
        tokens = self._good()
        try:
            return self._portal.request(method, path, token=tokens.access_token, **more)
        except Refused as refusal:
            if refusal.status != UNAUTHORIZED:
                raise
        renewed = self._renewed(tokens)
        try:
            return self._portal.request(method, path, token=renewed.access_token, **more)
        except Refused as refusal:
            if refusal.status != UNAUTHORIZED:
                raise
        raise NotSignedIn(SIGN_IN_AGAIN)

    def post(self, path: str, given: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Post JSON and return the answer's object."""
        return object_of(self.request("POST", path, json=given, **more))

    def get(self, path: str, **more: Any) -> dict[str, Any]:
        return object_of(self.request("GET", path, **more))

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Hold a sign-out off while secrets are written: they would be left behind by it."""
        with self._home.locked():
            self._kept()
            yield

    def _good(self) -> Tokens:
        tokens = self._kept()
        is_good = tokens.expires_at > time.time() + MARGIN_SECONDS
        return tokens if is_good else self._renewed(tokens)

    def _kept(self) -> Tokens:
        kept = self._keychain.read(TOKENS)
        if kept is None:
            raise NotSignedIn(SIGN_IN_AGAIN)
        return Tokens(**kept)

    def _renewed(self, old: Tokens) -> Tokens:
        """Return the pair after this one: another process may have been quicker."""
        with self._home.locked():
            kept = self._kept()
            if kept.access_token != old.access_token:
                return kept
            try:
                renewed = Tokens.of_answer(self._refresh(kept))
            except Refused as refusal:
                if refusal.code != "invalid_grant":
                    raise
            else:
                self._keychain.write(TOKENS, asdict(renewed))
                return renewed
            forget_secrets(self._home, self._keychain)
        raise NotSignedIn(SIGN_IN_AGAIN)

    def _refresh(self, tokens: Tokens) -> dict[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "refresh_token": tokens.refresh_token,
        }
        headers = {"Idempotency-Key": tokens.refresh_key}
        for tries_left in reversed(range(TRIES)):
            try:
                answer = self._portal.request("POST", "/oauth/token/", data=form, headers=headers)
            except Unreachable:
                if not tries_left:
                    raise
            else:
                return object_of(answer)
        raise AssertionError("neither an answer nor a refusal")


def forget_secrets(home: Home, keychain: Keychain) -> None:
    """Leave no secret of a sign-in that is over; rows and waiting commands stay."""
    keychain.remove(TOKENS)
    for solution_id in home.solution_ids():
        keychain.remove(solution_id)
        keychain.remove(tokens_entry(solution_id))


def tokens_entry(solution_id: str) -> str:
    """Name where the keychain has the person's own tokens for a solution's services."""
    return f"{solution_id}-tokens"
