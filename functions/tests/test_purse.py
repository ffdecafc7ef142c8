"""What one call may send: the solution's secrets, its caller's tokens, a token of our own."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pytest_django import Settings

from auth_providers.models import OutsideGrant
from auth_providers.services.caller_tokens import published_keys
from auth_providers.services.vault import VaultKeyMissing, key_provider
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from auth_providers.vault import new_data_key
from functions import engine
from functions.calls.database import Database
from functions.engine.failures import EngineFailure
from functions.models import Credential, CredentialStamp
from functions.services.credentials import save_credential
from functions.services.oauth_credentials import save_oauth_alias
from functions.tests.factories import SECRET, technician
from functions.tests.vaults import with_keys
from functions.worker.credentials import CredentialCache
from functions.worker.purse import Purse
from orgs.models import Solution, SolutionMember, User

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "https://crm.example.com"
Story = Callable[[Purse], Coroutine[Any, Any, Any]]


def with_purse(solution: Solution, user: User, story: Story, **message: Any) -> Any:
    """Tell a story with what one call of this person may send."""
    database = Database(1)
    stamp = CredentialStamp.objects.filter(solution=solution).first()
    whole = {
        "organization": {"id": str(solution.organization_id)},
        "solution": {"id": str(solution.pk)},
        "user": {"id": str(user.pk)},
        "credential_stamp": stamp.number if stamp else 0,
        "networks": [],
        "allows_basic_auth": False,
        **message,
    }

    async def told() -> Any:
        purse = Purse(
            CredentialCache(database),
            message=whole,
            off_loop=database.run,
            deadline=time.monotonic() + 5,
        )
        return await story(purse)

    try:
        return asyncio.run(told())
    finally:
        database.close()


def found(solution: Solution, user: User, **message: Any) -> engine.Credential | None:
    """Return what the purse gives for the key `crm`."""
    credential: engine.Credential | None = with_purse(
        solution, user, lambda purse: purse.find("crm"), **message
    )
    return credential


def name_of_failure(solution: Solution, user: User, story: Story, **message: Any) -> str:
    with pytest.raises(EngineFailure) as failure:
        with_purse(solution, user, story, **message)
    return failure.value.name


def alias(solution: Solution, owner: User) -> Credential:
    configuration = OAuthConfigurationFactory.create(organization=solution.organization)
    return save_oauth_alias(
        solution,
        key="crm",
        configuration_id=configuration.pk,
        allowed_origins=[ORIGIN],
        by=owner,
    )


def member_of(solution: Solution) -> SolutionMember:
    person = technician(solution)
    return SolutionMember.objects.get(solution=solution, membership__user=person)


class TestOwnToken:
    def test_is_that_of_whoever_calls(self, solution: Solution, owner: User) -> None:
        member = member_of(solution)
        connected(member, configuration=alias(solution, owner).configuration)

        credential = found(solution, member.membership.user)

        assert credential is not None
        assert (credential.type, credential.origins) == ("oauth_alias", (ORIGIN,))
        assert credential.secret.reveal() == "access-1"

    def test_is_nobody_else_s(self, solution: Solution, owner: User) -> None:
        connected(member_of(solution), configuration=alias(solution, owner).configuration)

        with pytest.raises(EngineFailure) as failure:
            found(solution, owner)

        assert failure.value.name == "OAuthCredentialsMissingError"
        assert failure.value.details == {"credential": "crm"}

    def test_of_another_configuration_is_none(self, solution: Solution, owner: User) -> None:
        alias(solution, owner)
        member = member_of(solution)
        connected(member)

        name = name_of_failure(solution, member.membership.user, lambda purse: purse.find("crm"))

        assert name == "OAuthCredentialsMissingError"

    def test_that_is_over_asks_to_connect_again(self, solution: Solution, owner: User) -> None:
        member = member_of(solution)
        configuration = alias(solution, owner).configuration
        connected(
            member, configuration=configuration, lives=timedelta(seconds=-1), is_renewable=False
        )

        name = name_of_failure(solution, member.membership.user, lambda purse: purse.find("crm"))

        assert name == "OAuthRefreshFailed"
        assert OutsideGrant.objects.get().state == OutsideGrant.State.BROKEN

    def test_that_a_service_refused_is_not_given_again(
        self, solution: Solution, owner: User
    ) -> None:
        member = member_of(solution)
        configuration = alias(solution, owner).configuration
        connected(member, configuration=configuration, is_renewable=False)

        async def refused(purse: Purse) -> object:
            first = await purse.find("crm")
            assert first is not None
            return await purse.refresh(first)

        assert name_of_failure(solution, member.membership.user, refused) == "OAuthRefreshFailed"

    def test_waits_for_a_vault_as_any_other_secret_does(
        self, solution: Solution, owner: User, settings: Settings
    ) -> None:
        member = member_of(solution)
        configuration = alias(solution, owner).configuration
        connected(member, configuration=configuration, lives=timedelta(seconds=-1))
        with_keys(settings, new_data_key())

        try:
            with pytest.raises(VaultKeyMissing):
                found(solution, member.membership.user)
        finally:
            key_provider.cache_clear()

        assert OutsideGrant.objects.get().refreshing_until is None


class TestBasicAuth:
    def save(self, solution: Solution, owner: User) -> None:
        save_credential(
            solution,
            key="crm",
            type=Credential.Type.BASIC_AUTH,
            username="mia",
            secret=SECRET,
            allowed_origins=[ORIGIN],
            available_to_devices=False,
            by=owner,
        )

    def test_is_refused_unless_the_organization_allows_it(
        self, solution: Solution, owner: User
    ) -> None:
        self.save(solution, owner)

        name = name_of_failure(solution, owner, lambda purse: purse.find("crm"))

        assert name == "CredentialMissing"

    def test_is_given_where_it_does(self, solution: Solution, owner: User) -> None:
        self.save(solution, owner)

        credential = found(solution, owner, allows_basic_auth=True)

        assert credential is not None
        assert credential.secret.reveal() == f"mia:{SECRET}"


class TestMint:
    def test_makes_a_token_about_the_caller(self, solution: Solution, owner: User) -> None:
        async def mint(purse: Purse) -> str:
            return await purse.mint(ORIGIN)

        token = with_purse(solution, owner, mint)

        keys = KeySet.import_key_set(published_keys())  # type: ignore[arg-type]
        claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
        assert (claims["sub"], claims["aud"]) == (
            str(owner.pk),
            [str(solution.organization_id), ORIGIN],
        )

    @pytest.mark.parametrize("origin", ["http://crm.example.com", "http://10.1.2.3"])
    def test_sends_none_in_clear(self, solution: Solution, owner: User, origin: str) -> None:
        async def mint(purse: Purse) -> str:
            return await purse.mint(origin)

        assert name_of_failure(solution, owner, mint) == "CredentialOriginRefused"

    def test_takes_a_network_that_the_operator_opened(
        self, solution: Solution, owner: User
    ) -> None:
        async def mint(purse: Purse) -> str:
            return await purse.mint("http://10.1.2.3:8080")

        assert with_purse(solution, owner, mint, networks=["10.0.0.0/8"])
