"""An organization's single sign-on: by whom its people sign in, who is let in, what is closed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _
from oauth2_provider.models import Grant

from auth_providers.models import LinkedIdentity, OAuthConfiguration, SingleSignOn
from auth_providers.services.identities import issuer_as_known
from auth_providers.services.required_sign_on import emergency_owners
from auth_providers.services.single_sign_on_faults import SettingsInvalid, SignOnFields, faults_of
from jigxmgmt.errors import FieldFault
from orgs import policies
from orgs.models import Membership, Organization, User
from orgs.services.audit import record_event
from orgs.services.organization_settings import hold_organization
from orgs.services.provisioning import Grants, check_grants
from orgs.services.solutions import hold_solutions
from orgs.services.typed_names import require_typed_name

FLAGS = ("is_enabled", "is_required", "creates_members")
RELATIONS = ("configurations", "break_glass", "solutions", "groups")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a password lets in no more once single sign-on is required, and where they are."""

    people: int
    sessions: int


def settings_of(organization: Organization, *, by: User) -> SingleSignOn:
    """Return the organization's settings, those of a fresh start when none were saved.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return _current(organization)


@transaction.atomic
def save_single_sign_on(
    organization: Organization,
    *,
    fields: SignOnFields,
    by: User,
    now: datetime,
    opened_by: Collection[UUID] = (),
) -> SingleSignOn:
    """Put these settings in place of what there is.

    It takes the right to let people in beside that to set up: whoever names the provider says who
    is who. `opened_by` are the organizations whose provider opened the session of who saves.
    Raises NotAllowed, SettingsInvalid or NotOfThisOrganization.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    policies.require_to_grant(by, organization, Membership.Role.USER)
    held = hold_organization(organization)
    _hold_configurations(fields.configurations)
    current = _current(held)
    if fields.creates_members and fields.creates_as is None:
        fields = fields.created_by(by)
    _check_grants(current, fields, by=by)
    came_by_it = held.pk in opened_by
    if faults := faults_of(current, fields, by=by, came_by_it=came_by_it):
        raise SettingsInvalid(_("Some settings are at fault."), faults=faults)
    return _save(current, fields, by=by, now=now)


@transaction.atomic
def disable_single_sign_on(
    organization: Organization, *, typed_name: str, by: User, now: datetime
) -> SingleSignOn:
    """Let nobody in by it any more, and passwords everywhere again; the rest is kept.

    Raises NotAllowed or NameMistyped.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    policies.require_to_grant(by, organization, Membership.Role.USER)
    held = hold_organization(organization)
    require_typed_name(typed_name, held.name)
    current = _current(held)
    return _save(current, SignOnFields.kept(current).disabled(), by=by, now=now)


def reach_of(
    organization: Organization, *, emergency: Collection[Membership], by: User, now: datetime
) -> Reach:
    """Count whom requiring single sign-on touches, these emergency owners spared.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    touched = organization.memberships.active().exclude(pk__in=[owner.pk for owner in emergency])
    live = Session.objects.filter(expire_date__gt=now).values("session_key")
    sessions = UserSession.objects.filter(user__in=touched.values("user"), session_key__in=live)
    return Reach(touched.count(), sessions.count())


def people_linked(settings: SingleSignOn) -> int:
    """Count the members who have signed in by one of the chosen providers, or are linked there."""
    chosen = settings.configurations.exclude(issuer="")
    issuers = [issuer_as_known(known, known.issuer) for known in chosen]
    linked = LinkedIdentity.objects.standing().filter(issuer__in=issuers).values("user")
    return settings.organization.memberships.filter(user__in=linked).count()


def _current(organization: Organization) -> SingleSignOn:
    rows = SingleSignOn.objects.select_related("organization", "creates_as", "saved_by")
    found = rows.filter(organization=organization).first()
    return found or SingleSignOn(organization=organization)


def _hold_configurations(configurations: Collection[OAuthConfiguration]) -> None:
    """Let nobody remove them until they are in use; raises SettingsInvalid where one is gone."""
    wanted = {known.pk for known in configurations}
    rows = OAuthConfiguration.objects.select_for_update(no_key=True).filter(pk__in=wanted)
    if len(rows.order_by("pk").values_list("pk", flat=True)) < len(wanted):
        sentence = _("There is no such configuration.")
        fault = FieldFault("/configurations", sentence, "configuration_unknown")
        raise SettingsInvalid(sentence, faults=[fault])


def _check_grants(current: SingleSignOn, fields: SignOnFields, *, by: User) -> None:
    """Raise unless `by` may give what is added, and all of it is the organization's own."""
    grants = Grants(solutions=dict.fromkeys(fields.solutions), groups=fields.groups)  # type: ignore[arg-type]
    check_grants(current.organization, grants)
    before = {solution.pk for solution in current.solutions.all()}
    wanted = {solution.pk: solution for solution in fields.solutions}
    wanted |= {group.solution_id: group.solution for group in fields.groups}
    for identity, solution in wanted.items():
        if identity not in before:
            policies.require_in_solution(by, policies.SolutionAct.GOVERN, solution)
    hold_solutions(wanted.values())


def _save(current: SingleSignOn, fields: SignOnFields, *, by: User, now: datetime) -> SingleSignOn:
    before, was_required = _described(current), current.is_required
    for name in FLAGS:
        setattr(current, name, getattr(fields, name))
    current.creates_as = fields.creates_as if fields.creates_members else None
    current.saved_by, current.saved_at = by, now
    current.save()
    for name in RELATIONS:
        getattr(current, name).set(getattr(fields, name))
    if current.is_required and not was_required:
        # Codes that an app has yet to exchange may come of a session that a password opened.
        mine = current.organization.memberships.exclude(pk__in=emergency_owners())
        Grant.objects.filter(user__in=mine.values("user")).delete()
    after = _described(current)
    changes = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    if changes:
        record_event(
            "single_sign_on.save",
            by=by,
            subject=current,
            organization=current.organization,
            changes=changes,
        )
    return current


def _described(settings: SingleSignOn) -> dict[str, Any]:
    """Return the settings as an audit event tells of them: flags, and the names of the rest."""
    described: dict[str, Any] = {name: getattr(settings, name) for name in FLAGS}
    described["creates_as"] = settings.creates_as and str(settings.creates_as)
    described["configurations"] = sorted(row.key for row in settings.configurations.all())
    owners = settings.break_glass.select_related("user")
    described["break_glass"] = sorted(str(row.user) for row in owners)
    described["solutions"] = sorted(row.name for row in settings.solutions.all())
    groups = settings.groups.select_related("solution")
    described["groups"] = sorted(f"{row.solution.name}/{row.name}" for row in groups)
    return described
