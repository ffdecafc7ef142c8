"""Who is in a solution, and as what."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Solution, SolutionMember, User
from orgs.services.people import MembershipInactive
from orgs.services.solution_members import (
    MOST_CHANGES,
    NoSuchSolutionMember,
    TooManyChanges,
    remove_solution_member,
    set_solution_member_role,
    set_solution_members,
)
from orgs.services.solutions import NotInOrganization, SolutionGone, delete_solution
from orgs.tests.factories import MembershipFactory, SolutionFactory, SolutionMemberFactory
from orgs.tests.races import all_at_once
from orgs.tests.statements import spelled

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


@pytest.fixture
def solution() -> Solution:
    return SolutionFactory.create()


def builder(solution: Solution, role: Role) -> User:
    """Make somebody who may enter the console, with this role in the solution."""
    grant = SolutionMemberFactory.create(solution=solution, role=role, membership__creator=True)
    return grant.membership.user


def person(solution: Solution) -> Membership:
    return MembershipFactory.create(organization=solution.organization)


class TestSetSolutionMemberRole:
    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
    def test_is_for_those_who_govern_it(self, solution: Solution, role: Role) -> None:
        mia, by = person(solution), builder(solution, role)

        member = set_solution_member_role(solution, membership=mia, role=Role.EDITOR, by=by)

        assert SolutionMember.objects.get(membership=mia).role == Role.EDITOR
        event = AuditEvent.objects.get()
        assert (event.act, event.actor) == ("solution_member.set_role", by)
        assert event.subject_id == str(member.pk)
        assert event.changes == {"role": [None, "EDITOR"]}

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.USER, Role.DENY])
    def test_refuses_everybody_else(self, solution: Solution, role: Role) -> None:
        mia, by = person(solution), builder(solution, role)

        with pytest.raises(NotAllowed):
            set_solution_member_role(solution, membership=mia, role=Role.USER, by=by)

        assert not mia.solution_roles.exists()

    def test_takes_the_place_of_another_role(self, solution: Solution) -> None:
        grant = SolutionMemberFactory.create(solution=solution)
        by = builder(solution, Role.ADMIN)

        for _ in range(2):  # the second time there is nothing to do
            set_solution_member_role(solution, membership=grant.membership, role=Role.DENY, by=by)

        assert AuditEvent.objects.get().changes == {"role": ["USER", "DENY"]}

    def test_lets_no_admin_of_a_solution_make_or_unmake_owners(self, solution: Solution) -> None:
        by, mia = builder(solution, Role.ADMIN), person(solution)
        owner = SolutionMemberFactory.create(solution=solution, role=Role.OWNER)

        for membership, role in ((mia, Role.OWNER), (owner.membership, Role.USER)):
            with pytest.raises(NotAllowed):
                set_solution_member_role(solution, membership=membership, role=role, by=by)
        with pytest.raises(NotAllowed):
            remove_solution_member(owner, by=by)

        assert SolutionMember.objects.filter(role=Role.OWNER).get() == owner

    def test_lets_owners_make_owners(self, solution: Solution) -> None:
        admin = MembershipFactory.create(organization=solution.organization, admin=True)

        for by in (builder(solution, Role.OWNER), admin.user):
            mia = person(solution)
            set_solution_member_role(solution, membership=mia, role=Role.OWNER, by=by)
            assert mia.solution_roles.get().role == Role.OWNER

    def test_refuses_who_is_disabled(self, solution: Solution) -> None:
        by, mia = builder(solution, Role.ADMIN), person(solution)
        mia.disable()

        with pytest.raises(MembershipInactive):
            set_solution_member_role(solution, membership=mia, role=Role.USER, by=by)

    def test_refuses_a_member_of_another_organization(self, solution: Solution) -> None:
        eve, by = MembershipFactory.create(), builder(solution, Role.OWNER)

        with pytest.raises(NotInOrganization):
            set_solution_member_role(solution, membership=eve, role=Role.USER, by=by)


class TestSetSolutionMembers:
    def test_gives_and_takes_at_once(self, solution: Solution) -> None:
        by, new = builder(solution, Role.OWNER), person(solution)
        leaving = SolutionMemberFactory.create(solution=solution)
        staying = SolutionMemberFactory.create(solution=solution)

        members = set_solution_members(
            solution,
            changes={new: Role.USER, leaving.membership: None, staying.membership: Role.EDITOR},
            by=by,
        )

        assert {member.membership: member.role for member in members.values()} == {
            new: Role.USER,
            staying.membership: Role.EDITOR,
        }
        assert solution.members.count() == 3
        changes = {(event.act, *event.changes["role"]) for event in AuditEvent.objects.all()}
        assert changes == {
            ("solution_member.set_role", None, "USER"),
            ("solution_member.remove", "USER", None),
            ("solution_member.set_role", "USER", "EDITOR"),
        }

    def test_does_all_or_nothing(self, solution: Solution) -> None:
        by, mia = builder(solution, Role.OWNER), person(solution)

        with pytest.raises(NotInOrganization):
            set_solution_members(
                solution, changes={mia: Role.USER, MembershipFactory.create(): Role.USER}, by=by
            )

        assert not mia.solution_roles.exists()
        assert not AuditEvent.objects.exists()

    def test_asks_for_many_as_often_as_for_one_but_for_their_events(
        self, solution: Solution
    ) -> None:
        by = builder(solution, Role.OWNER)
        counts = []

        for number in (1, 20):
            people = [person(solution) for _ in range(number)]
            with CaptureQueriesContext(connection) as queries:
                set_solution_members(solution, changes=dict.fromkeys(people, Role.USER), by=by)
            statements = [spelled(query["sql"]) for query in queries]
            counts.append(
                len(
                    [
                        sql
                        for sql in statements
                        if sql and '"orgs_audit' not in sql and "SAVEPOINT" not in sql
                    ]
                )
            )

        assert counts[0] == counts[1]

    def test_bounds_how_many(self, solution: Solution) -> None:
        people = [Membership() for _ in range(MOST_CHANGES + 1)]

        with pytest.raises(TooManyChanges):
            set_solution_members(
                solution,
                changes=dict.fromkeys(people, Role.USER),
                by=builder(solution, Role.OWNER),
            )


class TestRemoveSolutionMember:
    def test_ends_the_part_with_its_places_in_groups(self, solution: Solution) -> None:
        member = SolutionMemberFactory.create(solution=solution)
        solution.groups.create(name="North").members.create(member=member)

        remove_solution_member(member, by=builder(solution, Role.ADMIN))

        assert not SolutionMember.objects.filter(pk=member.pk).exists()
        assert solution.groups.get().members.count() == 0
        assert AuditEvent.objects.get().changes == {"role": ["USER", None]}

    def test_is_for_who_is_disabled_too(self, solution: Solution) -> None:
        member = SolutionMemberFactory.create(solution=solution, membership__is_active=False)

        remove_solution_member(member, by=builder(solution, Role.ADMIN))

        assert not SolutionMember.objects.filter(pk=member.pk).exists()

    def test_tells_who_comes_second(self, solution: Solution) -> None:
        member, by = SolutionMemberFactory.create(solution=solution), builder(solution, Role.ADMIN)
        remove_solution_member(member, by=by)

        with pytest.raises(NoSuchSolutionMember):
            remove_solution_member(member, by=by)

        assert AuditEvent.objects.count() == 1

    def test_refuses_an_editor(self, solution: Solution) -> None:
        member = SolutionMemberFactory.create(solution=solution)

        with pytest.raises(NotAllowed):
            remove_solution_member(member, by=builder(solution, Role.EDITOR))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_the_same_person_is_added_once(self, solution: Solution) -> None:
        by, mia = builder(solution, Role.OWNER), person(solution)

        outcomes = all_at_once(
            [
                lambda: set_solution_member_role(solution, membership=mia, role=Role.USER, by=by)
                for _ in range(4)
            ],
            meeting="SELECT",
        )

        assert {outcome.pk for outcome in outcomes} == {mia.solution_roles.get().pk}
        assert AuditEvent.objects.count() == 1

    def test_nobody_is_added_to_what_is_deleted(self, solution: Solution) -> None:
        by, mia = builder(solution, Role.OWNER), person(solution)
        identity = solution.pk

        outcomes = all_at_once(
            [
                lambda: delete_solution(Solution.objects.get(pk=identity), by=by),
                lambda: set_solution_member_role(
                    Solution.objects.get(pk=identity), membership=mia, role=Role.USER, by=by
                ),
            ],
            meeting='SELECT "orgs_solution"."id"',
        )

        assert outcomes[0] is None
        assert isinstance(outcomes[1], SolutionMember | SolutionGone)
        assert not SolutionMember.objects.exists()

    def test_two_owners_who_remove_each_other_leave_one(self, solution: Solution) -> None:
        owners = [
            SolutionMemberFactory.create(
                solution=solution, role=Role.OWNER, membership__creator=True
            )
            for _ in range(2)
        ]
        first, second = owners

        outcomes = all_at_once(
            [
                lambda: remove_solution_member(second, by=first.membership.user),
                lambda: remove_solution_member(first, by=second.membership.user),
            ],
            meeting="SELECT",
        )

        assert len([outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]) == 1
        assert solution.members.count() == 1
