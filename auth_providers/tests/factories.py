"""Apps, signed-in devices and personal tokens for tests."""

from collections.abc import Iterable
from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from auth_providers.models import App, OAuthConfiguration
from auth_providers.services.issuing import IssuedTokens, issue_tokens
from auth_providers.services.personal_access_tokens import (
    CreatedToken,
    create_personal_access_token,
)
from auth_providers.services.scopes import ALL_SCOPES
from orgs.models import User
from orgs.tests.factories import OrganizationFactory, UserFactory


class AppFactory(DjangoModelFactory[App]):
    """The installation's own app, which there is one of, unless it is given an organization."""

    class Meta:
        model = App
        django_get_or_create = ("organization", "is_first_party")

    name = factory.Sequence(lambda number: f"App {number}")
    redirect_uris = "http://127.0.0.1/callback"
    client_type = App.CLIENT_PUBLIC
    authorization_grant_type = App.GRANT_AUTHORIZATION_CODE
    organization = None
    is_first_party = True


class OAuthConfigurationFactory(DjangoModelFactory[OAuthConfiguration]):
    """A public client at a provider that nobody runs; give it an issuer that answers."""

    class Meta:
        model = OAuthConfiguration

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda number: f"Company account {number}")
    key = factory.Sequence(lambda number: f"company{number}")
    client_id = "portal"
    client_authentication = OAuthConfiguration.ClientAuthentication.NONE
    issuer = "https://login.example"
    redirect_urls = ["http://127.0.0.1/callback"]


def signed_in(
    user: User | None = None, *, app: App | None = None, ago: timedelta = timedelta()
) -> IssuedTokens:
    """Sign a person, or somebody new, in on a phone."""
    return issue_tokens(
        user or UserFactory.create(),
        app=app or AppFactory.create(),
        description={"name": "Mia's phone", "platform": "ios"},
        now=timezone.now() - ago,
    )


def personal_token(
    user: User | None = None, *, scopes: Iterable[str] = ALL_SCOPES, ago: timedelta = timedelta()
) -> CreatedToken:
    """Make a token for a person, or for somebody new."""
    return create_personal_access_token(
        user or UserFactory.create(),
        name="Nightly export",
        scopes=scopes,
        by=None,
        now=timezone.now() - ago,
    )
