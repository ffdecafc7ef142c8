"""Founding an organization, and what operators open for it."""

from collections.abc import Sequence
from ipaddress import ip_network
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs.models import Membership, Organization, User
from orgs.models.addresses import normal_email
from orgs.services.audit import record_event
from orgs.services.people import admit_member

NAME_LENGTH = 100


class NotAName(Invalid):
    code = "name_invalid"


class NoSuchOrganization(NotFound):
    code = "organization_unknown"


class NoSuchPerson(NotFound):
    code = "person_unknown"


class SeveralOrganizations(Conflict):
    code = "organization_ambiguous"


class NotANetwork(Invalid):
    code = "network_invalid"


@transaction.atomic
def found_organization(name: str, *, owner: User) -> Organization:
    """Make an organization whose founder is its owner; raises NotAName."""
    organization = Organization.objects.create(name=checked_organization_name(name))
    record_event("organization.create", by=owner, subject=organization, organization=organization)
    admit_member(owner, organization=organization, role=Membership.Role.OWNER, by=owner)
    return organization


def checked_organization_name(name: str) -> str:
    """Return the name without spaces around it; raises NotAName."""
    name = name.strip()
    if 0 < len(name) <= NAME_LENGTH and name.isprintable():
        return name
    sentence = _("A name has 1 to %(most)s printable characters.") % {"most": NAME_LENGTH}
    raise NotAName(sentence, faults=[FieldFault("/name", sentence, NotAName.code)])


def find_own_organization(user: User, organization_id: UUID) -> Organization:
    """Return an organization that the person is in; raises NoSuchOrganization."""
    mine = user.memberships.active().filter(organization=organization_id)
    membership = mine.select_related("organization").first()
    if membership is None:
        raise NoSuchOrganization(_("There is no such organization."))
    return membership.organization


def find_organization(name_or_id: str) -> Organization:
    """Return the organization of this name or id, for commands.

    Raises NoSuchOrganization, or SeveralOrganizations when the name alone does not tell.
    """
    found = list(Organization.objects.filter(_names(name_or_id))[:2])
    if not found:
        raise NoSuchOrganization(_("There is no organization “%(name)s”.") % {"name": name_or_id})
    if len(found) > 1:
        raise SeveralOrganizations(_("Several organizations have this name; give the id."))
    return found[0]


def _names(name_or_id: str) -> Q:
    try:
        return Q(pk=UUID(name_or_id))
    except ValueError:
        return Q(name=name_or_id)


@transaction.atomic
def allow_networks(organization: Organization, *, networks: Sequence[str], by: User | None) -> None:
    """Let this organization's functions reach these private networks; replaces the list.

    For operators. Raises NotANetwork.
    """
    try:
        wanted = [str(ip_network(network)) for network in networks]
    except ValueError as error:
        raise NotANetwork(f"{error}.") from error
    before = organization.allowed_networks
    if before == wanted:
        return
    organization.allowed_networks = wanted
    organization.save(update_fields=["allowed_networks"])
    record_event(
        "organization.allow_networks",
        by=by,
        subject=organization,
        organization=organization,
        changes={"allowed_networks": (before, wanted)},
    )


def find_person(organization: Organization, email: str | None) -> User:
    """Return the member of this address, or the first owner, for commands.

    Raises NoSuchPerson.
    """
    members = organization.memberships.active().select_related("user")
    wanted = members.filter(user__email=normal_email(email)) if email else members.owners()
    member = wanted.order_by("created_at").first()
    if member is None:
        sentence = (
            _("%(organization)s has no member %(email)s.")
            if email
            else _("%(organization)s has no member who is an owner.")
        )
        raise NoSuchPerson(sentence % {"organization": organization, "email": email})
    return member.user
