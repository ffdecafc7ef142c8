"""Consents for outside services: who has them, and how they end."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from auth_providers.models import OutsideGrant
from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.services.outside_grants import (
    NotConnected,
    ReconnectNeeded,
    end_grant,
    end_grants_of_credential,
    fresh_access_token,
    grants_of,
    grants_of_organization,
    grants_of_solution,
)
from auth_providers.tests.factories import connected
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db
SolutionRole = SolutionMember.Role


@pytest.fixture
def mia() -> SolutionMember:
    return SolutionMemberFactory.create()


def asked(grant: OutsideGrant, **changes: Any) -> Any:
    """Ask for the token that a call of the grant's person would use."""
    names: dict[str, Any] = {
        "user_id": grant.user_id,
        "solution_id": grant.solution_id,
        "credential_key": grant.credential_key,
        "configuration_id": grant.configuration_id,
        "now": timezone.now(),
    }
    return fresh_access_token(**names | changes)


class TestFreshAccessToken:
    def test_is_the_one_that_is_good_for_a_while(self, mia: SolutionMember) -> None:
        grant = connected(mia)

        token = asked(grant)

        assert token.access_token == "access-1"
        assert token.expires_at == grant.expires_at
        assert "access-1" not in repr(token)

    def test_is_used_until_it_is_refused_where_no_end_was_said(self, mia: SolutionMember) -> None:
        grant = connected(mia, lives=None, is_renewable=False)
        token = asked(grant)

        with pytest.raises(ReconnectNeeded):
            asked(grant, refused=token.version)

        assert AuditEvent.objects.get(act="outside_grant.break").changes == {
            "state": ["CONNECTED", "BROKEN"],
            "reason": [None, "no_refresh_token"],
        }
        with pytest.raises(ReconnectNeeded):
            asked(grant)

    def test_is_another_person_s_for_nobody(self, mia: SolutionMember) -> None:
        grant = connected(mia)
        colleague = SolutionMemberFactory.create(solution=mia.solution)

        for changes in (
            {"user_id": colleague.membership.user_id},
            {"credential_key": "erp"},
            {"configuration_id": uuid4()},
        ):
            with pytest.raises(NotConnected):
                asked(grant, **changes)

    @pytest.mark.parametrize("end", ["account", "membership", "role", "denied"])
    def test_ends_with_what_let_the_person_in(self, mia: SolutionMember, end: str) -> None:
        grant = connected(mia)
        if end == "account":
            mia.membership.user.is_active = False
            mia.membership.user.save()
        elif end == "membership":
            mia.membership.disable()
        elif end == "role":
            mia.delete()
        else:
            SolutionMember.objects.update(role=SolutionRole.DENY)

        with pytest.raises(NotConnected):
            asked(grant)

    def test_does_not_come_back_with_the_membership(self, mia: SolutionMember) -> None:
        grant = connected(mia)
        mia.membership.disable()
        mia.membership.enable(timezone.now())

        with pytest.raises(NotConnected):
            asked(grant)
        assert not grants_of(mia.membership.user).exists()

    def test_serves_who_tries_functions_without_running_them(self) -> None:
        editor = SolutionMemberFactory.create(role=SolutionRole.EDITOR, membership__creator=True)

        assert asked(connected(editor)).access_token == "access-1"


class TestEndGrant:
    def test_is_the_person_s_own_to_do(self, mia: SolutionMember) -> None:
        grant = connected(mia)

        end_grant(grant, by=mia.membership.user)

        assert not OutsideGrant.objects.exists()
        event = AuditEvent.objects.get(act="outside_grant.end")
        assert event.organization == mia.solution.organization
        assert event.changes == {"solution": [str(mia.solution), None], "credential": ["crm", None]}

    def test_is_recorded_once(self, mia: SolutionMember) -> None:
        grant = connected(mia)

        for _ in range(2):
            end_grant(grant, by=mia.membership.user)

        assert AuditEvent.objects.filter(act="outside_grant.end").count() == 1

    def test_is_not_a_colleague_s(self, mia: SolutionMember) -> None:
        grant = connected(mia)
        colleague = SolutionMemberFactory.create(
            solution=mia.solution, role=SolutionRole.EDITOR, membership__creator=True
        )

        with pytest.raises(NotAllowed):
            end_grant(grant, by=colleague.membership.user)


class TestEndGrantsOfCredential:
    def test_ends_everybody_s_for_this_key(self, mia: SolutionMember) -> None:
        connected(mia)
        connected(SolutionMemberFactory.create(solution=mia.solution))
        kept = connected(SolutionMemberFactory.create())
        admin = MembershipFactory.create(organization=mia.solution.organization, admin=True).user

        assert end_grants_of_credential(mia.solution, "erp", by=admin) == 0
        assert end_grants_of_credential(mia.solution, "crm", by=admin) == 2
        assert OutsideGrant.objects.get() == kept
        assert AuditEvent.objects.filter(act="outside_grant.end", actor=admin).count() == 2

    def test_takes_who_configures_the_solution(self, mia: SolutionMember) -> None:
        connected(mia)

        with pytest.raises(NotAllowed):
            end_grants_of_credential(mia.solution, "crm", by=mia.membership.user)


class TestLists:
    def test_show_who_is_connected_to_who_sets_up(self, mia: SolutionMember) -> None:
        grant = connected(mia)
        connected(SolutionMemberFactory.create())
        organization = mia.solution.organization
        admin = MembershipFactory.create(organization=organization, admin=True).user

        assert list(grants_of_solution(mia.solution, by=admin)) == [grant]
        assert list(grants_of_organization(organization, by=admin)) == [grant]

    def test_show_it_to_no_user(self, mia: SolutionMember) -> None:
        user = mia.membership.user

        with pytest.raises(NotAllowed):
            grants_of_solution(mia.solution, by=user)
        with pytest.raises(NotAllowed):
            grants_of_organization(mia.solution.organization, by=user)


class TestClearing:
    def test_forgets_the_consents_of_who_was_let_go(self, mia: SolutionMember) -> None:
        kept = connected(SolutionMemberFactory.create())
        connected(mia)
        mia.membership.delete()

        assert clear_expired_tokens(now=timezone.now()) == 1
        assert OutsideGrant.objects.get() == kept
