"""Who gets in, at Acme on a usual day: one row of each kind that the pages of people show."""

from dataclasses import dataclass

from django.utils import timezone

from auth_providers.models import (
    LinkedIdentity,
    OAuthConfiguration,
    SingleSignOn,
    TestSignIn,
)
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from functions.services.oauth_credentials import save_oauth_alias
from functions.tests.factories import save_server
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
    tested: OAuthConfiguration


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
    for member in field.solution.members.filter(membership__user__in=[field.technician, owner]):
        connected(member)
    save_oauth_alias(
        field.solution,
        key="graph",
        configuration_id=OAuthConfigurationFactory.create(organization=organization).pk,
        allowed_origins=["https://graph.example.com"],
        by=owner,
    )
    save_server(field.solution, by=owner).note_test(failed_stage="")
    warehouse = save_server(
        field.solution, by=owner, name="warehouse", trusts_any_certificate=True, query_seconds=60
    )
    warehouse.note_test(failed_stage="tls")
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
        _sign_in_by_provider(organization, owner),
    )


def _sign_in_by_provider(organization: Organization, owner: User) -> OAuthConfiguration:
    configuration = OAuthConfigurationFactory.create(organization=organization)
    configuration.domains.create(pattern="acme.example")
    claims = {"sub": "00u1f9x", "email": owner.email, "groups": "field, admins"}
    TestSignIn.objects.create(configuration=configuration, user=owner, revision=1, claims=claims)
    settings = SingleSignOn.objects.create(organization=organization, is_enabled=True)
    settings.configurations.add(configuration)
    LinkedIdentity.objects.create(user=owner, issuer="https://idp.example", subject="00u1f9x")
    return configuration


def _invite(organization: Organization, owner: User) -> None:
    InviteFactory.create(organization=organization, invited_by=owner, token=TOKEN)
    for state in (Invite.State.BOUNCED, Invite.State.EXPIRED, Invite.State.REVOKED):
        InviteFactory.create(organization=organization, state=state)
