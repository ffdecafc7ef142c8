"""A sign-in by an outside provider: its code, tokens and secret are found nowhere afterwards."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.apps import installation_app
from auth_providers.tests.hostile import Provider, nonce_of
from orgs.models import User
from orgs.tests.factories import DomainFactory
from tests.conftest import Installation
from tests.people import Field
from tests.test_markers import everywhere

REDIRECT = "http://127.0.0.1/callback"
EMAIL = "mia@sso.example"
SECRET = f"marker{secrets.token_hex(8)}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def configuration(field: Field, provider: Provider) -> OAuthConfiguration:
    """A confidential client that makes members of whom its provider knows."""
    DomainFactory.create(organization=field.organization, name="sso.example", proved=True)
    configuration = provider.configure(
        field.organization,
        redirect_urls=[REDIRECT],
        client_secret=SECRET,
        client_authentication=OAuthConfiguration.ClientAuthentication.BASIC,
    )
    configuration.domains.create(pattern="sso.example")
    settings = SingleSignOn.objects.create(
        organization=field.organization,
        is_enabled=True,
        creates_members=True,
        creates_as=field.owner,
    )
    settings.configurations.add(configuration)
    return configuration


class Way:
    """From discovery to the end, as an app on a phone goes."""

    def __init__(self, field: Field) -> None:
        self._at = f"{field.address}/api/v1/sso"
        self.verifier = new_verifier()

    def begin(self, configuration: OAuthConfiguration) -> dict[str, Any]:
        asked = {
            "client_id": installation_app().client_id,
            "configuration_id": str(configuration.pk),
            "redirect_uri": REDIRECT,
            "email": EMAIL,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return self._post("transactions", asked).json()  # type: ignore[no-any-return]

    def complete(self, begun: dict[str, Any], **answer: str) -> requests.Response:
        given = {"state": begun["state"], "code_verifier": self.verifier, "device": {}} | answer
        return self._post(f"transactions/{begun['transaction_id']}/complete", given)

    def _post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(f"{self._at}/{path}", json=body, timeout=20)


def test_leaves_nothing_of_it_anywhere(
    installation: Installation,
    field: Field,
    provider: Provider,
    configuration: OAuthConfiguration,
) -> None:
    marker = f"marker{secrets.token_hex(8)}"
    claims: dict[str, Any] = {"email": EMAIL, "email_verified": True, "nickname": f"{marker}claim"}
    tokens = {name: f"{marker}{name}" for name in ("access_token", "refresh_token")}
    way = Way(field)

    begun = way.begin(configuration)
    nonce = nonce_of(begun["authorization_url"])
    id_token = provider.id_token(nonce=nonce, **claims)
    provider.token_answer = tokens | {"id_token": id_token}
    code = provider.code_for(claims, code_challenge=challenge_of(way.verifier))
    signed_in = way.complete(begun, code=code)
    again = way.complete(begun, code=code)
    refused = way.complete(way.begin(configuration), code=f"{marker}code")

    assert signed_in.status_code == 200, signed_in.text
    assert User.objects.filter(email=EMAIL).exists()
    assert (again.status_code, refused.status_code) == (409, 403)
    ours = [signed_in.json()[name] for name in tokens]
    sought = [
        marker,
        SECRET,
        *id_token.split(".")[1:],
        code,
        nonce,
        begun["state"],
        way.verifier,
        *ours,
    ]
    places = dict(everywhere(installation))
    found = [
        (place, text[:6])
        for place, content in places.items()
        for text in sought
        if text.encode() in content
    ]
    assert found == []
    assert any(EMAIL.encode() in content for content in places.values())  # it does look
