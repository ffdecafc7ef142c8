"""Who may do what: the whole table, written a second time."""

import pytest

from jigxmgmt.errors import NotAllowed
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.policies import (
    Act,
    SolutionAct,
    can,
    can_in_solution,
    require,
    require_in_solution,
    solutions_allowing,
)
from orgs.tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionMemberFactory,
)

pytestmark = pytest.mark.django_db

Role = Membership.Role
SolutionRole = SolutionMember.Role

BUILDERS = {Role.OWNER, Role.ADMIN, Role.CREATOR}
GOVERNORS = {Role.OWNER, Role.ADMIN}
ALLOWED = {
    Act.ENTER_CONSOLE: BUILDERS,
    Act.SEE_PEOPLE: BUILDERS,
    Act.MANAGE_PEOPLE: GOVERNORS,
    Act.SEE_ALL_SOLUTIONS: GOVERNORS,
    Act.GOVERN_ALL_SOLUTIONS: GOVERNORS,
    Act.CONFIGURE_ALL_SOLUTIONS: GOVERNORS,
    Act.SET_UP_ORGANIZATION: GOVERNORS,
    Act.CREATE_SOLUTIONS: BUILDERS,
    Act.SEE_ALL_CALLS: GOVERNORS,
    Act.OVERSEE: GOVERNORS,
    Act.OWN_ORGANIZATION: {Role.OWNER},
}
ALLOWED_IN_SOLUTION = {
    SolutionRole.OWNER: set(SolutionAct),
    SolutionRole.ADMIN: {
        SolutionAct.SEE_ON_DEVICE,
        SolutionAct.SEE,
        SolutionAct.GOVERN,
        SolutionAct.CONFIGURE,
    },
    SolutionRole.EDITOR: {
        SolutionAct.SEE_ON_DEVICE,
        SolutionAct.SEE,
        SolutionAct.PUBLISH,
        SolutionAct.CONFIGURE,
    },
    SolutionRole.USER: {SolutionAct.RUN, SolutionAct.SEE_ON_DEVICE},
    SolutionRole.DENY: set(),
}


def allowed_acts(user: User, solution: Solution) -> set[SolutionAct]:
    return {act for act in SolutionAct if can_in_solution(user, act, solution)}


class TestCan:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("act", Act)
    def test_goes_by_the_role(self, act: Act, role: Role) -> None:
        member = MembershipFactory.create(role=role)

        assert can(member.user, act, member.organization) is (role in ALLOWED[act])

    @pytest.mark.parametrize("act", Act)
    def test_gives_nothing_in_another_organization(self, act: Act) -> None:
        owner = MembershipFactory.create(owner=True).user

        assert not can(owner, act, OrganizationFactory.create())

    @pytest.mark.parametrize("act", Act)
    def test_ends_with_the_membership(self, act: Act) -> None:
        owner = MembershipFactory.create(owner=True, is_active=False)

        assert not can(owner.user, act, owner.organization)

    @pytest.mark.parametrize("act", Act)
    def test_ends_with_the_person(self, act: Act) -> None:
        owner = MembershipFactory.create(owner=True, user__is_active=False)

        assert not can(owner.user, act, owner.organization)


class TestRequire:
    def test_says_what_the_role_does_not_let_one_do(self) -> None:
        member = MembershipFactory.create(organization__name="Acme")

        with pytest.raises(NotAllowed) as refusal:
            require(member.user, Act.CREATE_SOLUTIONS, member.organization)

        assert refusal.value.detail == "Your role in Acme does not let you create solutions."

    def test_is_content_with_the_right_role(self) -> None:
        owner = MembershipFactory.create(owner=True)

        require(owner.user, Act.CREATE_SOLUTIONS, owner.organization)


class TestCanInSolution:
    @pytest.mark.parametrize("role", SolutionRole)
    def test_goes_by_a_creator_s_role_in_the_solution(self, role: SolutionRole) -> None:
        grant = SolutionMemberFactory.create(role=role, membership__creator=True)

        assert allowed_acts(grant.membership.user, grant.solution) == ALLOWED_IN_SOLUTION[role]

    @pytest.mark.parametrize("role", SolutionRole)
    def test_lets_who_may_not_enter_the_console_use_a_device_alone(
        self, role: SolutionRole
    ) -> None:
        grant = SolutionMemberFactory.create(role=role)

        allowed = allowed_acts(grant.membership.user, grant.solution)

        on_device = {SolutionAct.RUN, SolutionAct.SEE_ON_DEVICE}
        assert allowed == ALLOWED_IN_SOLUTION[role] & on_device

    @pytest.mark.parametrize("role", sorted(GOVERNORS))
    def test_lets_those_over_it_configure_without_a_role_in_it(self, role: Role) -> None:
        solution = SolutionFactory.create()
        governor = MembershipFactory.create(organization=solution.organization, role=role)

        allowed = allowed_acts(governor.user, solution)

        assert allowed == {SolutionAct.SEE, SolutionAct.GOVERN, SolutionAct.CONFIGURE}

    def test_gives_a_creator_without_a_role_in_it_nothing(self) -> None:
        solution = SolutionFactory.create()
        creator = MembershipFactory.create(organization=solution.organization, creator=True)

        assert allowed_acts(creator.user, solution) == set()

    def test_gives_nothing_in_another_solution(self) -> None:
        grant = SolutionMemberFactory.create(role=SolutionRole.OWNER, membership__creator=True)
        other = SolutionFactory.create(organization=grant.solution.organization)

        assert allowed_acts(grant.membership.user, other) == set()

    def test_gives_an_owner_of_another_organization_nothing(self) -> None:
        owner = MembershipFactory.create(owner=True)

        assert allowed_acts(owner.user, SolutionFactory.create()) == set()

    @pytest.mark.parametrize("ended", ["membership__is_active", "membership__user__is_active"])
    def test_ends_with_the_membership_and_the_person(self, ended: str) -> None:
        grant = SolutionMemberFactory.create(
            role=SolutionRole.OWNER, membership__owner=True, **{ended: False}
        )

        assert allowed_acts(grant.membership.user, grant.solution) == set()


class TestSolutionsAllowing:
    """The answers for one solution stand above; here, for several at once."""

    def test_are_those_of_which_each_alone_is_allowed(self) -> None:
        builder = MembershipFactory.create(creator=True)
        solutions = {
            role: SolutionMemberFactory.create(
                role=role,
                membership=builder,
                solution__organization=builder.organization,
            ).solution
            for role in SolutionRole
        }
        SolutionFactory.create(organization=builder.organization)

        for act in SolutionAct:
            allowed = set(solutions_allowing(builder.user, act))

            roles = [role for role, acts in ALLOWED_IN_SOLUTION.items() if act in acts]
            assert allowed == {solutions[role] for role in roles}, act

    @pytest.mark.parametrize("role", Role)
    def test_are_all_of_the_organization_for_who_governs_it(self, role: Role) -> None:
        member = MembershipFactory.create(role=role)
        solution = SolutionFactory.create(organization=member.organization)
        SolutionFactory.create()

        shown = list(solutions_allowing(member.user, SolutionAct.SEE))

        assert shown == ([solution] if role in GOVERNORS else [])


class TestRequireInSolution:
    def test_says_what_the_role_does_not_let_one_do(self) -> None:
        grant = SolutionMemberFactory.create()

        with pytest.raises(NotAllowed) as refusal:
            require_in_solution(grant.membership.user, SolutionAct.PUBLISH, grant.solution)

        assert refusal.value.detail == "Your role does not let you publish this solution."

    def test_is_content_with_the_right_role(self) -> None:
        grant = SolutionMemberFactory.create()

        require_in_solution(grant.membership.user, SolutionAct.RUN, grant.solution)
