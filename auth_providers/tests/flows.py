"""How the tests go through OAuth's endpoints, as an app on a phone does."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from auth_providers.models import App
from auth_providers.services.issuing import IssuedTokens
from auth_providers.services.tokens import NotSignedIn, identify
from orgs.models import User
from orgs.tests.factories import PASSWORD

REDIRECT = "http://127.0.0.1:7777/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-4.1"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


def ask(client: Client, app: App, **changes: str) -> Any:
    """Open the page on which the person is asked."""
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": REDIRECT,
        "state": "a-state",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
    }
    return client.get(reverse("oauth-authorize"), asked | changes)


def consent(client: Client, app: App) -> str:
    """Say yes, and return the code that the app gets."""
    page = ask(client, app)
    form = {field.name: field.value() or "" for field in page.context["form"]}
    answer = client.post(reverse("oauth-authorize"), form | {"allow": "allow"})
    return parse_qs(urlsplit(answer["Location"]).query)["code"][0]


def exchange(client: Client, app: App, code: str, **changes: str) -> Any:
    given = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "device_name": "Mia's phone",
        "device_platform": "ios",
    }
    return client.post(reverse("oauth-token"), given | changes)


def refresh(client: Client, issued: IssuedTokens, token: str, key: str | None = None) -> Any:
    given = {
        "grant_type": "refresh_token",
        "client_id": issued.device.app.client_id,
        "refresh_token": token,
    }
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(reverse("oauth-token"), given, headers=headers)


def is_good(access_token: str) -> bool:
    try:
        identify(access_token)
    except NotSignedIn:
        return False
    return True


def assert_invalid_grant(answer: HttpResponse) -> None:
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"  # type: ignore[attr-defined]
    assert answer["Cache-Control"] == "no-store"


def sign_in_browser(user: User) -> UserSession:
    """Sign somebody in with a browser of their own, as the console notes it."""
    browser = Client(headers={"User-Agent": "Mia's browser"})
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    session: UserSession = UserSession.objects.get(user=user)
    return session


def problem_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
