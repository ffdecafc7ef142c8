"""The keys a provider signs with (RFC 7517): public ones of a sound strength, and no others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from auth_providers.oidc.documents import ProviderFault, octets_of, parse_object

MAX_BYTES = 262_144
MOST_KEYS = 100
LONGEST_KEY_ID = 512
# In bits. A signature of the second size costs twenty times what one of the first does to check.
WEAKEST_RSA, LARGEST_RSA = 2048, 8192

# What may sign, and with which keys (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2). A symmetric
# algorithm is none of them: its key would be one that the provider publishes.
KEYS_OF_ALGORITHM: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
# The public members alone: a provider that publishes more by mistake does not make us keep it.
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}

PublicKey = RSAKey | ECKey | OKPKey
WrittenKey = dict[str, str]


class KeysRefused(ProviderFault):
    """The key set can't be read, or holds nothing that an ID token may be signed with."""


def read_keys(document: bytes) -> list[WrittenKey]:
    """Return the public signature keys of a JWK set, as plain text. Raises KeysRefused.

    Keys that we do not understand are left out (RFC 7517 5), symmetric ones among them.
    """
    if len(document) > MAX_BYTES:
        raise KeysRefused("keys_too_large")
    try:
        keys = parse_object(document).get("keys")
    except ValueError:
        raise KeysRefused("keys_not_json") from None
    if not isinstance(keys, list):
        raise KeysRefused("keys_malformed")
    if len(keys) > MOST_KEYS:
        raise KeysRefused("keys_too_many")
    usable = [_public(key) for key in keys if isinstance(key, dict) and _is_usable(key)]
    if not usable:
        raise KeysRefused("keys_unusable")
    return usable


def fitting_keys(
    keys: Iterable[WrittenKey], *, key_id: str | None, algorithm: str
) -> list[WrittenKey]:
    """Return those that a token with this header may be signed with.

    One that names no algorithm of its own (RFC 7517 4.4) fits all of its type and curve.
    """
    key_type, curve = KEYS_OF_ALGORITHM[algorithm]
    return [
        key
        for key in keys
        if key["kty"] == key_type
        and curve in (None, key.get("crv"))
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    ]


def import_keys(keys: Sequence[WrittenKey]) -> list[PublicKey]:
    """Return the keys ready for use. Raises KeysRefused when one is weak, or is no key."""
    return [_import(key) for key in keys]


def _is_usable(key: dict[str, Any]) -> bool:
    """Answer whether this is a key of a known type that checks signatures (RFC 7517 4.2, 4.3)."""
    members = _MEMBERS.get(key["kty"]) if isinstance(key.get("kty"), str) else None
    if members is None or not all(isinstance(key.get(name), str) for name in members):
        return False
    if key.get("use", "sig") != "sig" or not isinstance(key.get("alg", ""), str):
        return False
    operations = key.get("key_ops")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        return False
    key_id = key.get("kid", "")
    return isinstance(key_id, str) and len(key_id) <= LONGEST_KEY_ID


def _public(key: dict[str, Any]) -> WrittenKey:
    names = ("kty", *_MEMBERS[key["kty"]], "kid", "alg")
    return {name: key[name] for name in names if name in key}


def _import(key: WrittenKey) -> PublicKey:
    # `alg` was compared; to the library it is a text that it may not know.
    members: dict[str, Any] = {name: value for name, value in key.items() if name != "alg"}
    try:
        if key["kty"] == "RSA":
            _check_size(key["n"])
            return RSAKey.import_key(members)
        if key["kty"] == "EC":
            return ECKey.import_key(members)
        return OKPKey.import_key(members)
    except (JoseError, ValueError, TypeError, KeyError):
        pass
    # Outside the except clause, because the library's messages hold what was sent.
    raise KeysRefused("key_malformed")


def _check_size(modulus: str) -> None:
    """Look at the modulus before the library does, which only warns of a weak one."""
    bits = int.from_bytes(octets_of(modulus)).bit_length()
    if bits < WEAKEST_RSA:
        raise KeysRefused("key_weak")
    if bits > LARGEST_RSA:
        raise KeysRefused("key_too_large")
