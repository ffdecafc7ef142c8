"""The authorization request: where a browser is sent, and how its answer is bound to it."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# RFC 7636 4.1: 43 to 128 unreserved characters.
CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

# The protocol's own, which no further parameter replaces or adds: each says who asks, for what, or
# where the answer goes (RFC 6749 4.1, RFC 7636, RFC 9101 5, RFC 9126, OpenID Connect Core 3.1.2.1).
RESERVED = frozenset(
    {
        "claims",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "login_hint",
        "nonce",
        "redirect_uri",
        "registration",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)


def new_verifier() -> str:
    """Return a fresh code verifier (RFC 7636 4.1)."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def fits_challenge(verifier: str, challenge: str) -> bool:
    """Answer whether this is the verifier of the challenge."""
    if not CODE_VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Return the endpoint with these parameters in place of any of its own of the same name."""
    parts = urlsplit(endpoint)
    own = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in own if name not in parameters]
    query = urlencode([*kept, *parameters.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
