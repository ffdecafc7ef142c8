"""Making solutions and giving people roles in them."""

import re

from django.db import IntegrityError, transaction

from jigxmgmt.errors import Conflict, FieldFault, Invalid
from orgs import policies
from orgs.models import Membership, Organization, Solution, SolutionMember, User
from orgs.models.solutions import SLUG
from orgs.services.audit import record_event


class NotAName(Invalid):
    code = "name_invalid"


class NameTaken(Conflict):
    code = "name_taken"


@transaction.atomic
def create_solution(organization: Organization, *, name: str, title: str, by: User) -> Solution:
    """Make a solution of which the organization's owners, and its maker, are owners.

    Raises NotAllowed, NotAName or NameTaken.
    """
    policies.require(by, policies.Act.CREATE_SOLUTIONS, organization)
    if not re.match(SLUG.regex, name):
        raise NotAName(
            str(SLUG.message), faults=[FieldFault("/name", str(SLUG.message), "invalid")]
        )
    try:
        with transaction.atomic():
            solution = Solution.objects.create(organization=organization, name=name, title=title)
    except IntegrityError as error:
        raise NameTaken(f"{organization} already has a solution named {name}.") from error
    record_event("solution.create", by=by, subject=solution, organization=organization)
    memberships = organization.memberships.active()
    for membership in memberships.owners() | memberships.filter(user=by):
        give_solution_role(solution, membership=membership, role=SolutionMember.Role.OWNER, by=by)
    return solution


@transaction.atomic
def give_solution_role(
    solution: Solution,
    *,
    membership: Membership,
    role: SolutionMember.Role,
    by: User | None,
) -> SolutionMember:
    """Give a member of the solution's organization this role in it, in place of any other."""
    if membership.organization_id != solution.organization_id:
        raise NotAName(f"{membership.user} is not in {solution.organization}.")
    member, is_new = SolutionMember.objects.select_for_update().get_or_create(
        solution=solution, membership=membership, defaults={"role": role}
    )
    before = None if is_new else member.role
    if before != role:
        member.role = role
        member.save(update_fields=["role"])
        record_event(
            "solution_member.set_role",
            by=by,
            subject=member,
            organization=solution.organization,
            changes={"role": (before, role)},
        )
    return member


@transaction.atomic
def retitle_solution(solution: Solution, *, title: str, by: User) -> None:
    """Change what people read as the solution's name; raises NotAllowed."""
    policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    before, solution.title = solution.title, title
    solution.save(update_fields=["title"])
    record_event(
        "solution.retitle",
        by=by,
        subject=solution,
        organization=solution.organization,
        changes={"title": (before, title)},
    )
