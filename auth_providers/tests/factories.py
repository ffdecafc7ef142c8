"""Apps, signed-in devices and personal tokens for tests."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from auth_providers.models import App, OAuthConfiguration, OutsideGrant, SingleSignOn
from auth_providers.services.grant_tokens import put_tokens
from auth_providers.services.issuing import IssuedTokens, issue_tokens
from auth_providers.services.personal_access_tokens import (
    CreatedToken,
    create_personal_access_token,
)
from auth_providers.services.providers import ProviderTokens
from auth_providers.services.scopes import ALL_SCOPES
from orgs.models import SolutionMember, User
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


def let_in_by(configuration: OAuthConfiguration, *patterns: str, **fields: Any) -> SingleSignOn:
    """Let people of these domains sign in by a configuration, with these settings."""
    defaults = {"is_enabled": True, **fields}
    settings, _ = SingleSignOn.objects.update_or_create(
        organization=configuration.organization, defaults=defaults
    )
    settings.configurations.add(configuration)
    for pattern in patterns:
        configuration.domains.create(pattern=pattern)
    return settings


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


def connected(
    member: SolutionMember,
    *,
    configuration: OAuthConfiguration | None = None,
    lives: timedelta | None = timedelta(hours=1),
    is_renewable: bool = True,
) -> OutsideGrant:
    """Let the credential `crm` of a member's solution act as them."""
    now, solution = timezone.now(), member.solution
    organization = solution.organization
    grant = OutsideGrant(
        user=member.membership.user,
        solution=solution,
        credential_key="crm",
        configuration=configuration or OAuthConfigurationFactory.create(organization=organization),
        scopes="openid crm.read",
        connected_at=now,
    )
    renewal = "refresh-1" if is_renewable else None
    tokens = ProviderTokens("access-1", renewal, None, None, "")
    put_tokens(grant, tokens, refresh_token=renewal, now=now)
    grant.expires_at = now + lives if lives is not None else None
    grant.save()
    return grant
