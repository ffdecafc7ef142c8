"""The token with which an organization's directory calls SCIM."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from auth_providers.models import ScimToken
from auth_providers.services.tokens import NotSignedIn
from jigxmgmt.errors import NotFound
from orgs import policies
from orgs.models import Organization, User
from orgs.services.audit import record_event

PREFIX = "jxs_"
SHOWN = 8
NOTED_EVERY = timedelta(minutes=1)


class NoScimToken(NotFound):
    code = "scim_token_unknown"


@dataclass(frozen=True, slots=True)
class CreatedScimToken:
    """The only moment at which the secret is known."""

    token: ScimToken
    secret: str = field(repr=False)


def find_scim_token(organization: Organization, *, by: User) -> ScimToken | None:
    """Return the organization's token, if it has one; raises NotAllowed."""
    _require(by, organization)
    known = ScimToken.objects.filter(organization=organization)
    return known.select_related("created_by").first()


@transaction.atomic
def make_scim_token(organization: Organization, *, by: User, now: datetime) -> CreatedScimToken:
    """Make a token in place of any older one, which is dead at once. Raises NotAllowed."""
    _require(by, organization)
    secret = PREFIX + secrets.token_urlsafe(32)
    token, is_new = ScimToken.objects.update_or_create(
        organization=organization,
        defaults={
            "prefix": secret[:SHOWN],
            "digest": _digest(secret),
            "created_by": by,
            "created_at": now,
            "last_used_at": None,
        },
    )
    act = "scim_token.create" if is_new else "scim_token.replace"
    record_event(act, by=by, subject=token, organization=organization)
    return CreatedScimToken(token, secret)


@transaction.atomic
def end_scim_token(organization: Organization, *, by: User) -> None:
    """Let the directory in no more; who came by it stays. Raises NotAllowed or NoScimToken."""
    _require(by, organization)
    token = ScimToken.objects.select_for_update().filter(organization=organization).first()
    if token is None:
        raise NoScimToken(_("There is no token of a directory."))
    record_event("scim_token.end", by=by, subject=token, organization=organization)
    token.delete()


def organization_of_directory(secret: str, *, now: datetime) -> Organization:
    """Return whose directory calls with this token; raises NotSignedIn."""
    known = ScimToken.objects.select_related("organization")
    token = known.filter(digest=_digest(secret)).first() if secret.startswith(PREFIX) else None
    if token is None:
        raise NotSignedIn(_("This token is unknown or was replaced."))
    if token.last_used_at is None or token.last_used_at <= now - NOTED_EVERY:
        ScimToken.objects.filter(digest=token.digest).update(last_used_at=now)
    return token.organization


def _require(by: User, organization: Organization) -> None:
    """The directory lets people in and out, so it takes both rights."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    policies.require(by, policies.Act.MANAGE_PEOPLE, organization)


def _digest(secret: str) -> str:
    return salted_hmac("auth_providers.scim_token", secret, algorithm="sha256").hexdigest()
