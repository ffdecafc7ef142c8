"""What an organization's console shows of its directory, and what its groups stand for."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from auth_providers.models import ScimGroup, ScimToken, ScimUser
from auth_providers.services.directory import DIRECTORY, fill_solution_group
from auth_providers.services.scim_tokens import find_scim_token
from jigxmgmt.errors import Invalid, NotFound
from orgs import policies
from orgs.models import AuditEvent, Organization, SolutionGroup, User
from orgs.services.audit import record_event

MOST_EVENTS = 20
Finding = ScimUser.Finding


class DirectoryGroupGone(NotFound):
    code = "directory_group_unknown"


class GroupOfOthers(Invalid):
    code = "group_unknown"


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory at a glance: how many of its people are members, and who is not, with why."""

    token: ScimToken | None
    people: int
    members: int
    others: QuerySet[ScimUser]
    groups: QuerySet[ScimGroup]
    events: QuerySet[AuditEvent]


def directory_of(organization: Organization, *, by: User) -> Directory:
    """Return what the organization's directory has told; raises NotAllowed."""
    token = find_scim_token(organization, by=by)
    counts = dict(
        organization.scim_users.order_by().values_list("finding").annotate(number=Count("pk"))
    )
    events = AuditEvent.objects.filter(
        organization=organization, actor__isnull=True, actor_label=DIRECTORY
    )
    groups = organization.scim_groups.annotate(people=Count("members"))
    groups = groups.order_by("display_name", "pk")
    return Directory(
        token=token,
        people=sum(counts.values()),
        members=counts.get(Finding.LINKED, 0),
        others=organization.scim_users.exclude(finding=Finding.LINKED),
        groups=groups.prefetch_related("solution_groups__solution"),
        events=events.order_by("-created_at", "-pk")[:MOST_EVENTS],
    )


def groups_to_stand_for(organization: Organization, *, by: User) -> QuerySet[SolutionGroup]:
    """Return the groups of solutions whose people this person may change."""
    governed = policies.solutions_allowing(by, policies.SolutionAct.GOVERN)
    theirs = SolutionGroup.objects.filter(
        solution__in=governed.filter(organization=organization).values("pk")
    )
    return theirs.select_related("solution").order_by("solution__title", "name")


@transaction.atomic
def map_directory_group(
    group: ScimGroup, *, solution_groups: Collection[SolutionGroup], by: User
) -> None:
    """Let a group of the directory stand for these groups of solutions, and fill them at once.

    Whoever leaves it leaves them. Raises NotAllowed, DirectoryGroupGone or GroupOfOthers.
    """
    organization = group.organization
    find_scim_token(organization, by=by)
    held = ScimGroup.objects.select_for_update(of=("self",)).filter(pk=group.pk).first()
    if held is None:
        raise DirectoryGroupGone(_("The directory has removed this group."))
    allowed = set(groups_to_stand_for(organization, by=by).values_list("pk", flat=True))
    before = list(held.solution_groups.select_related("solution"))
    if {wanted.pk for wanted in solution_groups} - allowed:
        raise GroupOfOthers(_("Choose among the groups whose people you may change."))
    # Those that this person may not change stay as they are.
    kept = [known for known in before if known.pk not in allowed]
    held.solution_groups.set([*solution_groups, *kept])
    for touched in {*before, *solution_groups}:
        fill_solution_group(touched, organization=organization)
    changes = {"groups": (_names(before), _names([*solution_groups, *kept]))}
    record_event(
        "directory_group.map", by=by, subject=held, organization=organization, changes=changes
    )


def _names(groups: Collection[SolutionGroup]) -> list[str]:
    return sorted(f"{group.solution}: {group.name}" for group in groups)
