"""Outside identities of people: who issuer and subject stand for."""

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import LinkedIdentity
from jigxmgmt.errors import Conflict
from orgs.models import User
from orgs.services.audit import record_event


class IdentityTaken(Conflict):
    code = "identity_taken"


def find_identified(issuer: str, subject: str) -> User | None:
    """Return whose outside identity this is (OpenID Connect Core 5.7), if it is anybody's."""
    if not issuer or not subject:
        return None
    known = LinkedIdentity.objects.filter(issuer=issuer, subject=subject)
    identity = known.select_related("user").first()
    return identity.user if identity else None


@transaction.atomic
def link_identity(user: User, *, issuer: str, subject: str, by: User | None) -> LinkedIdentity:
    """Tie an outside identity to a person; once more does nothing.

    The caller has made sure that the identity and the account are the same person's.
    Raises IdentityTaken.
    """
    identity, is_new = LinkedIdentity.objects.get_or_create(
        issuer=issuer, subject=subject, defaults={"user": user}
    )
    if identity.user_id != user.pk:
        raise IdentityTaken(_("This identity belongs to another account; look again."))
    if is_new:
        record_event("identity.link", by=by, subject=user, changes={"issuer": (None, issuer)})
    return identity


@transaction.atomic
def unlink_claimed(address: EmailAddress) -> None:
    """Untie the outside identities of whose first proved address this is, now that it is proved.

    They were linked when an approval made the account, on the claim of somebody who had proved no
    mailbox; else they would wait in the account for its owner. Once another address is proved,
    the links are its owner's own, and stay.
    """
    user = address.user
    proved = EmailAddress.objects.filter(user=user, verified=True)
    if proved.exclude(pk=address.pk).exists():
        return
    for identity in LinkedIdentity.objects.filter(user=user):
        changes = {"issuer": (identity.issuer, None)}
        record_event("identity.unlink", by=user, subject=user, changes=changes)
        identity.delete()
