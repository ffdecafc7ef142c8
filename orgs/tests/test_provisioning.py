"""What somebody gets who is let in, and what they keep."""

import pytest
from django.utils import timezone

from orgs.models import AuditEvent, GroupMember, Membership, SolutionMember
from orgs.services.people import Admission
from orgs.services.provisioning import Grants, join_group, provision_member
from orgs.tests.factories import (
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    SolutionMemberFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


def provision(membership: Membership, grants: Grants) -> Admission:
    return provision_member(
        membership.user,
        organization=membership.organization,
        grants=grants,
        by=None,
        now=timezone.now(),
    )


class TestProvisionMember:
    def test_says_whether_it_made_the_membership(self) -> None:
        membership = MembershipFactory.build(
            organization=SolutionFactory.create().organization, user=UserFactory.create()
        )

        first, second = provision(membership, Grants()), provision(membership, Grants())

        assert (first.is_new, second.is_new) == (True, False)
        assert first.membership == second.membership

    @pytest.mark.parametrize("held", [Role.OWNER, Role.EDITOR, Role.DENY])
    def test_leaves_a_role_that_is_held(self, held: Role) -> None:
        member = SolutionMemberFactory.create(role=held)

        provision(member.membership, Grants(solutions={member.solution: Role.USER}))

        member.refresh_from_db()
        assert member.role == held
        assert not AuditEvent.objects.filter(act="solution_member.set_role").exists()

    def test_gives_a_role_where_there_is_none(self) -> None:
        solution = SolutionFactory.create()
        membership = MembershipFactory.create(organization=solution.organization)

        provision(membership, Grants(solutions={solution: Role.EDITOR}))

        assert membership.solution_roles.get().role == Role.EDITOR
        assert AuditEvent.objects.get().changes == {"role": [None, "EDITOR"]}


class TestJoinGroup:
    def test_leaves_the_role_in_the_solution(self) -> None:
        group = SolutionGroupFactory.create()
        member = SolutionMemberFactory.create(solution=group.solution, role=Role.ADMIN)

        join_group(group, membership=member.membership, by=None)

        assert GroupMember.objects.get().member.role == Role.ADMIN
