"""How the tests sign in by a provider, as an app on a phone and its browser do."""

from typing import Any

from django.test import Client
from django.urls import reverse

from auth_providers.models import App, OAuthConfiguration
from auth_providers.oidc.authorization import challenge_of
from auth_providers.tests.factories import let_in_by
from auth_providers.tests.hostile import Provider, nonce_of
from orgs.models import AuditEvent, Organization

MIA = "mia@acme.example"
CALLBACK = "http://127.0.0.1:7777/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-4.1"


def configured(provider: Provider, organization: Organization, **fields: Any) -> OAuthConfiguration:
    configuration = provider.configure(organization, **fields)
    let_in_by(configuration, "acme.example")
    return configuration


def post(path: str, body: dict[str, Any]) -> Any:
    return Client().post(path, body, content_type="application/json")


def discover(app: App, **changes: Any) -> Any:
    asked = {"client_id": app.client_id, "email": MIA, "redirect_uri": CALLBACK}
    return post(reverse("api-sso-discover"), asked | changes)


def begin(app: App, way: OAuthConfiguration, **changes: Any) -> Any:
    asked = {
        "client_id": app.client_id,
        "configuration_id": str(way.pk),
        "redirect_uri": CALLBACK,
        "email": MIA,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return post(reverse("api-sso-transactions"), asked | changes)


def begun(app: App, way: OAuthConfiguration, **changes: Any) -> dict[str, Any]:
    answer = begin(app, way, **changes)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def complete(transaction: dict[str, Any], **given: Any) -> Any:
    path = reverse("api-sso-complete", args=[transaction["transaction_id"]])
    body = {
        "state": transaction["state"],
        "code_verifier": VERIFIER,
        "device": {"name": "Mia's phone", "model": "iPhone 15", "platform": "ios"},
    }
    return post(path, body | given)


def code_of(provider: Provider, transaction: dict[str, Any], **claims: Any) -> str:
    """Sign in at the provider, which then sends this code back."""
    url = transaction["authorization_url"]
    said = {"email": MIA, **claims}
    return provider.code_for(said, nonce=nonce_of(url), code_challenge=challenge_of(VERIFIER))


def id_token_of(provider: Provider, transaction: dict[str, Any], **claims: Any) -> str:
    return provider.id_token(nonce=nonce_of(transaction["authorization_url"]), **claims)


def reasons() -> list[str]:
    events = AuditEvent.objects.filter(act="single_sign_on.refuse").order_by("created_at")
    return [event.changes["reason"][1] for event in events]
