"""Inviting many people at once: all that are in order, or nobody."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, TooLargeAnInput
from orgs import policies
from orgs.models import Invite, Membership, Organization, User
from orgs.models.addresses import normal_email
from orgs.services.invites import (
    Invitation,
    NotAnInvitation,
    faults_of,
    obstacles_to,
    send_invitations,
)
from orgs.services.provisioning import NotOfThisOrganization, check_grants

MOST_AT_ONCE = 1000


class TooManyInvitations(TooLargeAnInput):
    code = "too_many_invitations"


def examine_invitations(
    organization: Organization, invitations: Sequence[Invitation], *, by: User, now: datetime
) -> list[list[FieldFault]]:
    """Return the faults of each invitation, in order; changes nothing and sends nothing.

    Raises NotAllowed or TooManyInvitations.
    """
    policies.require(by, policies.Act.MANAGE_PEOPLE, organization)
    check_number(invitations)
    emails = [normal_email(invitation.email) for invitation in invitations]
    counted = Counter(emails)
    obstacles = obstacles_to(organization, list(counted), now=now)
    may_own = policies.can(by, policies.Act.OWN_ORGANIZATION, organization)
    found = []
    for email, invitation in zip(emails, invitations, strict=True):
        faults = faults_of(invitation) + _faults_of_grants(
            organization, invitation, may_own=may_own
        )
        if counted[email] > 1:
            sentence = _("This address stands in the list more than once.")
            faults.append(FieldFault("/email", sentence, "duplicate"))
        if obstacle := obstacles.get(email):
            faults += obstacle.faults
        found.append(faults)
    return found


def check_number(rows: Sequence[object]) -> None:
    """Raise TooManyInvitations where a list is longer than is done at once."""
    if len(rows) > MOST_AT_ONCE:
        sentence = _("Invite at most %(most)s people at once.")
        raise TooManyInvitations(sentence % {"most": MOST_AT_ONCE})


@transaction.atomic
def invite_people(
    organization: Organization, invitations: Sequence[Invitation], *, by: User, now: datetime
) -> list[Invite]:
    """Invite all of them, in few statements; the mails go out once this stands.

    Raises NotAnInvitation with every fault of every row (`/0/email` and so on), NotAllowed,
    TooManyInvitations or AlreadyInvited (by somebody else, at this very moment).
    """
    found = examine_invitations(organization, invitations, by=by, now=now)
    faults = [
        replace(fault, pointer=f"/{index}{fault.pointer}")
        for index, row in enumerate(found)
        for fault in row
    ]
    if faults:
        raise NotAnInvitation(_("Nobody was invited; some rows have faults."), faults=faults)
    wanted = [
        replace(invitation, email=normal_email(invitation.email)) for invitation in invitations
    ]
    return send_invitations(organization, wanted, by=by, now=now) if wanted else []


def _faults_of_grants(
    organization: Organization,
    invitation: Invitation,
    *,
    may_own: bool,
) -> list[FieldFault]:
    faults = []
    if invitation.grants.role == Membership.Role.OWNER and not may_own:
        sentence = _("Only an owner invites owners.")
        faults.append(FieldFault("/role", sentence, "role_not_yours"))
    try:
        check_grants(organization, invitation.grants)
    except NotOfThisOrganization as refusal:
        faults += refusal.faults
    return faults
