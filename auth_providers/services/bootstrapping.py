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
from orgs.models import Membership, Organization, User
from orgs.services.organizations import NoSuchOrganization, find_organization, found_organization
from orgs.services.people import admit_member, register_person

TOKEN_NAME = "bootstrap"  # noqa: S105 (what people read in the list of their tokens)


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

    A person who exists keeps their password. Raises NotAnAddress, WeakPassword or
    SeveralOrganizations.
    """
    owner = _proved_person(email, password)
    organization = _organization_of(owner, organization_name)
    if app_user:
        person = _proved_person(app_user, password)
        admit_member(person, organization=organization, role=Membership.Role.USER, by=None)
    secret = _token_of(owner, rotate=rotate_token, now=now)
    return Bootstrapped(organization, installation_app(), secret)


def _proved_person(email: str, password: str) -> User:
    user = register_person(email, password=password)
    if not EmailAddress.objects.filter(user=user).exists():  # one of createsuperuser's
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _organization_of(owner: User, name: str) -> Organization:
    """Return the organization of this name that the person owns, else make them its owner."""
    owned = owner.memberships.active().owners().filter(organization__name=name).first()
    if owned:
        return owned.organization
    try:
        organization = find_organization(name)
    except NoSuchOrganization:
        return found_organization(name, owner=owner)
    admit_member(owner, organization=organization, role=Membership.Role.OWNER, by=None)
    return organization


def _token_of(owner: User, *, rotate: bool, now: datetime) -> str | None:
    earlier = owner.personal_access_tokens.filter(name=TOKEN_NAME)
    if earlier.exists() and not rotate:
        return None
    for token in earlier.live(now):
        revoke_personal_access_token(token, by=None, now=now)
    created = create_personal_access_token(
        owner, name=TOKEN_NAME, scopes=ALL_SCOPES, by=None, now=now
    )
    return created.secret
