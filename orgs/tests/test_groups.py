"""Groups of a solution's people."""

import pytest

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, GroupMember, SolutionGroup, SolutionMember, User
from orgs.services.groups import (
    MOST_GROUPS,
    NoSuchGroup,
    NotAGroupName,
    NotInGroup,
    TooManyGroups,
    add_to_group,
    create_group,
    delete_group,
    remove_from_group,
    rename_group,
)
from orgs.services.people import MembershipInactive
from orgs.services.solutions import NameTaken, NotInOrganization
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


@pytest.fixture
def group() -> SolutionGroup:
    grant = SolutionMemberFactory.create(role=Role.ADMIN, membership__creator=True)
    return SolutionGroup.objects.create(solution=grant.solution, name="North")


@pytest.fixture
def admin(group: SolutionGroup) -> User:
    """An admin of the group's solution."""
    return group.solution.members.get(role=Role.ADMIN).membership.user


@pytest.fixture
def editor(group: SolutionGroup) -> User:
    grant = SolutionMemberFactory.create(
        solution=group.solution, role=Role.EDITOR, membership__creator=True
    )
    return grant.membership.user


class TestCreateGroup:
    def test_makes_one_that_is_empty(self, group: SolutionGroup, admin: User) -> None:
        made = create_group(group.solution, name=" South ", by=admin)

        assert (made.name, made.members.count()) == ("South", 0)
        event = AuditEvent.objects.get()
        assert (event.act, event.subject_id) == ("group.create", str(made.pk))

    def test_refuses_a_name_that_is_taken(self, group: SolutionGroup, admin: User) -> None:
        with pytest.raises(NameTaken) as refusal:
            create_group(group.solution, name="North", by=admin)

        assert refusal.value.faults[0].pointer == "/name"
        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize("name", ["", "  ", "n" * 101, "two\nlines", "nul\0"])
    def test_refuses_what_is_no_name(self, group: SolutionGroup, admin: User, name: str) -> None:
        with pytest.raises(NotAGroupName):
            create_group(group.solution, name=name, by=admin)

    def test_bounds_how_many(self, group: SolutionGroup, admin: User) -> None:
        SolutionGroup.objects.bulk_create(
            SolutionGroup(solution=group.solution, name=f"Group {number}")
            for number in range(MOST_GROUPS)
        )

        with pytest.raises(TooManyGroups):
            create_group(group.solution, name="One more", by=admin)

    def test_refuses_an_editor(self, group: SolutionGroup, editor: User) -> None:
        with pytest.raises(NotAllowed):
            create_group(group.solution, name="South", by=editor)


class TestRenameGroup:
    def test_is_recorded_where_it_changes_something(
        self, group: SolutionGroup, admin: User
    ) -> None:
        rename_group(group, name="North", by=admin)
        rename_group(group, name="Nord", by=admin)

        assert AuditEvent.objects.get().changes == {"name": ["North", "Nord"]}
        group.refresh_from_db()
        assert group.name == "Nord"

    def test_refuses_a_name_that_is_taken(self, group: SolutionGroup, admin: User) -> None:
        create_group(group.solution, name="South", by=admin)

        with pytest.raises(NameTaken):
            rename_group(group, name="South", by=admin)

    def test_refuses_an_editor(self, group: SolutionGroup, editor: User) -> None:
        with pytest.raises(NotAllowed):
            rename_group(group, name="South", by=editor)


class TestDeleteGroup:
    def test_leaves_its_people_in_the_solution(self, group: SolutionGroup, admin: User) -> None:
        member = SolutionMemberFactory.create(solution=group.solution)
        group.members.create(member=member)

        delete_group(group, by=admin)

        assert not SolutionGroup.objects.exists()
        assert SolutionMember.objects.filter(pk=member.pk).exists()
        assert AuditEvent.objects.get().changes == {"members": [1, 0]}

    def test_tells_who_comes_second(self, group: SolutionGroup, admin: User) -> None:
        delete_group(group, by=admin)

        with pytest.raises(NoSuchGroup):
            delete_group(group, by=admin)

    def test_refuses_an_editor(self, group: SolutionGroup, editor: User) -> None:
        with pytest.raises(NotAllowed):
            delete_group(group, by=editor)


class TestAddToGroup:
    def test_makes_who_is_not_in_the_solution_a_user_of_it(
        self, group: SolutionGroup, admin: User
    ) -> None:
        mia = MembershipFactory.create(organization=group.solution.organization)

        place = add_to_group(group, membership=mia, by=admin)
        again = add_to_group(group, membership=mia, by=admin)

        assert again == place
        assert mia.solution_roles.get().role == Role.USER
        acts = sorted(event.act for event in AuditEvent.objects.all())
        assert acts == ["group_member.add", "solution_member.set_role"]

    def test_refuses_strangers_and_who_is_disabled(self, group: SolutionGroup, admin: User) -> None:
        gone = MembershipFactory.create(organization=group.solution.organization, is_active=False)

        with pytest.raises(NotInOrganization):
            add_to_group(group, membership=MembershipFactory.create(), by=admin)
        with pytest.raises(MembershipInactive):
            add_to_group(group, membership=gone, by=admin)

    def test_refuses_an_editor(self, group: SolutionGroup, editor: User) -> None:
        mia = MembershipFactory.create(organization=group.solution.organization)

        with pytest.raises(NotAllowed):
            add_to_group(group, membership=mia, by=editor)


class TestRemoveFromGroup:
    def test_leaves_them_in_the_solution(self, group: SolutionGroup, admin: User) -> None:
        member = SolutionMemberFactory.create(solution=group.solution)
        group.members.create(member=member)

        remove_from_group(group, member=member, by=admin)

        assert not group.members.exists()
        assert SolutionMember.objects.filter(pk=member.pk).exists()
        event = AuditEvent.objects.get()
        assert (event.act, event.changes) == ("group_member.remove", {"group": ["North", None]})

    def test_tells_that_somebody_is_not_in_it(self, group: SolutionGroup, admin: User) -> None:
        with pytest.raises(NotInGroup):
            remove_from_group(
                group, member=SolutionMemberFactory.create(solution=group.solution), by=admin
            )

    def test_refuses_an_editor(self, group: SolutionGroup, editor: User) -> None:
        member = SolutionMemberFactory.create(solution=group.solution)
        group.members.create(member=member)

        with pytest.raises(NotAllowed):
            remove_from_group(group, member=member, by=editor)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_nobody_is_put_into_a_group_that_ends(self, group: SolutionGroup, admin: User) -> None:
        mia = MembershipFactory.create(organization=group.solution.organization)

        def same() -> SolutionGroup:
            return SolutionGroup.objects.select_related("solution__organization").get()

        outcomes = all_at_once(
            [
                lambda: delete_group(same(), by=admin),
                lambda: add_to_group(same(), membership=mia, by=admin),
            ],
            meeting='SELECT "orgs_solution"."id"',
        )

        assert outcomes[0] is None
        assert isinstance(outcomes[1], GroupMember | NoSuchGroup)
        assert not GroupMember.objects.exists()
