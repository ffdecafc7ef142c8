"""The keys that sign this installation's own tokens: ES256 (RFC 7518 3.4), two while rotating."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

ALGORITHM = "ES256"
_LABEL = b"jigxmgmt caller token ES256 v1"
# The order of P-256 (SEC 2, 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def signing_key_of(secret: bytes) -> ECKey:
    """Return the same key for the same secret on every host; its id is its RFC 7638 thumbprint.

    HKDF gives 64 bits more than the order has, so that what the remainder favours is beyond
    notice (FIPS 186-5, A.2.1).
    """
    octets = HKDF(algorithm=SHA256(), length=40, salt=None, info=_LABEL).derive(secret)
    number = int.from_bytes(octets) % (_ORDER - 1) + 1
    key = ECKey.import_key(
        ec.derive_private_key(number, ec.SECP256R1()), {"use": "sig", "alg": ALGORITHM}
    )
    key.ensure_kid()
    return key


def sign_token(claims: dict[str, Any], *, key: ECKey) -> str:
    """Return the claims as a signed JWT (RFC 7519)."""
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])
