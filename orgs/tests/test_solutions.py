"""Making, changing and ending solutions, and who sees them."""

from typing import Any

import pytest

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Organization, Solution, SolutionMember, User
from orgs.services.solutions import (
    NameTaken,
    NotAName,
    NotATitle,
    NotInOrganization,
    NotSettings,
    SolutionGone,
    change_solution,
    create_solution,
    delete_solution,
    give_solution_role,
)
from orgs.tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionMemberFactory,
)

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


def with_role(role: Role, **membership: Any) -> tuple[User, Solution]:
    """Make a creator with this role in a solution."""
    wanted = {"membership__role": Membership.Role.CREATOR} | membership
    grant = SolutionMemberFactory.create(role=role, **wanted)
    return grant.membership.user, grant.solution


class TestCreateSolution:
    def test_makes_the_owners_and_its_maker_its_owners(self) -> None:
        creator = MembershipFactory.create(creator=True)
        owner = MembershipFactory.create(owner=True, organization=creator.organization)
        MembershipFactory.create(admin=True, organization=creator.organization)
        MembershipFactory.create(owner=True, organization=creator.organization, is_active=False)

        solution = self.create(creator)

        roles = {(member.membership, member.role) for member in solution.members.all()}
        assert roles == {(creator, Role.OWNER), (owner, Role.OWNER)}

    def test_makes_an_owner_its_owner_once(self) -> None:
        owner = MembershipFactory.create(owner=True)

        assert self.create(owner).members.get().membership == owner

    def test_is_recorded(self) -> None:
        creator = MembershipFactory.create(creator=True)

        solution = self.create(creator)

        event = AuditEvent.objects.get(act="solution.create")
        assert (event.actor, event.subject_id) == (creator.user, str(solution.pk))
        assert event.organization == creator.organization

    def test_refuses_who_may_not_enter_the_console(self) -> None:
        with pytest.raises(NotAllowed):
            self.create(MembershipFactory.create())

    def test_refuses_a_stranger(self) -> None:
        owner = MembershipFactory.create(owner=True)

        with pytest.raises(NotAllowed):
            self.create(owner, organization=OrganizationFactory.create())

    @pytest.mark.parametrize(
        "name", ["", "a", "Field", "1field", "field-", "fi eld", "field\n", "f" * 51, "fïeld"]
    )
    def test_refuses_a_name_that_is_no_slug(self, name: str) -> None:
        owner = MembershipFactory.create(owner=True)

        with pytest.raises(NotAName) as refusal:
            self.create(owner, name=name)

        assert refusal.value.faults[0].pointer == "/name"
        assert not Solution.objects.exists()

    @pytest.mark.parametrize("title", ["", " ", "t" * 101, "two\nlines", "nul\x00"])
    def test_refuses_a_title_that_is_none(self, title: str) -> None:
        owner = MembershipFactory.create(owner=True)

        with pytest.raises(NotATitle) as refusal:
            self.create(owner, title=title)

        assert refusal.value.faults[0].pointer == "/title"
        assert not Solution.objects.exists()

    def test_refuses_a_name_that_is_taken(self) -> None:
        owner = MembershipFactory.create(owner=True)
        self.create(owner)

        with pytest.raises(NameTaken):
            self.create(owner)

        assert AuditEvent.objects.filter(act="solution.create").count() == 1

    def test_lets_two_organizations_use_one_name(self) -> None:
        self.create(MembershipFactory.create(owner=True))

        self.create(MembershipFactory.create(owner=True))

        assert Solution.objects.filter(name="field").count() == 2

    @staticmethod
    def create(
        maker: Membership,
        *,
        name: str = "field",
        title: str = "Field",
        organization: Organization | None = None,
    ) -> Solution:
        where = organization or maker.organization
        return create_solution(where, name=name, title=title, by=maker.user)


class TestGiveSolutionRole:
    def test_takes_the_place_of_another_role(self) -> None:
        grant = SolutionMemberFactory.create(role=Role.USER)

        give_solution_role(
            grant.solution, membership=grant.membership, role=Role.EDITOR, by=grant.membership.user
        )

        assert grant.solution.members.get().role == Role.EDITOR
        assert AuditEvent.objects.get().changes == {"role": ["USER", "EDITOR"]}

    def test_is_not_recorded_when_it_changes_nothing(self) -> None:
        grant = SolutionMemberFactory.create(role=Role.USER)

        give_solution_role(grant.solution, membership=grant.membership, role=Role.USER, by=None)

        assert not AuditEvent.objects.exists()

    def test_records_a_first_role(self) -> None:
        solution = SolutionFactory.create()
        membership = MembershipFactory.create(organization=solution.organization)

        give_solution_role(solution, membership=membership, role=Role.DENY, by=None)

        event = AuditEvent.objects.get()
        assert (event.act, event.changes) == ("solution_member.set_role", {"role": [None, "DENY"]})

    def test_refuses_a_member_of_another_organization(self) -> None:
        solution = SolutionFactory.create()

        with pytest.raises(NotInOrganization):
            give_solution_role(
                solution, membership=MembershipFactory.create(), role=Role.USER, by=None
            )

        assert not solution.members.exists()


class TestChangeSolution:
    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.EDITOR])
    def test_changes_title_and_settings(self, role: Role) -> None:
        user, solution = with_role(role)

        change_solution(solution, title="New", custom_settings={"region": "EU"}, by=user)

        solution.refresh_from_db()
        assert (solution.title, solution.custom_settings) == ("New", {"region": "EU"})

    def test_records_what_changed_alone(self) -> None:
        user, solution = with_role(Role.OWNER)

        change_solution(solution, title=solution.title, custom_settings={"a": 1}, by=user)

        event = AuditEvent.objects.get()
        assert (event.act, event.actor) == ("solution.change", user)
        assert event.changes == {"custom_settings": [{}, {"a": 1}]}

    def test_is_not_recorded_when_nothing_changes(self) -> None:
        user, solution = with_role(Role.OWNER)

        change_solution(solution, by=user)
        change_solution(solution, title=solution.title, custom_settings={}, by=user)

        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize("role", [Role.USER, Role.DENY])
    def test_refuses_who_does_not_build_it(self, role: Role) -> None:
        user, solution = with_role(role)

        with pytest.raises(NotAllowed):
            change_solution(solution, title="New", by=user)

        solution.refresh_from_db()
        assert solution.title != "New"

    def test_refuses_a_title_that_is_none(self) -> None:
        user, solution = with_role(Role.OWNER)

        with pytest.raises(NotATitle):
            change_solution(solution, title=" ", by=user)

    def test_bounds_the_settings(self) -> None:
        user, solution = with_role(Role.OWNER)

        change_solution(solution, custom_settings={"a": "x" * 16_000}, by=user)
        for refused in ({"a": "x" * 16_400}, {"a": "nul\0"}, {" ": "nameless"}):
            with pytest.raises(NotSettings) as refusal:
                change_solution(solution, custom_settings=refused, by=user)
            assert refusal.value.faults[0].pointer == "/custom_settings"


class TestDeleteSolution:
    def test_takes_its_roles_with_it_and_leaves_what_was_done(self) -> None:
        user, solution = with_role(Role.OWNER)
        identity, organization = str(solution.pk), solution.organization

        delete_solution(solution, by=user)

        assert not Solution.objects.exists()
        assert not SolutionMember.objects.exists()
        event = AuditEvent.objects.get(act="solution.delete")
        assert (event.actor, event.subject_id) == (user, identity)
        assert event.organization == organization

    def test_records_how_much_went_with_it(self) -> None:
        user, solution = with_role(Role.OWNER)
        solution.groups.create(name="North").members.create(member=solution.members.get())

        delete_solution(solution, by=user)

        changes = AuditEvent.objects.get(act="solution.delete").changes
        assert changes == {
            "group_members": [1, 0],
            "solution_groups": [1, 0],
            "solution_members": [1, 0],
        }

    def test_tells_who_comes_second(self) -> None:
        user, solution = with_role(Role.OWNER)
        delete_solution(solution, by=user)

        for act in (delete_solution, change_solution):
            with pytest.raises(SolutionGone):
                act(solution, by=user)

        assert AuditEvent.objects.count() == 1

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.USER])
    def test_refuses_all_but_its_owners(self, role: Role) -> None:
        user, solution = with_role(role)

        with pytest.raises(NotAllowed):
            delete_solution(solution, by=user)

        assert Solution.objects.exists()
        assert not AuditEvent.objects.exists()


class TestAdvance:
    def test_is_for_whoever_publishes_next_to_the_live_version(self) -> None:
        solution = SolutionFactory.create()
        late = Solution.objects.get()

        assert solution.advance(to=1)
        assert not late.advance(to=1)
        assert solution.version == 1
        assert late.version == 0
