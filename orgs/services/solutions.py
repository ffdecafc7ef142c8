"""Making, changing and ending solutions, and giving people roles in them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Membership, Organization, Solution, SolutionMember, User
from orgs.models.solutions import SLUG
from orgs.services.audit import record_event


class SolutionGone(NotFound):
    code = "solution_unknown"


class NotInOrganization(Invalid):
    code = "person_unknown"


class NotAName(Invalid):
    code = "name_invalid"


class NameTaken(Conflict):
    code = "name_taken"


class NotATitle(Invalid):
    code = "title_invalid"


class NotSettings(Invalid):
    code = "settings_invalid"


NAME_LENGTH = 50
TITLE_LENGTH = 100
# They travel with every call of the solution.
SETTINGS_BYTES = 16 * 1024


@transaction.atomic
def create_solution(organization: Organization, *, name: str, title: str, by: User) -> Solution:
    """Make a solution of which the organization's owners, and its maker, are owners.

    Raises NotAllowed, NotAName, NotATitle or NameTaken.
    """
    policies.require(by, policies.Act.CREATE_SOLUTIONS, organization)
    if not re.fullmatch(SLUG.regex, name):
        raise NotAName(
            str(SLUG.message), faults=[FieldFault("/name", str(SLUG.message), "invalid")]
        )
    _check_title(title)
    try:
        with transaction.atomic():
            solution = Solution.objects.create(organization=organization, name=name, title=title)
    except IntegrityError as error:
        sentence = _("%(organization)s already has a solution named %(name)s.") % {
            "organization": organization,
            "name": name,
        }
        fault = FieldFault("/name", sentence, NameTaken.code)
        raise NameTaken(sentence, faults=[fault]) from error
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
    """Give a member of the solution's organization this role in it, in place of any other.

    Raises NotInOrganization.
    """
    member = let_into_solution(solution, membership=membership, role=role, by=by)
    before = member.role
    if before != role:
        member.role = role
        member.save(update_fields=["role"])
        _record_role(member, before, by=by)
    return member


@transaction.atomic
def let_into_solution(
    solution: Solution,
    *,
    membership: Membership,
    role: SolutionMember.Role,
    by: User | None,
) -> SolutionMember:
    """Give a member of the solution's organization this role where they hold none in it.

    Raises NotInOrganization.
    """
    if membership.organization_id != solution.organization_id:
        raise not_in_organization(solution)
    member, is_new = SolutionMember.objects.select_for_update().get_or_create(
        solution=solution, membership=membership, defaults={"role": role}
    )
    if is_new:
        _record_role(member, None, by=by)
    return member


@transaction.atomic
def change_solution(
    solution: Solution,
    *,
    title: str | None = None,
    custom_settings: Mapping[str, Any] | None = None,
    by: User,
) -> None:
    """Change what people read as its name, or the settings that its functions see; None stays.

    Raises NotAllowed, SolutionGone, NotATitle or NotSettings.
    """
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    if title is not None:
        _check_title(title)
    if custom_settings is not None:
        _check_settings(custom_settings)
    _change(solution, {"title": title, "custom_settings": custom_settings}, by=by)


def _change(solution: Solution, wanted: Mapping[str, Any], *, by: User) -> None:
    changes = {
        field: (getattr(solution, field), value)
        for field, value in wanted.items()
        if value is not None and value != getattr(solution, field)
    }
    if not changes:
        return
    for field, (_before, value) in changes.items():
        setattr(solution, field, value)
    solution.save(update_fields=list(changes))
    record_event(
        "solution.change",
        by=by,
        subject=solution,
        organization=solution.organization,
        changes=changes,
    )


@transaction.atomic
def delete_solution(solution: Solution, *, by: User) -> None:
    """End a solution with all that hangs on it: versions, credentials, roles, its calls' log.

    What people did to it stays in the audit events, and how much went with it. Raises NotAllowed
    or SolutionGone.
    """
    _hold(solution, Solution.objects.select_for_update())
    policies.require_in_solution(by, policies.SolutionAct.DELETE, solution)
    _number, gone = Solution.objects.filter(pk=solution.pk).delete()
    changes = {
        _plural(label): (number, 0)
        for label, number in sorted(gone.items())
        if number and label != Solution._meta.label
    }
    record_event(
        "solution.delete",
        by=by,
        subject=solution,
        organization=solution.organization,
        changes=changes,
    )


def hold_solution(solution: Solution) -> None:
    """Let nobody else end, publish or change a solution or its people until the transaction ends.

    The columns are read again. Raises SolutionGone.
    """
    _hold(solution, Solution.objects.select_for_update(no_key=True))


def hold_solutions(solutions: Iterable[Solution]) -> None:
    """Hold several as hold_solution does one, but for their columns; raises SolutionGone."""
    wanted = {solution.pk for solution in solutions}
    rows = Solution.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    if len(rows.values_list("pk")) < len(wanted):
        raise _gone()


def _hold(solution: Solution, rows: QuerySet[Solution]) -> None:
    columns = ["name", "title", "custom_settings", "version"]
    try:
        solution.refresh_from_db(fields=columns, from_queryset=rows)
    except Solution.DoesNotExist as error:
        raise _gone() from error


def not_in_organization(solution: Solution) -> NotInOrganization:
    sentence = _("%(organization)s has no such person.")
    return NotInOrganization(sentence % {"organization": solution.organization})


def _gone() -> SolutionGone:
    return SolutionGone(_("This solution is no longer there."))


def _record_role(member: SolutionMember, before: str | None, *, by: User | None) -> None:
    record_event(
        "solution_member.set_role",
        by=by,
        subject=member,
        organization=member.solution.organization,
        changes={"role": (before, member.role)},
    )


def _plural(label: str) -> str:
    """Return how an audit event names the rows of a model."""
    return str(apps.get_model(label)._meta.verbose_name_plural).replace(" ", "_")


def _check_title(title: str) -> None:
    if not (title.strip() and title.isprintable() and len(title) <= TITLE_LENGTH):
        sentence = _("A title has 1 to %(most)s printable characters.") % {"most": TITLE_LENGTH}
        raise NotATitle(sentence, faults=[FieldFault("/title", sentence, "invalid")])


def _check_settings(custom_settings: Mapping[str, Any]) -> None:
    written = json.dumps(custom_settings)
    sentence = ""
    if len(written) > SETTINGS_BYTES or "\\u0000" in written:
        sentence = _("Settings have at most %(most)s bytes as JSON, and no null characters.") % {
            "most": SETTINGS_BYTES
        }
    elif not all(name.strip() for name in custom_settings):
        sentence = _("Each setting has a name.")
    if sentence:
        fault = FieldFault("/custom_settings", sentence, "invalid")
        raise NotSettings(sentence, faults=[fault])
