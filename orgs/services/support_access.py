"""Letting the installation's operators into an organization, for a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid
from orgs import policies
from orgs.models import Organization, User
from orgs.services.audit import record_event
from orgs.services.organization_settings import Details, change_organization, hold_organization

Level = Organization.SupportAccess
LONGEST_SUPPORT = timedelta(days=30)


class SupportTimeInvalid(Invalid):
    code = "support_until_invalid"


@dataclass(frozen=True, slots=True)
class SupportAccess:
    """How far, and until when; the level *none* has no end."""

    level: Organization.SupportAccess
    until: datetime | None = None


@transaction.atomic
def change_settings(
    organization: Organization,
    *,
    details: Details,
    support: SupportAccess | None,
    by: User,
    now: datetime,
) -> Organization:
    """Change both, or neither where one is refused. Raises as the single acts do."""
    current = change_organization(organization, by=by, **details)
    if support is None:
        return current
    return set_support_access(current, support=support, by=by, now=now)


@transaction.atomic
def set_support_access(
    organization: Organization, *, support: SupportAccess, by: User, now: datetime
) -> Organization:
    """Open the organization to operators until then, or close it at once by the level *none*.

    Raises NotAllowed or SupportTimeInvalid.
    """
    policies.require(by, policies.Act.OWN_ORGANIZATION, organization)
    current = hold_organization(organization)
    level = support.level
    until = None if level == Level.NONE else _checked(support.until, now=now)
    before = (current.support_access, current.support_access_until)
    if before == (level, until):
        return current
    current.support_access, current.support_access_until = level, until
    current.save(update_fields=["support_access", "support_access_until"])
    record_event(
        "organization.set_support_access",
        by=by,
        subject=current,
        organization=current,
        changes={
            "support_access": (before[0], str(level)),
            "support_access_until": (_written(before[1]), _written(until)),
        },
    )
    return current


def record_support_entry(organization: Organization, *, by: User) -> None:
    """Record that an operator opened an organization as support; raises NotAllowed."""
    policies.require(by, policies.Act.ENTER_CONSOLE, organization)
    record_event(
        "support.enter",
        by=by,
        subject=organization,
        organization=organization,
        changes={"support_access": (None, organization.support_access)},
    )


def _checked(until: datetime | None, *, now: datetime) -> datetime:
    if until is None or not now < until <= now + LONGEST_SUPPORT:
        sentence = _("Choose a time within the next %(days)s days.") % {
            "days": LONGEST_SUPPORT.days
        }
        fault = FieldFault("/support_access/until", sentence, SupportTimeInvalid.code)
        raise SupportTimeInvalid(sentence, faults=[fault])
    return until


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
