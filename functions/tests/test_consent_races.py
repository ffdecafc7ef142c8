"""Credentials end while people connect through them, on a database that lets them."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from auth_providers.models import OAuthConfiguration, OutsideGrant
from auth_providers.services.configuration_fields import ConfigurationFields
from auth_providers.tests.consenting import REDIRECT, begin, code_of, complete
from auth_providers.tests.hostile import CLIENT_ID, Provider
from functions.models import Credential
from functions.services.credentials import remove_credential
from functions.services.oauth_credentials import save_oauth_alias, save_oauth_credential
from jigxmgmt.errors import DomainError
from orgs.models import Solution, User
from orgs.tests.factories import SolutionMemberFactory
from orgs.tests.races import all_at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

PEOPLE = 5


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with Provider() as running:
        yield running


def save_own(provider: Provider, solution: Solution, owner: User, *origins: str) -> Credential:
    """Save `crm` as a client of its own."""
    return save_oauth_credential(
        solution,
        key="crm",
        fields=ConfigurationFields(
            client_id=CLIENT_ID,
            client_authentication=OAuthConfiguration.ClientAuthentication.NONE,
            issuer=provider.issuer,
            redirect_urls=(REDIRECT,),
        ),
        client_secret=None,
        allowed_origins=origins,
        by=owner,
        now=timezone.now(),
    )


def save_alias(provider: Provider, solution: Solution, owner: User) -> Credential:
    client = provider.configure(solution.organization, redirect_urls=[REDIRECT])
    return save_oauth_alias(
        solution, key="crm", configuration_id=client.pk, allowed_origins=[], by=owner
    )


def connect_all(provider: Provider, credential: Credential, end: Callable[[], Any]) -> list[Any]:
    """Let people connect, twice each, while their credential ends."""
    assert credential.configuration is not None
    ways = []
    for member in SolutionMemberFactory.create_batch(PEOPLE, solution=credential.solution):
        complete(first := begin(member, credential.configuration), code_of(provider, first), member)
        begun = begin(member, credential.configuration)
        ways.append((begun, code_of(provider, begun), member))
    acts = [lambda way=way: complete(*way) for way in ways]
    return all_at_once([*acts, end], meeting="SELECT")


@pytest.mark.parametrize("save", [save_own, save_alias])
def test_none_is_kept_for_a_credential_that_is_gone(
    save: Callable[..., Credential], provider: Provider, solution: Solution, owner: User
) -> None:
    credential = save(provider, solution, owner)

    *outcomes, end = connect_all(
        provider, credential, lambda: remove_credential(solution, key="crm", by=owner)
    )

    assert end is None
    assert all(isinstance(each, OutsideGrant | DomainError) for each in outcomes)
    assert not OutsideGrant.objects.exists()


def test_none_is_kept_for_fewer_origins(
    provider: Provider, solution: Solution, owner: User
) -> None:
    credential = save_own(provider, solution, owner)

    connect_all(
        provider,
        credential,
        lambda: save_own(provider, solution, owner, "https://crm.example.com"),
    )

    assert Credential.objects.get().allowed_origins == ["https://crm.example.com"]
    assert not OutsideGrant.objects.exists()
