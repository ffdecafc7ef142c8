"""An organization with a provider, and somebody whom it knows."""

import pytest

from auth_providers.models import App, OAuthConfiguration
from auth_providers.tests.factories import AppFactory, OAuthConfigurationFactory, let_in_by
from auth_providers.tests.outside.vouching import MIA
from orgs.models import (
    Organization,
    User,
)
from orgs.tests.factories import (
    DomainFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create(name="Acme")


@pytest.fixture
def owner(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, owner=True, user__email="o@x.example").user


@pytest.fixture
def way(acme: Organization) -> OAuthConfiguration:
    """A configuration that people sign in by, with which nobody is made a member."""
    configuration: OAuthConfiguration = OAuthConfigurationFactory.create(organization=acme)
    let_in_by(configuration, "*")
    return configuration


@pytest.fixture
def making(way: OAuthConfiguration, owner: User) -> OAuthConfiguration:
    """A configuration with which whoever the provider knows is made a member."""
    let_in_by(way, creates_members=True, creates_as=owner)
    return way


@pytest.fixture
def proved(acme: Organization) -> None:
    """Acme has proved the domain of Mia's address."""
    DomainFactory.create(organization=acme, proved=True)


@pytest.fixture
def app(db: None) -> App:
    return AppFactory.create()


@pytest.fixture
def mia(db: None) -> User:
    """Somebody with an account and a proved address, whom no provider knows."""
    return UserFactory.create(email=MIA)
