"""Coming in by the domain of one's own proved address, or founding an organization of one's own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, Invalid, NotAllowed
from orgs.models import Domain, Membership, Organization, User
from orgs.models.domains import DomainQuerySet
from orgs.services.domain_names import domain_of, is_public_mail_domain
from orgs.services.domains import name_domain
from orgs.services.organizations import NoSuchOrganization, found_organization
from orgs.services.people import MembershipInactive
from orgs.services.provisioning import Grants, provision_member

MOST_OFFERED = 100
JoinPolicy = Domain.JoinPolicy


class NeedsApproval(Conflict):
    code = "needs_approval"


class AlreadyMember(Conflict):
    code = "already_member"


class EmailNotProved(NotAllowed):
    code = "email_not_proved"


@dataclass(frozen=True, slots=True)
class Joinable:
    """An organization that a domain of the person's offers, and how they come in."""

    organization: Organization
    domain: str
    is_proved: bool
    policy: Domain.JoinPolicy


def joinable_organizations(user: User) -> list[Joinable]:
    """Return what the domains of the person's proved addresses offer, the most open first.

    Each organization once, and none that knows the person already, whether it lets them in or not.
    """
    offers = _offers_to(user).exclude(organization__memberships__user=user)
    ordered = offers.select_related("organization").order_by(
        "join_policy", F("proved_at").asc(nulls_last=True), "organization__name"
    )
    return _each_once(ordered[:MOST_OFFERED])


def offered_organization(user: User, organization_id: UUID) -> Organization:
    """Return an organization that is offered to the person or knows them.

    Raises NoSuchOrganization.
    """
    offers = _offers_to(user).values("organization")
    visible = Organization.objects.filter(
        Q(pk__in=offers) | Q(pk__in=user.memberships.values("organization"))
    )
    organization = visible.filter(pk=organization_id).first()
    if organization is None:
        raise _not_offered()
    return organization


@transaction.atomic
def join_organization(organization: Organization, *, user: User, now: datetime) -> Membership:
    """Make the person a member with role *user*, where their domain lets them in by itself.

    Raises AlreadyMember, MembershipInactive, NoSuchOrganization or NeedsApproval.
    """
    # The rows are held, so that neither the policy nor the membership changes meanwhile.
    offers = list(_offers_to(user).filter(organization=organization).select_for_update())
    membership = organization.memberships.filter(user=user).first()
    if membership and membership.is_active:
        raise AlreadyMember(_("You are a member already."))
    if membership:
        raise MembershipInactive(_("You were a member and were let go; ask an owner or an admin."))
    if not offers:
        raise _not_offered()
    if not any(offer.is_proved and offer.join_policy == JoinPolicy.AUTOMATIC for offer in offers):
        raise NeedsApproval(_("Somebody there has to let you in; send a request."))
    admission = provision_member(user, organization=organization, grants=Grants(), by=user, now=now)
    return admission.membership


@transaction.atomic
def found_own_organization(
    name: str,
    *,
    owner: User,
    domain: str = "",
    join_policy: Domain.JoinPolicy = JoinPolicy.REQUEST,
    now: datetime,
) -> Organization:
    """Make an organization for somebody who has proved an address, and name its domain, if any.

    Raises EmailNotProved, NotAName or what name_domain does.
    """
    if not owner.is_active or not _proved_domains(owner):
        raise EmailNotProved(_("Prove your e-mail address first."))
    organization = found_organization(name, owner=owner)
    if domain:
        _name_first_domain(organization, domain, join_policy, now=now, owner=owner)
    return organization


def own_domain(user: User) -> str:
    """Return the domain that the person's organization most likely has; nothing for public mail."""
    domain = domain_of(user.email)
    return "" if is_public_mail_domain(domain) else domain


def _offers_to(user: User) -> DomainQuerySet:
    """Match the domains by which organizations show themselves to this person."""
    named = [name for name in _proved_domains(user) if not is_public_mail_domain(name)]
    return Domain.objects.joinable().filter(name__in=named)


def _proved_domains(user: User) -> set[str]:
    proved = EmailAddress.objects.filter(user=user, verified=True)
    return {domain_of(email) for email in proved.values_list("email", flat=True)}


def _each_once(offers: Iterable[Domain]) -> list[Joinable]:
    """Keep the first offer of each organization."""
    first: dict[UUID, Joinable] = {}
    for offer in offers:
        joinable = Joinable(
            offer.organization, offer.name, offer.is_proved, JoinPolicy(offer.join_policy)
        )
        first.setdefault(offer.organization_id, joinable)
    return list(first.values())


def _name_first_domain(
    organization: Organization,
    name: str,
    join_policy: Domain.JoinPolicy,
    *,
    owner: User,
    now: datetime,
) -> None:
    try:
        name_domain(organization, name=name, join_policy=join_policy, by=owner, now=now)
    except Invalid as refusal:  # whose `/name` is the domain's, not the organization's
        refusal.faults = tuple(
            replace(fault, pointer="/domain") if fault.pointer == "/name" else fault
            for fault in refusal.faults
        )
        raise


def _not_offered() -> NoSuchOrganization:
    return NoSuchOrganization(_("There is no such organization."))
