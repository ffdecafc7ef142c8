"""How the tests go to a provider with a browser, and come back."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from django.urls import reverse

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.services.arrivals import callback_url
from auth_providers.tests.hostile import Provider, nonce_of, state_of
from orgs.models import Organization
from orgs.tests.factories import DomainFactory


def enabled(provider: Provider, organization: Organization, **fields: Any) -> OAuthConfiguration:
    """Let people of acme.example, which is the organization's, come in by this provider."""
    wanted = {"redirect_urls": [callback_url()], "name": "Acme account"} | fields
    configuration = provider.configure(organization, **wanted)
    configuration.domains.create(pattern="acme.example")
    if not organization.domains.exists():
        DomainFactory.create(organization=organization, name="acme.example", proved=True)
    settings, _new = SingleSignOn.objects.get_or_create(organization=organization)
    settings.is_enabled = True
    settings.save()
    settings.configurations.add(configuration)
    return configuration


def leave(client: Client, email: str = "mia@acme.example", **more: str) -> str:
    """Press the button of the sign-in page, and return where it leads."""
    answer = client.post(reverse("sign-in-organization"), {"login": email} | more)
    return address_of(answer)


def address_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.headers.get("Location")
    return str(answer.context["url"])


def come_back(client: Client, provider: Provider, address: str, **claims: Any) -> Any:
    """Sign in there, and return what the browser that was sent back is answered."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    code = provider.code_for(
        claims, nonce=nonce_of(address), code_challenge=query["code_challenge"]
    )
    return arrive(client, state=state_of(address), code=code)


def arrive(client: Client, **query: str) -> Any:
    return client.get(reverse("sign-in-callback"), query)
