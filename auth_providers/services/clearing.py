"""Forgetting what has ended."""

from datetime import datetime, timedelta

from django.db.models import Q
from oauth2_provider.models import clear_expired

from auth_providers.models import (
    Device,
    EmailCode,
    LinkedIdentity,
    OutsideGrant,
    PersonalAccessToken,
    RefreshRepeat,
    SignInTransaction,
)
from auth_providers.services.rotation import REPEATABLE_FOR
from orgs.models import IdempotentRequest
from orgs.services.access_offers import forget_offers

KEPT_AFTER_END = timedelta(days=30)
NAMES_KEPT = timedelta(days=1)  # for who registers and asks for another code after a pause


def clear_expired_tokens(*, now: datetime) -> int:
    """Delete what has ended and return how many rows of ours that were.

    Devices and personal tokens stay listed for a month after their end. The library deletes its
    own: codes, tokens, and spent refresh tokens once they could not be presented again anyway.
    """
    clear_expired()
    long_ago = now - KEPT_AFTER_END
    ended = Q(revoked_at__lte=long_ago) | Q(expires_at__lte=long_ago)
    cleared = [
        RefreshRepeat.objects.filter(created_at__lte=now - REPEATABLE_FOR).delete(),
        IdempotentRequest.objects.expired(now).delete(),
        EmailCode.objects.filter(expires_at__lte=now - NAMES_KEPT).delete(),
        SignInTransaction.objects.filter(expires_at__lte=now).delete(),
        PersonalAccessToken.objects.filter(ended).delete(),
        Device.objects.filter(ended).delete(),
        OutsideGrant.objects.exclude(pk__in=OutsideGrant.objects.standing().values("pk")).delete(),
        LinkedIdentity.objects.forgettable().delete(),
    ]
    return sum(count for count, _ in cleared) + forget_offers(now=now)
