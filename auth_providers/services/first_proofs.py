"""An account that was made on a claim, and whose address somebody now proves for the first time."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from auth_providers.services.ended_access import end_all_access
from auth_providers.services.identities import unlink_identities
from orgs.models import User
from orgs.services.audit import acting_as, record_event


@transaction.atomic
def end_claimed_access(address: EmailAddress, *, now: datetime, spared_session: str = "") -> None:
    """End every way into the account of whose first proved address this is, before it is proved.

    They are those of whoever claimed the address: an approval or a provider made the account, and
    no mailbox was asked. Else they would wait in it for its owner. The session that proves it now
    is spared; once another address is proved, all that there is is its owner's own, and stays.
    """
    user = address.user
    proved = EmailAddress.objects.filter(user=user, verified=True)
    if proved.exclude(pk=address.pk).exists():
        return
    unlink_identities(user)
    with acting_as(str(user)):
        end_all_access(user, organization=None, now=now, spared_session=spared_session)
    _end_means(user)


def _end_means(user: User) -> None:
    """Take away password and authenticators; an operator was made with theirs by a command."""
    had_password = user.has_usable_password() and not user.is_staff
    if had_password:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    ended, _ = Authenticator.objects.filter(user=user).delete()
    if ended or had_password:
        changes = {"authenticators": (ended, 0), "password": (had_password, False)}
        record_event("user.end_claims", by=user, subject=user, changes=changes)
