"""What a function on this device may send of secrets: the keychain's, the person's own tokens."""

import asyncio
import time
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import quote

from functions.device.keychains import Keychain
from functions.device.refusals import Refused, Unreachable
from functions.device.session import Session, tokens_entry
from functions.engine import Credential, Secret
from functions.engine.definitions import OUR_TOKEN
from functions.engine.failures import (
    CredentialMissing,
    EngineFailure,
    OAuthCredentialsMissingError,
    OAuthRefreshFailed,
    UpstreamUnreachable,
)

MARGIN_SECONDS = 30
FAILURES: Mapping[str, type[EngineFailure]] = {
    "oauth_credentials_missing": OAuthCredentialsMissingError,
    "oauth_refresh_failed": OAuthRefreshFailed,
    "oauth_provider_unavailable": UpstreamUnreachable,
}


class Purse:
    """The credentials of one call. Every method raises NotSignedIn, Unusable or EngineFailure."""

    def __init__(
        self, session: Session, *, solution_id: str, keychain: Keychain, held_back: Container[str]
    ) -> None:
        self._session = session
        self._held_back = held_back
        self._solution_id = solution_id
        self._keychain = keychain
        self._versions: dict[str, str] = {}

    async def find(self, key: str) -> Credential | None:
        """Return the credential, or None when this device has none of this key."""
        entry = self._entry(key)
        if entry is None and key in self._held_back:
            sentence = f"The credential {key} is not available to devices."
            raise CredentialMissing(sentence, details={"credential": key})
        if entry is None:
            return None
        if "configuration" not in entry:
            return _credential(entry, _text_of(entry["secret"]))
        kept = (self._keychain.read(tokens_entry(self._solution_id)) or {}).get(key)
        if kept is None or kept["expires_at"] < time.time() + MARGIN_SECONDS:
            kept = await self._fetch(key, {})
        self._versions[key] = kept["version"]
        return _credential(entry, kept["access_token"])

    async def refresh(self, refused: Credential) -> Credential | None:
        """Return another token in place of one that a service refused."""
        entry, version = self._entry(refused.key), self._versions.pop(refused.key, None)
        if entry is None or version is None:
            return None
        fetched = await self._fetch(refused.key, {"refused": version})
        return _credential(entry, fetched["access_token"])

    async def mint(self, origin: str) -> str:
        """Return a token of the portal's own for this origin."""
        answer = await self._ask(OUR_TOKEN, {"origin": origin})
        return str(answer["access_token"])

    def _entry(self, key: str) -> Mapping[str, Any] | None:
        entries = self._keychain.read(self._solution_id) or []
        return next((entry for entry in entries if entry["key"] == key), None)

    async def _fetch(self, key: str, wanted: Mapping[str, str]) -> dict[str, Any]:
        """Ask for the person's token, and keep it while it is good, for calls without a network."""
        answer = await self._ask(key, wanted)
        fetched = {
            "access_token": str(answer["access_token"]),
            "version": str(answer["version"]),
            "expires_at": time.time() + float(answer["expires_in"]),
        }
        place = tokens_entry(self._solution_id)
        with self._session.holding():
            self._keychain.write(place, (self._keychain.read(place) or {}) | {key: fetched})
        return fetched

    async def _ask(self, key: str, wanted: Mapping[str, str]) -> dict[str, Any]:
        path = f"/api/v1/solutions/{self._solution_id}/credentials/{quote(key, safe='')}/token"
        try:
            return await asyncio.to_thread(self._session.post, path, wanted)
        except Unreachable:
            failure: EngineFailure = UpstreamUnreachable(
                "The portal can't be reached, which has the token for this service."
            )
        except Refused as refusal:
            kind = FAILURES.get(refusal.code, CredentialMissing)
            failure = kind(refusal.detail, details={"credential": key})
        raise failure


def _credential(entry: Mapping[str, Any], secret: str) -> Credential:
    return Credential(
        key=entry["key"],
        type=entry["type"],
        secret=Secret(secret),
        origins=tuple(entry["allowed_origins"]),
    )


def _text_of(secret: Mapping[str, str]) -> str:
    if "username" in secret:
        return f"{secret['username']}:{secret['password']}"
    return secret["value"]
