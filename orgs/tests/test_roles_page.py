"""Who can do what, as the page tells it."""

import uuid

import pytest
from django.test import Client

from orgs.console.roles import SOLUTION_WORDS, WORDS
from orgs.models import Membership, SolutionMember
from orgs.policies import Act, SolutionAct, can_in_solution, solution_acts_of
from orgs.tests.factories import (
    MembershipFactory,
    SolutionFactory,
    SolutionMemberFactory,
)
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

Role = Membership.Role
SolutionRole = SolutionMember.Role


@pytest.fixture
def creator(client: Client) -> Membership:
    membership = MembershipFactory.create(creator=True)
    client.force_login(membership.user)
    return membership


class TestRoles:
    def test_has_words_for_every_act(self) -> None:
        assert set(WORDS) == set(Act)
        assert set(SOLUTION_WORDS) == set(SolutionAct)

    def test_shows_both_tables(self, client: Client, creator: Membership) -> None:
        response = client.get("/roles")

        read_page(response)
        lines = {str(line.words): line for line in response.context["organization_lines"]}
        cells = [cell.is_allowed for cell in lines["Create a solution"].cells]
        assert cells == [True, True, True, False]
        lines = {str(line.words): line for line in response.context["solution_lines"]}
        cells = [cell.is_allowed for cell in lines["Run it on a device"].cells]
        assert cells == [True, False, False, True, False]

    def test_shows_it_for_one_person(self, client: Client, creator: Membership) -> None:
        own = SolutionMemberFactory.create(
            membership=creator,
            solution__organization=creator.organization,
            role=SolutionRole.EDITOR,
        )
        SolutionFactory.create(organization=creator.organization)
        admin = MembershipFactory.create(organization=creator.organization, admin=True)

        response = client.get(f"/roles?person={admin.pk}")

        read_page(response)
        (part,) = response.context["parts"]
        assert (part.solution, part.role) == (own.solution, "")
        assert [str(words) for words in part.acts] == [
            "See it in the console",
            "Change its people and groups",
            "Credentials, connections and trying functions",
        ]

    def test_says_that_a_disabled_person_may_nothing(
        self, client: Client, creator: Membership
    ) -> None:
        former = MembershipFactory.create(organization=creator.organization, is_active=False)

        response = client.get(f"/roles?person={former.pk}")

        read_page(response)
        assert response.context["allowed"] == []

    def test_knows_no_strangers(self, client: Client, creator: Membership) -> None:
        stranger = MembershipFactory.create()

        for person in (stranger.pk, uuid.uuid4(), "nonsense"):
            assert client.get(f"/roles?person={person}").status_code == 404

    def test_is_not_for_users(self, client: Client) -> None:
        client.force_login(MembershipFactory.create().user)

        assert client.get("/roles").status_code == 403


class TestSolutionActsOf:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("solution_role", [None, *SolutionRole])
    def test_is_what_the_database_says(
        self, role: Role, solution_role: SolutionRole | None
    ) -> None:
        member = MembershipFactory.create(role=role)
        solution = SolutionFactory.create(organization=member.organization)
        if solution_role:
            SolutionMemberFactory.create(solution=solution, membership=member, role=solution_role)

        said = solution_acts_of(role, solution_role)

        assert said == {act for act in SolutionAct if can_in_solution(member.user, act, solution)}
