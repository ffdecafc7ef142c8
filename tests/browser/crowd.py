"""Who gets in, at Acme on a usual day: one row of each kind that the pages of people show."""

from dataclasses import dataclass

from django.utils import timezone

from orgs.models import (
    Domain,
    Invite,
    InviteTemplate,
    JoinRequest,
    Membership,
    Organization,
    SolutionGroup,
    User,
)
from orgs.services.groups import create_group
from orgs.services.provisioning import join_group
from orgs.tests.factories import DomainFactory, InviteFactory, JoinRequestFactory
from tests.people import Field

TOKEN = "link-of-the-invitation"


@dataclass(frozen=True)
class Crowd:
    technician: Membership
    founder: Membership
    group: SolutionGroup
    domain: Domain
    pending: JoinRequest
    approved: JoinRequest


def make_crowd(field: Field) -> Crowd:
    organization, owner = field.organization, field.owner
    technician = organization.memberships.get(user=field.technician)
    group = create_group(field.solution, name="North", by=owner)
    join_group(group, membership=technician, by=owner)
    _invite(organization, owner)
    InviteTemplate.objects.create(
        organization=organization, language="de", parameters={"heading": "Willkommen"}
    )
    DomainFactory.create(organization=organization, name="field.example")
    asking = {"organization": organization, "message": "I look after the north."}
    return Crowd(
        technician,
        organization.memberships.get(user=owner),
        group,
        DomainFactory.create(organization=organization, proved=True),
        JoinRequestFactory.create(offered=True, **asking),
        JoinRequestFactory.create(
            status=JoinRequest.Status.APPROVED,
            decided_by=owner,
            decided_at=timezone.now(),
            **asking,
        ),
    )


def _invite(organization: Organization, owner: User) -> None:
    InviteFactory.create(organization=organization, invited_by=owner, token=TOKEN)
    for state in (Invite.State.BOUNCED, Invite.State.EXPIRED, Invite.State.REVOKED):
        InviteFactory.create(organization=organization, state=state)
