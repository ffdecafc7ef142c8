"""Request tokens: how somebody without an account asks to be let in."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, NotFound
from orgs.models import AccessOffer, JoinRequest, Organization
from orgs.services.join_requests import open_join_request
from orgs.services.people import checked_email

USABLE_FOR = timedelta(minutes=15)
READABLE_FOR = timedelta(days=30)


class NoSuchOffer(NotFound):
    code = "request_token_unknown"


class OfferExpired(Conflict):
    code = "request_token_expired"


class OfferUsed(Conflict):
    code = "already_requested"


def offer_access(
    organization: Organization,
    *,
    email: str,
    first_name: str,
    last_name: str,
    issuer: str,
    subject: str,
    device: str,
    now: datetime,
) -> str:
    """Return a request token for somebody whom single sign-on knows and who has no access here.

    It is good for one request within fifteen minutes, and for thirty days more to read and
    withdraw that. Issuer and subject are blank where none was proved. Raises NotAnAddress.
    """
    token = secrets.token_urlsafe(32)
    AccessOffer.objects.create(
        organization=organization,
        token_digest=_digest(token),
        email=checked_email(email),
        first_name=first_name[:100],
        last_name=last_name[:100],
        issuer=issuer,
        subject=subject,
        device=device[:200],
        created_at=now,
        expires_at=now + USABLE_FOR,
    )
    return token


@transaction.atomic
def request_by_offer(
    token: str, *, organization_id: UUID, message: str, now: datetime
) -> JoinRequest:
    """Make the one request that a token is good for.

    Raises NoSuchOffer, OfferUsed, OfferExpired or AlreadyRequested.
    """
    # The lock lets one at a time look whether it is used.
    offer = _offers().select_for_update(of=("self",)).filter(token_digest=_digest(token)).first()
    if offer is None or offer.organization_id != organization_id:
        raise NoSuchOffer(_("There is no such request token."))
    if offer.join_request_id:
        raise OfferUsed(_("This request was made before."))
    if offer.expires_at <= now:
        raise OfferExpired(_("Too much time has passed; sign in again to ask."))
    wanted = JoinRequest(
        organization=offer.organization,
        email=offer.email,
        first_name=offer.first_name,
        last_name=offer.last_name,
        issuer=offer.issuer,
        subject=offer.subject,
        message=message,
        device=offer.device,
        source=JoinRequest.Source.SINGLE_SIGN_ON,
        created_at=now,
    )
    offer.join_request = open_join_request(wanted, by=None)
    offer.save(update_fields=["join_request"])
    return offer.join_request


def find_offered_request(token: str, *, now: datetime) -> JoinRequest:
    """Return the request that was made with this token; raises NoSuchOffer."""
    since = now - READABLE_FOR
    made = _offers().filter(token_digest=_digest(token), join_request__created_at__gt=since)
    offer = made.select_related("join_request__organization").first()
    if offer is None or offer.join_request is None:
        raise NoSuchOffer(_("There is no request of this token."))
    return offer.join_request


def forget_offers(*, now: datetime) -> int:
    """Delete what is good for nothing any more; return how many there were."""
    unused = Q(join_request=None, expires_at__lte=now)
    long_ago = Q(join_request__created_at__lte=now - READABLE_FOR)
    forgotten, _per_model = AccessOffer.objects.filter(unused | long_ago).delete()
    return forgotten


def _offers() -> QuerySet[AccessOffer]:
    return AccessOffer.objects.select_related("organization")


def _digest(token: str) -> str:
    return salted_hmac("orgs.access_offer", token, algorithm="sha256").hexdigest()
