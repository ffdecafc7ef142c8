"""A provider in this process that is honest until a test makes it hostile."""

import base64
import hmac
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

from django.utils import timezone
from joserfc import jws
from joserfc.jwk import ECKey, Key, KeyParameters, OKPKey, RSAKey

from auth_providers.models import OAuthConfiguration
from auth_providers.oidc.authorization import fits_challenge
from auth_providers.services.configuration_secrets import put_client_secret
from auth_providers.tests.factories import OAuthConfigurationFactory
from orgs.models import Organization

METADATA, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"


class Missing:
    """As a claim's value: the claim is not there."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()
CLIENT_ID = "portal"


@cache
def key(name: str) -> Key:
    """Return the key of this name, the same one for the whole run."""
    kind = name.partition(" ")[0]
    parameters: KeyParameters = {"kid": name}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


# Octets are a shared secret.
Signer = Key | bytes | None
HONEST, FOREIGN = "RSA first", "RSA foreign"


def public_of(*names: str) -> list[dict[str, Any]]:
    return [dict(key(name).as_dict(private=False)) for name in names]


def sign(header: Mapping[str, Any] | str, claims: Mapping[str, Any] | str, by: Signer) -> str:
    """Sign anything, also what no library would sign."""
    first = header if isinstance(header, str) else json.dumps(header)
    second = claims if isinstance(claims, str) else json.dumps(claims)
    signed = f"{_base64(first.encode())}.{_base64(second.encode())}"
    algorithm = json.loads(first).get("alg")
    if by is None or algorithm == "none":
        return f"{signed}."
    if isinstance(by, bytes):
        return f"{signed}.{_base64(hmac.digest(by, signed.encode(), 'sha256'))}"
    signature = jws.JWSRegistry.algorithms[algorithm].sign(signed.encode(), by)
    return f"{signed}.{_base64(signature)}"


def nonce_of(authorization_url: str) -> str:
    return _parameter(authorization_url, "nonce")


def state_of(authorization_url: str) -> str:
    return _parameter(authorization_url, "state")


@dataclass(frozen=True)
class Answer:
    """What a path answers in place of the truth. A silent one says no more after its body."""

    status: int = 200
    body: bytes | str = b"{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_silent: bool = False


@dataclass(frozen=True)
class _Code:
    claims: Mapping[str, Any]
    nonce: str
    code_challenge: str


class Provider:
    """Counts who asks; `answers`, `metadata`, `keys` and `token_answer` replace the truth."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.forms: list[dict[str, str]] = []
        self.authorizations: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.metadata: dict[str, Any] = {}
        self.keys: list[dict[str, Any]] = public_of(HONEST)
        self.token_answer: dict[str, Any] = {}
        self.signs_with = HONEST
        self.has_ended_consents = False
        self._codes: dict[str, _Code] = {}
        self._refresh_tokens: dict[str, _Code] = {}
        self._lock = Lock()
        self._is_over = Event()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def configure(
        self, organization: Organization, *, client_secret: str = "", **fields: Any
    ) -> OAuthConfiguration:
        """Register the organization here."""
        configuration: OAuthConfiguration = OAuthConfigurationFactory.build(
            **{"organization": organization, "issuer": self.issuer, "client_id": CLIENT_ID} | fields
        )
        if client_secret:
            put_client_secret(configuration, client_secret, by=None, now=timezone.now())
        configuration.save()
        return configuration

    def code_for(
        self, claims: Mapping[str, Any], *, nonce: str = "", code_challenge: str = ""
    ) -> str:
        """Let somebody with these claims sign in; the code is good once."""
        code = token_urlsafe(16)
        self._codes[code] = _Code(claims, nonce, code_challenge)
        return code

    def id_token(
        self,
        *,
        header: Mapping[str, Any] | str | None = None,
        by: Signer = None,
        **overrides: Any,
    ) -> str:
        """Return an ID token whose claims are the honest ones but for these."""
        name = self.signs_with
        algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[name.partition(" ")[0]]
        honest = {"alg": algorithm, "typ": "JWT", "kid": name}
        return sign(honest if header is None else header, self.claims(**overrides), by or key(name))

    def claims(self, **overrides: Any) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "mia",
            "iat": now,
            "exp": now + 300,
            "email": "mia@acme.example",
            "email_verified": True,
            "given_name": "Mia",
            "family_name": "Field",
        }
        return {name: value for name, value in (claims | overrides).items() if value is not MISSING}

    def rotate_keys(self, name: str = "RSA second") -> None:
        """Sign with another key from now on, and publish no other."""
        self.signs_with, self.keys = name, public_of(name)

    def answer(self, path: str, form: dict[str, str], authorization: str) -> Answer:
        self.requests[path] += 1
        if path == TOKEN:
            self.forms.append(form)
            self.authorizations.append(authorization)
        if path in self.answers:
            return self.answers[path]
        if path == METADATA:
            return Answer(body=json.dumps(self._metadata() | self.metadata))
        if path == KEYS:
            return Answer(body=json.dumps({"keys": self.keys}))
        if path == TOKEN:
            with self._lock:
                return self._tokens(form)
        return Answer(status=404)

    def wait_for_the_end(self) -> None:
        self._is_over.wait()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}{TOKEN}",
            "jwks_uri": f"{self.issuer}{KEYS}",
            "end_session_endpoint": f"{self.issuer}/end-session",
            "scopes_supported": ["openid", "email", "profile", "offline_access"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _tokens(self, form: dict[str, str]) -> Answer:
        if form.get("grant_type") == "authorization_code":
            given = self._codes.pop(form.get("code", ""), None)
        else:
            given = self._refresh_tokens.pop(form.get("refresh_token", ""), None)
        if given is None or self.has_ended_consents or not _holds_verifier(given, form):
            return Answer(status=400, body=json.dumps({"error": "invalid_grant"}))
        refresh_token = token_urlsafe(16)
        self._refresh_tokens[refresh_token] = _Code(given.claims, "", "")
        claims = dict(given.claims)
        if given.nonce:
            claims["nonce"] = given.nonce
        answer = {
            "access_token": token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": refresh_token,
            "id_token": self.id_token(**claims),
            "scope": "openid email profile",
        }
        return Answer(body=json.dumps(answer | self.token_answer))


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, of: Provider, *arguments: Any) -> None:
        self.of = of  # first, since the library answers in its own constructor
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._say(self.of.answer(urlsplit(self.path).path, {}, ""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self._say(self.of.answer(self.path, form, self.headers.get("Authorization", "")))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def _say(self, answer: Answer) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + int(answer.is_silent)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            return  # who asked has seen enough
        if answer.is_silent:
            self.of.wait_for_the_end()


def basic_pair(authorization: str) -> tuple[str, str]:
    """Return the id and secret of a Basic header, form-decoded (RFC 6749 2.3.1)."""
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    client_id, _colon, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _holds_verifier(given: _Code, form: dict[str, str]) -> bool:
    if not given.code_challenge:
        return True
    return fits_challenge(form.get("code_verifier", ""), given.code_challenge)


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]
