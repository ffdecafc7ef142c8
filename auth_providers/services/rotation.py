"""Refreshing a device's tokens: once each, except for a repeat after a lost answer."""

from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from oauth2_provider.models import RefreshToken

from auth_providers.models import App, Device, RefreshRepeat
from auth_providers.models.devices import DeviceQuerySet
from auth_providers.services.devices import revoke_for_reuse
from auth_providers.services.issuing import checksum_of
from jigxmgmt.errors import DomainError

REPEATABLE_FOR = timedelta(minutes=1)


class RefreshRefused(DomainError):
    """The token was used before, or its device may not refresh any more."""

    code = "invalid_grant"


def may_refresh(token: RefreshToken, *, key: str | None, now: datetime) -> bool:
    """Answer whether this refresh token is good, or spent and this is the repeat it allows."""
    device = _devices_of(token).usable(now).first()
    if device is None:
        return False
    return token.revoked is None or _repeat_of(device, token, key=key, now=now) is not None


def claim_rotation(token: RefreshToken, *, key: str | None, now: datetime) -> Device:
    """Take the device's row and with it the right to rotate; call inside a transaction.

    Of several that spend one token at once the row's lock lets the first through; the others
    find the token spent. Raises RefreshRefused.
    """
    _devices_of(token).select_for_update().first()
    # Asked again under the lock: a statement that waited for it may have looked before.
    device = _devices_of(token).usable(now).first()
    if device is None:
        raise RefreshRefused(_("This device is not signed in any more."))
    if RefreshToken.objects.filter(pk=token.pk, revoked__isnull=True).exists():
        return device
    repeat = _repeat_of(device, token, key=key, now=now)
    if repeat is None:
        raise RefreshRefused(_("This refresh token was used before."))
    RefreshToken.objects.get(pk=repeat.issued_token_id).revoke()
    return device


def record_rotation(
    device: Device, *, spent: RefreshToken, access_token: str, key: str | None, now: datetime
) -> None:
    """Note that the device has a new pair, unused so far, and the key that may repeat it."""
    Device.objects.filter(pk=device.pk).update(tokens_used_at=None)
    earlier = RefreshRepeat.objects.filter(device=device, spent_token_id=spent.pk).first()
    RefreshRepeat.objects.filter(device=device).delete()
    if key is None:
        return
    issued = RefreshToken.objects.get(access_token__token_checksum=checksum_of(access_token))
    RefreshRepeat.objects.create(
        device=device,
        key_digest=_key_digest(key),
        spent_token_id=spent.pk,
        issued_token_id=issued.pk,
        created_at=earlier.created_at if earlier else now,  # a repeat does not buy more time
    )


def kill_family(token: RefreshToken, *, now: datetime) -> None:
    """End the sign-in of a token that was presented twice, with all that came of it."""
    for device in _devices_of(token):
        revoke_for_reuse(device, now=now)


def end_device_of_code(code: str, *, app: App, now: datetime) -> None:
    """End the sign-in to which an authorization code led that comes again (RFC 6749 4.1.2)."""
    for device in Device.objects.live(now).filter(app=app, code_checksum=checksum_of(code)):
        revoke_for_reuse(device, now=now, reason="authorization_code_reused")


def _devices_of(token: RefreshToken) -> DeviceQuerySet:
    """Return the one device of the token's family; none for a token of no family."""
    families = RefreshToken.objects.filter(pk=token.pk).values("token_family")
    return Device.objects.filter(token_family__in=families)


def _repeat_of(
    device: Device, token: RefreshToken, *, key: str | None, now: datetime
) -> RefreshRepeat | None:
    """Return what lets this spent token be presented again: same key, in time, pair unused."""
    if key is None or device.tokens_used_at is not None:
        return None
    return RefreshRepeat.objects.filter(
        device=device,
        key_digest=_key_digest(key),
        spent_token_id=token.pk,
        created_at__gt=now - REPEATABLE_FOR,
        issued_token_id__in=RefreshToken.objects.filter(revoked__isnull=True).values("pk"),
    ).first()


def _key_digest(key: str) -> str:
    return salted_hmac("auth_providers.refresh_repeat", key, algorithm="sha256").hexdigest()
