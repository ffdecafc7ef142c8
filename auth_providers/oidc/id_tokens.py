"""Who an ID token is about: all of OpenID Connect Core 1.0 3.1.3.7.

What only looks like one is refused: access tokens, logout tokens and security events come with the
same keys for the same audiences (RFC 8725 3.11, 3.12).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from auth_providers.oidc.claims import ClaimRefused, Expected, check_claims
from auth_providers.oidc.documents import DuplicateMember, ProviderFault, octets_of, parse_object
from auth_providers.oidc.keys import KEYS_OF_ALGORITHM, KeysRefused, WrittenKey, import_keys

MAX_CHARACTERS = 65_536
# Two keys may have one id while a provider goes over from one type to another.
MOST_TRIED = 4

# Who looks keys up, by key id (which not all providers give) and algorithm. Raises KeysRefused.
FindKeys = Callable[[str | None, str], Sequence[WrittenKey]]


class IdTokenRefused(ProviderFault):
    """This is no ID token for us, now; the code says why, and nothing here holds a claim."""


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Mapping[str, Any]
    claims: dict[str, Any] = field(repr=False)
    algorithm: str
    key_id: str | None


class _Registry(jws.JWSRegistry):
    """Bounds for what providers send: chains of certificates stand in some headers."""

    max_header_length = 16_384
    max_payload_length = MAX_CHARACTERS
    max_signature_length = 4_096

    def get_alg(self, name: str) -> Any:
        """Return it without the library's warning that `EdDSA` has a newer name (RFC 9864)."""
        if name not in KEYS_OF_ALGORITHM:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_REGISTRY = _Registry(strict_check_header=False)


def verify_id_token(
    token: str, *, find_keys: FindKeys, expected: Expected, now: datetime
) -> dict[str, Any]:
    """Return the claims of an ID token that was made for us.

    The signature is always checked, also where the token came straight from the provider (Core
    3.1.3.7 item 6 would let TLS stand for it): a public client brings the token by itself.
    Raises IdTokenRefused; KeysRefused where there are no keys to check it with.
    """
    parts = _read(token)
    keys = list(find_keys(parts.key_id, parts.algorithm))
    if not keys:
        raise IdTokenRefused("id_token_key_unknown")
    if len(keys) > (1 if parts.key_id is None else MOST_TRIED):
        # Core 10.1: with several keys the token has to say which.
        raise IdTokenRefused("id_token_key_ambiguous")
    if not _is_signed(token, keys):
        raise IdTokenRefused("id_token_signature")
    try:
        check_claims(parts.claims, expected=expected, algorithm=parts.algorithm, now=now)
    except ClaimRefused as refusal:
        code = refusal.code
    else:
        return parts.claims
    raise IdTokenRefused(code)


def _read(token: str) -> _Parts:
    if len(token) > MAX_CHARACTERS:
        raise IdTokenRefused("id_token_too_large")
    segments = token.split(".")
    if len(segments) == 5:
        raise IdTokenRefused("id_token_encrypted")
    if len(segments) != 3:
        raise IdTokenRefused("id_token_malformed")
    header = _object(segments[0])
    algorithm = _algorithm_of(header)
    key_id = header.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise IdTokenRefused("id_token_malformed")
    claims = _object(segments[1])
    _octets(segments[2])
    return _Parts(header, claims, algorithm, key_id)


def _object(segment: str) -> dict[str, Any]:
    try:
        return parse_object(_octets(segment))
    except DuplicateMember:
        code = "id_token_duplicate_member"
    except ValueError:
        code = "id_token_malformed"
    raise IdTokenRefused(code)


def _octets(segment: str) -> bytes:
    try:
        return octets_of(segment)
    except ValueError:
        pass
    raise IdTokenRefused("id_token_malformed")


def _algorithm_of(header: Mapping[str, Any]) -> str:
    """Check the whole header. Where it says a key is to be found (jku, x5u, jwk) nobody looks."""
    if "enc" in header:
        raise IdTokenRefused("id_token_encrypted")
    # We understand no extension (RFC 7515 4.1.11), `b64` of RFC 7797 included.
    if "crit" in header or "b64" in header:
        raise IdTokenRefused("id_token_crit")
    if "cty" in header:
        raise IdTokenRefused("id_token_nested")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") != "jwt":
        raise IdTokenRefused("id_token_typ")
    algorithm = header.get("alg")
    if isinstance(algorithm, str) and algorithm.lower() == "none":
        raise IdTokenRefused("id_token_alg_none")
    if not isinstance(algorithm, str) or algorithm not in KEYS_OF_ALGORITHM:
        raise IdTokenRefused("id_token_alg_refused")
    return algorithm


def _is_signed(token: str, keys: Sequence[WrittenKey]) -> bool:
    try:
        candidates = import_keys(keys)
    except KeysRefused as refusal:
        code = f"id_token_{refusal.code}"
    else:
        return any(_fits(token, key) for key in candidates)
    raise IdTokenRefused(code)


def _fits(token: str, key: Any) -> bool:
    try:
        jws.deserialize_compact(token, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        return False
    return True
