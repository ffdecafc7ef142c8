"""What one call may send of secrets: its solution's, its caller's tokens, a token of our own."""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from auth_providers.services.caller_tokens import mint_caller_token
from auth_providers.services.outside_grants import (
    GrantedToken,
    NotConnected,
    ReconnectNeeded,
    RenewalUnavailable,
    fresh_access_token,
)
from auth_providers.services.private_ways import is_private_way
from functions import engine
from functions.calls.database import tidily
from functions.engine.failures import (
    CredentialMissing,
    CredentialOriginRefused,
    OAuthCredentialsMissingError,
    OAuthRefreshFailed,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from functions.models import Credential
from functions.worker.credentials import CredentialCache, opened, with_secret


class Purse:
    """The credentials of one call; each token of the caller is looked up once, and never kept."""

    def __init__(
        self,
        cache: CredentialCache,
        *,
        message: dict[str, Any],
        off_loop: engine.OffLoop,
        deadline: float,
    ) -> None:
        self._cache = cache
        self._message = message
        self._solution_id = uuid.UUID(message["solution"]["id"])
        self._off_loop = off_loop
        self._deadline = deadline
        self._tokens: dict[str, GrantedToken] = {}

    async def find(self, key: str) -> engine.Credential | None:
        """Return the credential, opened now, or None when the solution has none of this key.

        Raises CredentialMissing, and for the caller's own tokens OAuthCredentialsMissingError,
        OAuthRefreshFailed, UpstreamUnreachable or UpstreamTimeout. A vault that is away is no
        failure of the call's own: VaultAway and VaultKeyMissing pass.
        """
        credential = await self._row(key)
        if credential is None:
            return None
        if credential.is_of_each_person:
            return await self._token_of(credential)
        is_basic = credential.type == Credential.Type.BASIC_AUTH
        if is_basic and not self._message.get("allows_basic_auth", False):
            raise CredentialMissing(
                f"The credential {key} is a user name with a password, and this organization does "
                "not let calls through the server send such."
            )
        return opened(credential)

    async def refresh(self, refused: engine.Credential) -> engine.Credential | None:
        """Return another token in place of one that a service refused; raises as `find` does."""
        credential, token = await self._row(refused.key), self._tokens.pop(refused.key, None)
        if credential is None or token is None:
            return None
        return await self._token_of(credential, refused=token.version)

    async def mint(self, origin: str) -> str:
        """Return a token of ours for this origin; raises CredentialOriginRefused.

        It tells who calls, so it travels as privately as a secret.
        """
        if not is_private_way(origin, self._message["networks"]):
            raise CredentialOriginRefused("A token that tells who calls travels over https only.")
        return mint_caller_token(
            user_id=self._message["user"]["id"],
            solution_id=self._message["solution"]["id"],
            organization_id=self._message["organization"]["id"],
            origin=origin,
            now=datetime.now(UTC),
        )

    async def _row(self, key: str) -> Credential | None:
        stamp = self._message["credential_stamp"]
        return await self._cache.find(self._solution_id, stamp=stamp, key=key)

    async def _token_of(
        self, credential: Credential, *, refused: str | None = None
    ) -> engine.Credential:
        token = self._tokens.get(credential.key)
        if token is None:
            token = await self._fresh(credential, refused)
            self._tokens[credential.key] = token
        return with_secret(credential, token.access_token)

    async def _fresh(self, credential: Credential, refused: str | None) -> GrantedToken:
        details = {"credential": credential.key}
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                token: GrantedToken = await self._off_loop(
                    tidily, lambda: self._look_up(credential, refused)
                )
        except TimeoutError:
            raise UpstreamTimeout("The user's token was not renewed in time.") from None
        except NotConnected as refusal:
            raise OAuthCredentialsMissingError(refusal.detail, details=details) from None
        except ReconnectNeeded as refusal:
            raise OAuthRefreshFailed(refusal.detail, details=details) from None
        except RenewalUnavailable as refusal:  # or the provider says what nobody can use
            raise UpstreamUnreachable(refusal.detail) from None
        return token

    def _look_up(self, credential: Credential, refused: str | None) -> GrantedToken:
        assert credential.configuration_id is not None  # noqa: S101 (a constraint holds it)
        return fresh_access_token(
            user_id=uuid.UUID(self._message["user"]["id"]),
            solution_id=self._solution_id,
            credential_key=credential.key,
            configuration_id=credential.configuration_id,
            now=datetime.now(UTC),
            refused=refused,
        )
