"""The token endpoint: how it is told who asks, and what it may answer (RFC 6749 2.3.1, 5)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from auth_providers.oidc.documents import ProviderFault, parse_object

MAX_BYTES = 262_144
LONGEST_TOKEN = 65_536
LONGEST_SCOPES = 4_000
LONGEST_LIFE = 10 * 366 * 24 * 3600  # seconds; past it a date has no room

# RFC 6749 5.2, and what OpenID Connect Core 3.1.2.6 adds that is heard here too.
ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "interaction_required",
        "login_required",
        "consent_required",
        "temporarily_unavailable",
        "server_error",
        "slow_down",
    }
)


class TokensRefused(ProviderFault):
    """The endpoint said no, with the code of the standard, or nothing that can be used."""


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """The answer of a token endpoint (RFC 6749 5.1); the lifetime is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    expires_in: int | None
    scope: str


@dataclass(frozen=True, slots=True)
class ClientIdentification:
    """What goes with a token request, in its headers or its form."""

    headers: Mapping[str, str] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


def identify_client(method: str, *, client_id: str, secret: str) -> ClientIdentification:
    """Say who asks, in the one way that is registered: two at once are an error (RFC 6749 2.3)."""
    if method == "client_secret_basic":
        # Both parts are form-encoded first (RFC 6749 2.3.1): a colon would end the first one.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
        return ClientIdentification(
            {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}, {}
        )
    if method == "client_secret_post":
        return ClientIdentification({}, {"client_id": client_id, "client_secret": secret})
    return ClientIdentification({}, {"client_id": client_id})


def read_tokens(status: int, media_type: str, body: bytes) -> ProviderTokens:
    """Return what the endpoint gave (RFC 6749 5.1). Raises TokensRefused."""
    if 300 <= status < 400:
        raise TokensRefused("token_endpoint_redirects")
    if status != 200:
        raise TokensRefused(_error_of(status, body))
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise TokensRefused("token_answer_not_json")
    try:
        answer = parse_object(body)
    except ValueError:
        raise TokensRefused("token_answer_not_json") from None
    if "error" in answer:  # some say no with status 200
        raise TokensRefused(_known_error(answer))
    kind = answer.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokensRefused("token_type_refused")
    access_token = _token(answer, "access_token")
    if access_token is None:
        raise TokensRefused("access_token_missing")
    return ProviderTokens(
        access_token=access_token,
        refresh_token=_token(answer, "refresh_token"),
        id_token=_token(answer, "id_token"),
        expires_in=_life(answer),
        scope=_scopes(answer),
    )


def _error_of(status: int, body: bytes) -> str:
    try:
        answer = parse_object(body)
    except ValueError:
        answer = {}
    if 400 <= status < 500 and "error" in answer:
        return _known_error(answer)
    return "provider_unavailable" if status >= 500 or status == 429 else "token_endpoint_refused"


def _known_error(answer: Mapping[str, Any]) -> str:
    error = answer["error"]
    return error if isinstance(error, str) and error in ERRORS else "token_endpoint_refused"


def _token(answer: Mapping[str, Any], name: str) -> str | None:
    token = answer.get(name)
    if token is None:
        return None
    # Printable ASCII (RFC 6749 A.12, A.17): an access token goes into a header.
    is_token = isinstance(token, str) and token.isascii() and token.isprintable() and token
    if not is_token or len(token) > LONGEST_TOKEN:
        raise TokensRefused("token_answer_malformed")
    return str(token)


def _life(answer: Mapping[str, Any]) -> int | None:
    life = answer.get("expires_in")
    if isinstance(life, str) and life.isascii() and life.isdecimal() and len(life) < 20:
        life = int(life)  # Microsoft's first endpoints write it as a text
    if life is None:
        return None
    if isinstance(life, bool) or not isinstance(life, int | float):
        raise TokensRefused("token_answer_malformed")
    if not 0 <= life < float("inf"):
        raise TokensRefused("token_answer_malformed")
    return min(int(life), LONGEST_LIFE)


def _scopes(answer: Mapping[str, Any]) -> str:
    scope = answer.get("scope")
    if scope is None:
        return ""
    if not isinstance(scope, str) or len(scope) > LONGEST_SCOPES:
        raise TokensRefused("token_answer_malformed")
    return scope
