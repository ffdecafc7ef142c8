"""Eight calls at once for one person's token, on a database that lets them."""

from collections import Counter
from collections.abc import Callable

import pytest

from auth_providers.models import OutsideGrant
from auth_providers.services.outside_grants import ReconnectNeeded
from auth_providers.services.sign_in_transactions import TransactionOver
from auth_providers.tests.consenting import (
    REDIRECT,
    ask,
    begin,
    code_of,
    complete,
    connect,
    outlive,
)
from auth_providers.tests.hostile import TOKEN, Provider
from auth_providers.tests.test_races import AT_ONCE, all_at_once
from jigxmgmt.errors import DomainError
from orgs.models import AuditEvent, SolutionMember
from orgs.tests.factories import SolutionMemberFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mia() -> SolutionMember:
    return SolutionMemberFactory.create()


class TestRenewal:
    def test_asks_the_provider_once_for_all(self, provider: Provider, mia: SolutionMember) -> None:
        grant = connect(provider, mia)
        outlive(grant)

        tokens = all_at_once(lambda: ask(grant))

        assert provider.requests[TOKEN] == 2  # the code, and one refresh
        assert len({token.access_token for token in tokens}) == 1
        assert {token.version for token in tokens} == {f"{grant.pk}.2"}
        outlive(grant)
        assert ask(grant).version == f"{grant.pk}.3"

    def test_breaks_a_grant_once(self, provider: Provider, mia: SolutionMember) -> None:
        grant = connect(provider, mia)
        outlive(grant)
        provider.has_ended_consents = True

        outcomes = all_at_once(lambda: outcome(lambda: ask(grant)))

        assert set(outcomes) == {ReconnectNeeded}
        assert provider.requests[TOKEN] == 2
        assert AuditEvent.objects.filter(act="outside_grant.break").count() == 1

    def test_loses_no_consent_that_is_given_meanwhile(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        grant = connect(provider, mia)
        begun = begin(mia, grant.configuration)
        code = code_of(provider, begun)
        outlive(grant)
        turns = iter(range(AT_ONCE))

        def act() -> object:
            if next(turns) == 0:
                return complete(begun, code, mia)
            return ask(grant)

        all_at_once(act)

        kept = OutsideGrant.objects.get()
        assert kept.state == OutsideGrant.State.CONNECTED
        outlive(kept)
        assert ask(kept).version == f"{kept.pk}.{kept.version + 1}"  # the provider knows the pair


class TestConsent:
    def test_is_kept_once_of_one_transaction(self, provider: Provider, mia: SolutionMember) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        begun = begin(mia, configuration)
        code = code_of(provider, begun)

        outcomes = all_at_once(lambda: outcome(lambda: complete(begun, code, mia)))

        assert Counter(outcomes) == {None: 1, TransactionOver: AT_ONCE - 1}
        assert OutsideGrant.objects.get().version == 1
        assert AuditEvent.objects.filter(act="outside_grant.connect").count() == 1

    def test_given_twice_at_once_leaves_one(self, provider: Provider, mia: SolutionMember) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        ways = [begin(mia, configuration) for _ in range(AT_ONCE)]
        codes = [code_of(provider, way) for way in ways]
        turns = iter(zip(ways, codes, strict=True))

        all_at_once(lambda: complete(*next(turns), mia))

        kept = OutsideGrant.objects.get()
        assert kept.version == AT_ONCE
        outlive(kept)
        assert ask(kept).version == f"{kept.pk}.{AT_ONCE + 1}"


def outcome(act: Callable[[], object]) -> type[DomainError] | None:
    """Return how it was refused, if it was."""
    try:
        act()
    except DomainError as refusal:
        return type(refusal)
    return None
