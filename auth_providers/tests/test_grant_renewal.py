"""Consents at a provider: given, renewed, given anew, over."""

import json
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from auth_providers.models import OutsideGrant
from auth_providers.oidc.authorization import new_verifier
from auth_providers.services.outside_grants import (
    ReconnectNeeded,
    RedirectUnregistered,
    RenewalUnavailable,
    end_grants_of_credential,
)
from auth_providers.services.providers import ProviderRefused
from auth_providers.services.sign_in_transactions import NoSuchTransaction, TransactionOver
from auth_providers.tests.consenting import (
    REDIRECT,
    ask,
    begin,
    code_of,
    complete,
    connect,
    outlive,
)
from auth_providers.tests.factories import OAuthConfigurationFactory
from auth_providers.tests.hostile import TOKEN, Answer, Provider
from jigxmgmt.errors import NotAllowed, NotFound
from orgs.models import AuditEvent, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionFactory, SolutionMemberFactory
from orgs.tests.statements import spelled

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> SolutionMember:
    return SolutionMemberFactory.create()


class TestConsent:
    def test_keeps_what_the_provider_gives(self, provider: Provider, mia: SolutionMember) -> None:
        grant = connect(provider, mia)

        token = ask(grant)

        assert token.access_token
        assert grant.version == 1
        assert token.access_token.encode() not in bytes(grant.sealed_access_token)
        event = AuditEvent.objects.get(act="outside_grant.connect")
        assert event.actor == mia.membership.user
        assert event.changes == {"solution": [None, str(mia.solution)], "credential": [None, "crm"]}

    def test_is_not_kept_for_a_credential_that_ended_meanwhile(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        admin = MembershipFactory.create(organization=mia.solution.organization, admin=True).user
        begun = begin(mia, configuration)

        def end_once_it_is_spent(execute: Any, sql: str, *rest: Any) -> Any:
            done = execute(sql, *rest)
            if spelled(sql).startswith('UPDATE "auth_providers_signintransaction"'):
                end_grants_of_credential(mia.solution, "crm", by=admin)
            return done

        code = code_of(provider, begun)
        with connection.execute_wrapper(end_once_it_is_spent), pytest.raises(TransactionOver):
            complete(begun, code, mia)

        assert not OutsideGrant.objects.exists()

    def test_given_anew_stands_in_place_of_the_first(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        first = connect(provider, mia)
        before = ask(first)
        first.mark_broken()

        second = connect(provider, mia, first.configuration)

        assert (second.pk, second.version) == (first.pk, 2)
        assert ask(second).access_token != before.access_token

    def test_given_anew_is_not_broken_by_what_becomes_of_the_first(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        first = connect(provider, mia)
        connect(provider, mia, first.configuration)

        assert not first.take_lease(timezone.now())
        assert not first.mark_broken()

    def test_is_of_who_may_use_the_solution(self, provider: Provider, mia: SolutionMember) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        member = MembershipFactory.create(organization=mia.solution.organization)

        with pytest.raises(NotAllowed):
            begin(mia, configuration, user=member.user)

    def test_is_asked_again_at_its_end(self, provider: Provider, mia: SolutionMember) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        begun = begin(mia, configuration)
        code = code_of(provider, begun)
        mia.membership.disable()

        with pytest.raises(NotAllowed):
            complete(begun, code, mia)

    def test_goes_to_no_foreign_configuration(self, mia: SolutionMember) -> None:
        elsewhere = OAuthConfigurationFactory.create()
        another = SolutionFactory.create(organization=mia.solution.organization)
        of_another = OAuthConfigurationFactory.create(
            organization=mia.solution.organization, solution=another
        )

        for configuration in (elsewhere, of_another):
            with pytest.raises(NotFound):
                begin(mia, configuration)

    def test_comes_back_to_a_registered_url_alone(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])

        with pytest.raises(RedirectUnregistered):
            begin(mia, configuration, redirect_uri=REDIRECT + "/other")

    def test_is_not_given_by_another_provider(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        begun = begin(mia, configuration)

        with pytest.raises(ProviderRefused) as refusal:
            complete(begun, code_of(provider, begun), mia, iss="https://login.evil.example")

        assert refusal.value.code == "response_issuer_mismatch"
        assert not OutsideGrant.objects.exists()

    def test_is_completed_by_who_began_it(self, provider: Provider, mia: SolutionMember) -> None:
        configuration = provider.configure(mia.solution.organization, redirect_urls=[REDIRECT])
        begun = begin(mia, configuration)
        code = code_of(provider, begun)
        colleague = SolutionMemberFactory.create(solution=mia.solution)

        with pytest.raises(NoSuchTransaction):
            complete(begun, code, colleague)
        with pytest.raises(NoSuchTransaction):
            complete(begun, code, mia, code_verifier=new_verifier())
        complete(begun, code, mia)
        with pytest.raises(TransactionOver):
            complete(begun, code, mia)


class TestRenewal:
    def test_gives_another_token(self, provider: Provider, mia: SolutionMember) -> None:
        grant = connect(provider, mia)
        before = ask(grant)
        outlive(grant)

        after = ask(grant)

        assert after.access_token != before.access_token
        assert after == ask(grant)
        grant.refresh_from_db()
        assert (grant.version, grant.refreshing_until) == (2, None)

    def test_goes_on_from_the_rotated_token(self, provider: Provider, mia: SolutionMember) -> None:
        grant = connect(provider, mia)

        tokens = set()
        for _ in range(3):
            outlive(grant)
            tokens.add(ask(grant).access_token)

        assert len(tokens) == 3

    def test_is_forced_by_a_service_that_refused_the_token(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        grant = connect(provider, mia)
        refused = ask(grant)

        renewed = ask(grant, refused=refused.version)

        assert renewed.access_token != refused.access_token
        assert ask(grant, refused=refused.version) == renewed

    def test_takes_the_lease_of_a_holder_who_died(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        grant = connect(provider, mia)
        outlive(grant)
        OutsideGrant.objects.update(refreshing_until=timezone.now())

        assert ask(grant).version.endswith(".2")

    def test_keeps_the_token_of_a_provider_that_does_not_rotate_it(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        grant = connect(provider, mia)
        answer = {"access_token": "another", "token_type": "Bearer"}
        provider.answers[TOKEN] = Answer(body=json.dumps(answer))

        for _ in range(2):
            ask(grant, refused=ask(grant).version)

        first, second = provider.forms[-2:]
        assert first["refresh_token"] == second["refresh_token"]

    def test_breaks_the_grant_when_the_provider_has_ended_it(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        grant = connect(provider, mia)
        outlive(grant)
        provider.has_ended_consents = True

        for _ in range(2):
            with pytest.raises(ReconnectNeeded):
                ask(grant)

        assert provider.requests[TOKEN] == 2  # the code, and one refresh
        event = AuditEvent.objects.get(act="outside_grant.break")
        assert event.changes["reason"] == [None, "invalid_grant"]
        assert event.actor_label == grant.configuration.name

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(status=503),
            Answer(status=400, body=json.dumps({"error": "invalid_client"})),
            Answer(body="<html>"),
        ],
        ids=["away", "our secret is over", "nonsense"],
    )
    def test_leaves_the_grant_as_it_was_while_the_provider_gives_none(
        self, provider: Provider, mia: SolutionMember, answer: Answer
    ) -> None:
        grant = connect(provider, mia)
        outlive(grant)
        provider.answers[TOKEN] = answer

        with pytest.raises(RenewalUnavailable):
            ask(grant)
        provider.answers.clear()

        assert ask(grant).version.endswith(".2")


class TestCodeOfAnotherBrowser:
    def test_is_told_by_the_nonce_where_the_provider_knows_no_pkce(
        self, provider: Provider, mia: SolutionMember
    ) -> None:
        configuration = provider.configure(
            mia.solution.organization, redirect_urls=[REDIRECT], uses_pkce=False
        )
        begun = begin(mia, configuration)
        stolen = provider.code_for({"sub": "tom"}, nonce="of-another")

        with pytest.raises(ProviderRefused):
            complete(begun, stolen, mia)

        assert not OutsideGrant.objects.exists()
