"""An organization with something sealed in every place, for tests of the vault."""

from dataclasses import dataclass

from django.utils import timezone
from pytest_django import Settings

from auth_providers.models import OAuthConfiguration, OutsideGrant
from auth_providers.services.configuration_secrets import client_secret_of, put_client_secret
from auth_providers.services.grant_tokens import access_token_of, refresh_token_of
from auth_providers.services.vault import key_provider
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from auth_providers.vault import LocalKeyProvider
from functions.models import Connection, Credential
from functions.services import connections
from functions.services.credentials import secret_of
from functions.tests.factories import PASSWORD, SECRET, owner_of, save_secret, save_server
from orgs.models import Organization, Solution, User
from orgs.tests.factories import SolutionFactory, SolutionMemberFactory


@dataclass
class Sealed:
    """What is sealed, and who may save more."""

    solution: Solution
    owner: User
    credential: Credential
    connection: Connection
    configuration: OAuthConfiguration
    grant: OutsideGrant

    @property
    def organization(self) -> Organization:
        return self.solution.organization

    def opened(self) -> list[str | None]:
        """Return everything as it opens now."""
        for row in (self.credential, self.connection, self.configuration, self.grant):
            row.refresh_from_db()
        return [
            secret_of(self.credential),
            connections.secret_of(self.connection),
            client_secret_of(self.configuration),
            access_token_of(self.grant),
            refresh_token_of(self.grant),
        ]

    def ciphertexts(self) -> list[bytes]:
        self.opened()
        return [
            bytes(value)
            for value in (
                self.credential.sealed,
                self.connection.sealed,
                self.configuration.sealed_secret,
                self.grant.sealed_access_token,
                self.grant.sealed_refresh_token,
            )
            if value is not None
        ]


PLAIN = [SECRET, PASSWORD, "client-secret", "access-1", "refresh-1"]


def sealed_everywhere() -> Sealed:
    """Make an organization that has sealed one thing in each place."""
    solution = SolutionFactory.create()
    owner = owner_of(solution)
    credential = save_secret(solution, by=owner)
    connection = save_server(solution, by=owner)
    configuration = OAuthConfigurationFactory.create(organization=solution.organization)
    put_client_secret(configuration, "client-secret", by=owner, now=timezone.now())
    configuration.save()
    member = SolutionMemberFactory.create(solution=solution)
    grant = connected(member, configuration=configuration)
    return Sealed(solution, owner, credential, connection, configuration, grant)


def with_keys(settings: Settings, *keys: bytes) -> LocalKeyProvider:
    """Let the key file hold these, newest first."""
    settings.VAULT_KEYS = list(keys)
    key_provider.cache_clear()
    return LocalKeyProvider(keys)
