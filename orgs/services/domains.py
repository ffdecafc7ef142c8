"""The domains that organizations name as theirs: naming, joining by them, letting them go."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Domain, Organization, User
from orgs.models.domains import DomainQuerySet
from orgs.services.audit import record_event
from orgs.services.domain_names import domain_of, normal_domain

JoinPolicy = Domain.JoinPolicy
# More than anybody needs; each is looked up daily, and all stand on one page.
MOST_DOMAINS = 100


class DomainNamed(Conflict):
    code = "domain_named"


class TooManyDomains(Conflict):
    code = "too_many_domains"


class DomainUnproved(Invalid):
    """Joining without anybody's approval takes a domain that is surely the organization's."""

    code = "domain_unproved"


class DomainGone(NotFound):
    code = "domain_unknown"


def domains_of(organization: Organization, *, by: User) -> DomainQuerySet:
    """Return the domains that an organization names; raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return Domain.objects.filter(organization=organization)


def speaks_for(organization: Organization, email: str) -> bool:
    """Answer whether the organization has proved exactly the domain of this address."""
    return Domain.objects.proved().filter(organization=organization, name=domain_of(email)).exists()


@transaction.atomic
def name_domain(
    organization: Organization,
    *,
    name: str,
    join_policy: Domain.JoinPolicy = JoinPolicy.REQUEST,
    by: User,
    now: datetime,
) -> Domain:
    """Name a domain as the organization's, which proves nothing yet.

    Raises NotAllowed, NotADomain, PublicMailDomain, DomainUnproved, TooManyDomains or DomainNamed.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    if join_policy == JoinPolicy.AUTOMATIC:
        raise _domain_unproved()
    if organization.domains.count() >= MOST_DOMAINS:
        raise TooManyDomains(
            _("An organization names at most %(most)s domains.") % {"most": MOST_DOMAINS}
        )
    domain = _named(organization, normal_domain(name), join_policy, now)
    record_event(
        "domain.name",
        by=by,
        subject=domain,
        organization=organization,
        changes={"name": (None, domain.name), "join_policy": (None, str(join_policy))},
    )
    return domain


@transaction.atomic
def set_join_policy(domain: Domain, *, policy: Domain.JoinPolicy, by: User) -> Domain:
    """Say who may join by an address of this domain, and how.

    Raises NotAllowed, DomainUnproved or DomainGone.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, domain.organization)
    if policy == JoinPolicy.AUTOMATIC:  # lets people in, which support may not
        policies.require(by, policies.Act.MANAGE_PEOPLE, domain.organization)
    current = hold_domain(domain)
    if policy == JoinPolicy.AUTOMATIC and not current.is_proved:
        raise _domain_unproved()
    before, current.join_policy = current.join_policy, policy
    if before != policy:
        current.save(update_fields=["join_policy"])
        record_event(
            "domain.set_join_policy",
            by=by,
            subject=current,
            organization=current.organization,
            changes={"join_policy": (before, str(policy))},
        )
    return current


@transaction.atomic
def remove_domain(domain: Domain, *, by: User) -> None:
    """Name this domain no more; who joined by it stays. Raises NotAllowed or DomainGone."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, domain.organization)
    current = hold_domain(domain)
    record_event(
        "domain.remove",
        by=by,
        subject=current,
        organization=current.organization,
        changes={
            "name": (current.name, None),
            "join_policy": (current.join_policy, None),
            "proved_by": (current.proved_by, None),
        },
    )
    current.delete()


def count_members_at(domain: Domain, *, by: User) -> int:
    """Return how many members of the organization have an address at its domain.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, domain.organization)
    memberships = domain.organization.memberships
    return memberships.filter(user__email__iendswith=f"@{domain.name}").count()


def _named(
    organization: Organization, name: str, join_policy: Domain.JoinPolicy, now: datetime
) -> Domain:
    """Save a new domain; raises DomainNamed where its organization has named it before."""
    try:
        with transaction.atomic():
            return Domain.objects.create(
                organization=organization, name=name, join_policy=join_policy, created_at=now
            )
    except IntegrityError as error:
        sentence = _("%(organization)s names %(name)s already.")
        sentence %= {"organization": organization, "name": name}
        fault = FieldFault("/name", sentence, DomainNamed.code)
        raise DomainNamed(sentence, faults=[fault]) from error


def hold_domain(domain: Domain) -> Domain:
    """Return the domain as it stands now, and hold it until the transaction ends.

    Raises DomainGone.
    """
    rows = Domain.objects.select_for_update(of=("self",), no_key=True)
    current = rows.select_related("organization").filter(pk=domain.pk).first()
    if current is None:
        raise DomainGone(_("This domain was removed."))
    return current


def _domain_unproved() -> DomainUnproved:
    """Return the refusal that names the field."""
    sentence = _("Prove the domain first; until then people can request to join.")
    return DomainUnproved(
        sentence, faults=[FieldFault("/join_policy", sentence, "domain_unproved")]
    )
