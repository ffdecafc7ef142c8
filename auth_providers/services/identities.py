"""Outside identities of people: who issuer and subject stand for."""

import hashlib

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from auth_providers.models import LinkedIdentity, OAuthConfiguration
from jigxmgmt.errors import Conflict
from orgs.models import User
from orgs.services.audit import record_event

ISSUER_LENGTH = 450  # with all that is added to it, it has to fit the column
KEYS_LENGTH = 12


class IdentityTaken(Conflict):
    code = "identity_taken"


def issuer_as_known(configuration: OAuthConfiguration, issuer: str) -> str:
    """Return under which issuer a provider's identities are kept: one organization's alone.

    Where one issuer serves many clients, each organization has one of its own, and comes by ID
    tokens of whoever signs in there: to another organization they say nothing. Nor do keys that an
    organization names itself say whom other keys knew, since whoever names them may sign as
    anybody. No issuer has a fragment (OpenID Connect Discovery 3).
    """
    known = f"{issuer[:ISSUER_LENGTH]}#{configuration.organization_id}"
    if not configuration.jwks_uri:
        return known
    keys = hashlib.sha256(configuration.jwks_uri.encode()).hexdigest()
    return f"{known}#{keys[:KEYS_LENGTH]}"


def find_identified(issuer: str, subject: str) -> User | None:
    """Return whose outside identity this is (OpenID Connect Core 5.7), if it is anybody's.

    An organization's identities end with the membership in whose time they were linked: the
    account of who comes again may by now open other organizations alone.
    """
    return _user_of(LinkedIdentity.objects.standing(), issuer, subject)


def find_former(issuer: str, subject: str) -> User | None:
    """Return whose outside identity this was until their membership ended."""
    return _user_of(LinkedIdentity.objects.stale(), issuer, subject)


def _user_of(identities: QuerySet[LinkedIdentity], issuer: str, subject: str) -> User | None:
    if not issuer or not subject:
        return None
    known = identities.filter(issuer=issuer, subject=subject).select_related("user")
    # Both are case sensitive, and some databases are not.
    same = (row for row in known if (row.issuer, row.subject) == (issuer, subject))
    identity = next(same, None)
    return identity.user if identity else None


@transaction.atomic
def link_identity(user: User, *, issuer: str, subject: str, by: User | None) -> LinkedIdentity:
    """Tie an outside identity to a person; once more does nothing.

    The caller has made sure that the identity and the account are the same person's, and that no
    membership ends meanwhile. Raises IdentityTaken.
    """
    LinkedIdentity.objects.stale().filter(issuer=issuer, subject=subject).delete()
    identity, is_new = LinkedIdentity.objects.get_or_create(
        issuer=issuer, subject=subject, defaults={"user": user}
    )
    if identity.user_id != user.pk:
        raise IdentityTaken(_("This identity belongs to another account; look again."))
    if is_new:
        record_event("identity.link", by=by, subject=user, changes={"issuer": (None, issuer)})
    return identity


@transaction.atomic
def unlink_identities(user: User) -> None:
    """Untie all outside identities of a person; the caller has asked whether they may go."""
    for identity in LinkedIdentity.objects.filter(user=user):
        changes = {"issuer": (identity.issuer, None)}
        record_event("identity.unlink", by=user, subject=user, changes=changes)
        identity.delete()
