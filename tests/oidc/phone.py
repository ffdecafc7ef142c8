"""An app on somebody's device, as far as signing in at a provider goes."""

from typing import Any

import requests
from django.test import Client
from django.urls import reverse

from auth_providers.models import App
from auth_providers.oidc.authorization import challenge_of, new_verifier
from orgs.models import Solution
from tests.oidc.browserless import Browserless

REDIRECT = "com.acme.field:/signed-in"
EMAIL = "mia.field@acme.example"
METADATA = "/.well-known/openid-configuration"


class Phone:
    """The app, with the system's browser beside it; it knows its client id and whose it is."""

    def __init__(self, app: App, email: str = EMAIL) -> None:
        self.email = email
        self.browser = Browserless()
        self.tokens: dict[str, str] = {}
        self._client_id = app.client_id
        self._verifier = new_verifier()

    def begin(self) -> dict[str, Any]:
        """Learn where the person signs in, and begin it."""
        asked = {"client_id": self._client_id, "email": self.email, "redirect_uri": REDIRECT}
        [option] = self.post("sso/discover", asked).json()["options"]
        more = {"configuration_id": option["configuration_id"], **self._challenge()}
        return self._begun(self.post("sso/transactions", asked | more))

    def visit_provider(self, begun: dict[str, Any]) -> dict[str, str]:
        """Sign in in the browser, and return what comes back to the app."""
        url = begun["authorization_url"]
        return self.browser.sign_in(url, email=self.email, redirect_url=REDIRECT)

    def complete(self, begun: dict[str, Any], answer: dict[str, str], **changes: str) -> Any:
        """Give the server what came back, and keep the tokens that come of it."""
        device = {"name": "Mia's phone", "platform": "ios"}
        given = {**answer, "code_verifier": self._verifier, "device": device, **changes}
        completed = self.post(f"sso/transactions/{begun['transaction_id']}/complete", given)
        if completed.status_code == 200:
            self.tokens = completed.json()
        return completed

    def sign_in(self) -> Any:
        """Go the whole way."""
        begun = self.begin()
        return self.complete(begun, self.visit_provider(begun))

    def refresh(self) -> None:
        given = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "refresh_token": self.tokens["refresh_token"],
        }
        self.tokens = Client().post(reverse("oauth-token"), given).json()

    def redeem(self, begun: dict[str, Any], answer: dict[str, str]) -> str:
        """Exchange the code as an app does that is a public client itself; returns the ID token."""
        client = begun["configuration"]
        metadata = requests.get(f"{client['issuer']}{METADATA}", timeout=10).json()
        given = {
            "grant_type": "authorization_code",
            "client_id": client["client_id"],
            "code": answer["code"],
            "code_verifier": self._verifier,
            "redirect_uri": REDIRECT,
        }
        redeemed = requests.post(metadata["token_endpoint"], data=given, timeout=10)
        id_token: str = redeemed.json()["id_token"]
        return id_token

    def connect(self, solution: Solution, key: str) -> Any:
        """Let a credential's functions use the person's account at the provider."""
        where = f"solutions/{solution.pk}/credentials/{key}/authorizations"
        begun = self._begun(self.post(where, {"redirect_uri": REDIRECT, **self._challenge()}))
        answer = self.visit_provider(begun)
        given = {
            "state": answer["state"],
            "code": answer["code"],
            "code_verifier": self._verifier,
        }
        return self.post(f"{where}/{begun['transaction_id']}/complete", given)

    def post(self, path: str, given: dict[str, Any] | None = None) -> Any:
        where = f"/api/v1/{path}"
        body = given or {}
        return Client().post(where, body, content_type="application/json", headers=self._headers())

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1/{path}", headers=self._headers())

    def _headers(self) -> dict[str, str]:
        token = self.tokens.get("access_token")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _challenge(self) -> dict[str, str]:
        challenge = challenge_of(self._verifier)
        return {"code_challenge": challenge, "code_challenge_method": "S256"}

    def _begun(self, answer: Any) -> dict[str, Any]:
        assert answer.status_code in (200, 201), answer.content
        begun: dict[str, Any] = answer.json()
        return begun
