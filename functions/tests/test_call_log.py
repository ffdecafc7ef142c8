"""Which calls the log shows to whom, through whichever door."""

import pytest

from functions.services.call_log import calls_seen_by
from functions.tests.factories import CallRecordFactory, creator
from jigxmgmt.errors import NotAllowed
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.tests.factories import MembershipFactory, OrganizationFactory, SolutionFactory

pytestmark = pytest.mark.django_db


class TestCallsSeenBy:
    @pytest.mark.parametrize("role", [Membership.Role.OWNER, Membership.Role.ADMIN])
    def test_are_all_of_the_organization_for_who_governs_it(
        self, solution: Solution, role: Membership.Role
    ) -> None:
        governor = MembershipFactory.create(organization=solution.organization, role=role).user
        call = CallRecordFactory.create(solution=solution)
        CallRecordFactory.create()

        assert list(calls_seen_by(governor, solution.organization)) == [call]

    def test_are_those_of_the_solutions_that_a_creator_builds(self, solution: Solution) -> None:
        builder = creator(solution, SolutionMember.Role.EDITOR)
        call = CallRecordFactory.create(solution=solution)
        CallRecordFactory.create(
            solution=SolutionFactory.create(organization=solution.organization)
        )

        assert list(calls_seen_by(builder, solution.organization)) == [call]

    def test_are_none_of_what_a_creator_only_uses(self, solution: Solution) -> None:
        user = creator(solution, SolutionMember.Role.USER)
        CallRecordFactory.create(solution=solution)

        assert not calls_seen_by(user, solution.organization)

    def test_are_not_for_who_may_not_enter_the_console(
        self, solution: Solution, worker: User
    ) -> None:
        with pytest.raises(NotAllowed):
            calls_seen_by(worker, solution.organization)

    def test_are_not_for_a_stranger(self, solution: Solution, owner: User) -> None:
        with pytest.raises(NotAllowed):
            calls_seen_by(owner, OrganizationFactory.create())
