"""What an organization says of itself, what it allows, and its end."""

from collections.abc import Collection, Sequence
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid
from orgs import policies
from orgs.models import Organization, Picture, User
from orgs.models.addresses import kept_email, normal_email
from orgs.services.audit import record_event
from orgs.services.organizations import (
    NoSuchOrganization,
    NotAName,
    checked_organization_name,
)
from orgs.services.typed_names import require_typed_name

LEAST_IDLE_MINUTES = 5
MOST_IDLE_MINUTES = 24 * 60
WEB_SCHEMES = ("http", "https")


class DetailsInvalid(Invalid):
    code = "organization_invalid"


class Details(TypedDict, total=False):
    """What may be changed, each by itself."""

    name: str
    website: str
    region_label: str
    request_email: str
    idle_minutes: int | None
    allows_scripts: bool
    allows_basic_auth: bool


@transaction.atomic
def change_organization(
    organization: Organization, *, by: User, **wanted: Unpack[Details]
) -> Organization:
    """Change these settings and leave the others. Raises NotAllowed or DetailsInvalid."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    current = hold_organization(organization)
    faults = _normalize(wanted)
    changes = {
        field: (getattr(current, field), value)
        for field, value in wanted.items()
        if value != getattr(current, field)
    }
    if not changes:
        return current
    for field, (_before, value) in changes.items():
        setattr(current, field, value)
    if faults := [*faults, *_field_faults(current, changes), *_idle_faults(current)]:
        raise DetailsInvalid(_("Some settings are at fault."), faults=faults)
    current.save(update_fields=list(changes))
    record_event(
        "organization.change", by=by, subject=current, organization=current, changes=changes
    )
    return current


@transaction.atomic
def delete_organization(organization: Organization, *, typed_name: str, by: User) -> None:
    """End an organization with its members, solutions, apps and all that hangs on them.

    People keep their accounts, and what was done stays in the audit events.
    Raises NotAllowed or NameMistyped.
    """
    policies.require(by, policies.Act.OWN_ORGANIZATION, organization)
    current = hold_organization(organization)
    require_typed_name(typed_name, current.name, field="name")
    counts = {
        "members": (current.memberships.count(), 0),
        "solutions": (current.solutions.count(), 0),
    }
    # Before the rest: while a credential is there, the keys of the organization stay.
    for solution in current.solutions.all():
        record_event("solution.delete", by=by, subject=solution, organization=current)
        solution.delete()
    record_event(
        "organization.delete", by=by, subject=current, organization=current, changes=counts
    )
    current.delete()
    if current.logo_id:
        Picture.objects.filter(pk=current.logo_id).delete()


def hold_organization(organization: Organization) -> Organization:
    """Return the organization as it stands now, and hold it until the transaction ends.

    Raises NoSuchOrganization.
    """
    rows = Organization.objects.select_for_update(no_key=True)
    current = rows.filter(pk=organization.pk).first()
    if current is None:
        raise NoSuchOrganization(_("There is no such organization."))
    return current


def _normalize(wanted: Details) -> Sequence[FieldFault]:
    """Bring what is wanted into the spelling that is kept; return what is wrong with the name."""
    if "request_email" in wanted:
        wanted["request_email"] = normal_email(wanted["request_email"])
    try:
        if "name" in wanted:
            wanted["name"] = checked_organization_name(wanted["name"])
    except NotAName as refusal:
        return refusal.faults
    return ()


def _field_faults(organization: Organization, changed: Collection[str]) -> list[FieldFault]:
    """Say what the fields themselves refuse, and what nobody could read."""
    others = {field.name for field in organization._meta.fields} - set(changed) | {"name"}
    found: dict[str, list[str]] = {}
    try:
        organization.clean_fields(exclude=others)
    except ValidationError as error:
        found = error.message_dict
    if "request_email" in changed and organization.request_email:
        try:
            kept_email(organization.request_email)
        except ValidationError as error:
            found["request_email"] = error.messages
    if not organization.region_label.isprintable():
        found.setdefault("region_label", []).append(_("Use printable characters on one line."))
    if organization.website and urlsplit(organization.website).scheme not in WEB_SCHEMES:
        found.setdefault("website", [_("A website begins with https:// or http://.")])
    return [
        FieldFault(f"/{field}", sentence, "invalid")
        for field, sentences in found.items()
        for sentence in sentences
    ]


def _idle_faults(organization: Organization) -> list[FieldFault]:
    minutes = organization.idle_minutes
    if minutes is None or LEAST_IDLE_MINUTES <= minutes <= MOST_IDLE_MINUTES:
        return []
    bounds: dict[str, Any] = {"least": LEAST_IDLE_MINUTES, "most": MOST_IDLE_MINUTES}
    sentence = _("Choose %(least)s to %(most)s minutes, or nothing for no limit.") % bounds
    return [FieldFault("/idle_minutes", sentence, "invalid")]
