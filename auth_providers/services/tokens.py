"""Who is calling: the one place that turns a bearer token into a person."""

from datetime import datetime
from hashlib import sha256

from django.db.models import CharField, DateTimeField, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from oauth2_provider.models import RefreshToken

from auth_providers.http import Caller
from auth_providers.models import Device, PersonalAccessToken
from auth_providers.services.scopes import DEVICE_SCOPES
from jigxmgmt.errors import DomainError, NotAllowed
from jigxmgmt.prepared import Prepared, later
from orgs.models import Membership

__all__ = ["Caller", "NotSignedIn", "ScopeMissing", "identify", "personal_digest", "require_scope"]

PERSONAL_PREFIX = "jxp_"


class NotSignedIn(DomainError):
    """No token, or one that is unknown, expired, revoked or of somebody who may not any more."""

    code = "unauthenticated"
    status = 401


class ScopeMissing(NotAllowed):
    code = "insufficient_scope"


def identify(token: str, *, now: datetime | None = None) -> Caller:
    """Return who this bearer token stands for, by one query; raises NotSignedIn.

    Valid is checked at use: the person is active, the device neither revoked nor past its
    lifetime, the app still there, and for an organization's app the membership active.
    """
    now = now or timezone.now()
    if token.startswith(PERSONAL_PREFIX):
        return _identify_person(token, now)
    return _identify_device(token, now)


def require_scope(caller: Caller, scope: str) -> None:
    """Raise ScopeMissing when the caller's token does not reach this far."""
    if scope not in caller.scopes:
        raise ScopeMissing(_("This token lacks the scope %(scope)s.") % {"scope": scope})


def personal_digest(token: str) -> str:
    """Return the keyed digest under which a personal access token is kept, in hexadecimal."""
    return salted_hmac(
        "auth_providers.personal_access_token", token, algorithm="sha256"
    ).hexdigest()


def _identify_device(token: str, now: datetime) -> Caller:
    # The library keeps a plain SHA-256 of a token; tokens are random, so no key is needed.
    device = _DEVICE.first(now=now, checksum=sha256(token.encode()).hexdigest())
    if device is None:
        raise NotSignedIn(_("This token is unknown, expired or revoked."))
    if device.touch(now):
        _note_presence(device, now)
    return Caller(user=device.user, device=device, scopes=DEVICE_SCOPES)


def _note_presence(device: Device, now: datetime) -> None:
    """Show the person as seen where the device's app reaches."""
    reached = Membership.objects.filter(user=device.user, is_active=True)
    if device.app.organization_id:
        reached = reached.filter(organization=device.app.organization_id)
    reached.update(last_seen_at=now)


def _identify_person(token: str, now: datetime) -> Caller:
    personal = _PERSONAL.first(now=now, digest=personal_digest(token))
    if personal is None:
        raise NotSignedIn(_("This token is unknown, expired or revoked."))
    personal.touch(now)
    return Caller(
        user=personal.user, personal_access_token=personal, scopes=frozenset(personal.scopes)
    )


def _device_of_token() -> QuerySet[Device]:
    now = later("now", DateTimeField())
    pair = RefreshToken.objects.filter(
        access_token__token_checksum=later("checksum", CharField()),
        access_token__expires__gt=now,
        revoked__isnull=True,
    )
    usable = Device.objects.usable(now).filter(token_family__in=pair.values("token_family"))
    return usable.select_related("user", "app").order_by()


def _personal_of_token() -> QuerySet[PersonalAccessToken]:
    usable = PersonalAccessToken.objects.usable(later("now", DateTimeField()))
    return usable.filter(digest=later("digest", CharField())).select_related("user").order_by()


_DEVICE = Prepared(_device_of_token)
_PERSONAL = Prepared(_personal_of_token)
