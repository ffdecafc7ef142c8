"""A body's list of invitations, read row by row so that every fault of every row is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions

from jigxmgmt.api import faults_in
from jigxmgmt.errors import FieldFault
from orgs.api.grants import Choices, choices_of, chosen_grants
from orgs.api.invite_serializers import InvitationSerializer
from orgs.models import Organization, User
from orgs.services.bulk_invites import check_number, examine_invitations
from orgs.services.invites import Invitation, NotAnInvitation
from orgs.services.provisioning import NotOfThisOrganization


@dataclass(slots=True)
class Row:
    """What one row says, as far as it can be read, and what is wrong with it."""

    email: str = ""
    fields: dict[str, Any] | None = None
    invitation: Invitation | None = None
    errors: list[FieldFault] = field(default_factory=list)

    @property
    def is_in_order(self) -> bool:
        return not self.errors


def examine_rows(
    organization: Organization, written: Sequence[Any], *, by: User, now: datetime
) -> list[Row]:
    """Return each row with its faults; raises NotAllowed or TooManyInvitations."""
    check_number(written)
    shape = InvitationSerializer()
    rows = [_read(shape, row) for row in written]
    choices = choices_of(organization, [row.fields for row in rows if row.fields])
    for row in rows:
        if row.fields:
            _resolve(row, row.fields, choices)
    known = [(row, row.invitation) for row in rows if row.invitation]
    found = examine_invitations(
        organization, [invitation for _row, invitation in known], by=by, now=now
    )
    for (row, _invitation), faults in zip(known, found, strict=True):
        row.errors += faults
    return rows


def invitations_of(rows: Sequence[Row]) -> list[Invitation]:
    """Return the invitations of rows that are all in order; raises NotAnInvitation."""
    faults = [
        replace(fault, pointer=f"/{index}{fault.pointer}")
        for index, row in enumerate(rows)
        for fault in row.errors
    ]
    if faults:
        raise NotAnInvitation(_("Nobody was invited; some rows have faults."), faults=faults)
    return [row.invitation for row in rows if row.invitation]


def invitation_of(fields: dict[str, Any], choices: Choices) -> Invitation:
    """Return the invitation of validated fields; raises NotOfThisOrganization."""
    return Invitation(
        email=fields["email"],
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        language=fields["language"],
        grants=chosen_grants(choices, fields),
    )


def _read(shape: InvitationSerializer, written: Any) -> Row:
    email = str(written.get("email", "")) if isinstance(written, dict) else ""
    try:
        return Row(email=email, fields=shape.run_validation(written))
    except exceptions.ValidationError as error:
        return Row(email=email, errors=faults_in(error.get_full_details()))


def _resolve(row: Row, fields: dict[str, Any], choices: Choices) -> None:
    try:
        row.invitation = invitation_of(fields, choices)
    except NotOfThisOrganization as refusal:
        row.errors += refusal.faults
