"""The first organization, its owner, the installation's app and a token, from nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from auth_providers.models import App
from auth_providers.services.apps import installation_app
from auth_providers.services.personal_access_tokens import (
    create_personal_access_token,
    revoke_personal_access_token,
)
from auth_providers.services.scopes import ALL_SCOPES
from orgs.models import AuditEvent, Membership, Organization, User
from orgs.services.audit import record_event
from orgs.services.members import enable_member
from orgs.services.organizations import (
    NoSuchOrganization,
    checked_organization_name,
    find_organization,
    found_organization,
)
from orgs.services.people import register_person, set_member_role
from orgs.services.provisioning import Grants, provision_member

TOKEN_NAME = "bootstrap"  # noqa: S105 (what people read in the list of their tokens)
TOKEN_GIVEN = "user.bootstrap"  # noqa: S105 (the act in the audit log)


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What stands afterwards; the secret only when it was made by this very run."""

    organization: Organization
    app: App
    personal_access_token: str | None = field(default=None, repr=False)


@transaction.atomic
def bootstrap(
    email: str,
    *,
    password: str,
    organization_name: str,
    app_user: str | None,
    rotate_token: bool,
    now: datetime,
) -> Bootstrapped:
    """Make what is missing of owner, organization, app user, app and token; change nothing else.

    A person who exists keeps their password, and a member who was let go is let back in. The
    token is given to an owner once, or again when it is to be rotated. Raises NotAnAddress,
    WeakPassword, NotAName or SeveralOrganizations.
    """
    owner = _proved_person(email, password)
    organization = _organization_of(owner, checked_organization_name(organization_name), now)
    if app_user:
        _active_member(_proved_person(app_user, password), organization, now=now)
    secret = _token_of(owner, rotate=rotate_token, now=now)
    return Bootstrapped(organization, installation_app(), secret)


def _proved_person(email: str, password: str) -> User:
    user = register_person(email, password=password)
    if not EmailAddress.objects.filter(user=user).exists():  # one of createsuperuser's
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _organization_of(owner: User, name: str, now: datetime) -> Organization:
    """Return the organization of this name that the person owns, else make them its owner."""
    owned = owner.memberships.active().owners().filter(organization__name=name).first()
    if owned:
        return owned.organization
    try:
        organization = find_organization(name)
    except NoSuchOrganization:
        return found_organization(name, owner=owner)
    membership = _active_member(owner, organization, role=Membership.Role.OWNER, now=now)
    set_member_role(membership, role=Membership.Role.OWNER, by=None)
    return organization


def _active_member(
    person: User,
    organization: Organization,
    *,
    role: Membership.Role = Membership.Role.USER,
    now: datetime,
) -> Membership:
    """Return the person's membership, of this role if it is new, and active in any case."""
    for inactive in person.memberships.filter(organization=organization, is_active=False):
        enable_member(inactive, by=None, now=now)
    grants = Grants(role)
    admission = provision_member(person, organization=organization, grants=grants, by=None, now=now)
    return admission.membership


def _token_of(owner: User, *, rotate: bool, now: datetime) -> str | None:
    # The audit log remembers for good; the token's own row goes a month after its end.
    was_given = AuditEvent.objects.filter(act=TOKEN_GIVEN, subject_id=str(owner.pk)).exists()
    if was_given and not rotate:
        return None
    record_event(TOKEN_GIVEN, by=None, subject=owner)
    for token in owner.personal_access_tokens.filter(name=TOKEN_NAME).live(now):
        revoke_personal_access_token(token, by=None, now=now)
    created = create_personal_access_token(
        owner, name=TOKEN_NAME, scopes=ALL_SCOPES, by=None, now=now
    )
    return created.secret
