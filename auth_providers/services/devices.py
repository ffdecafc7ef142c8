"""Where a person is signed in, and ending it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from oauth2_provider.models import RefreshToken

from auth_providers.models import Device, RefreshRepeat
from jigxmgmt.errors import NotAllowed
from orgs.models import Organization, User
from orgs.services.audit import record_event


@transaction.atomic
def revoke_device(device: Device, *, by: User, now: datetime) -> None:
    """End the sign-in on a device and kill its whole token family.

    For its person and for operators; raises NotAllowed.
    """
    if device.user_id != by.pk and not by.is_staff:
        raise NotAllowed(_("This is not your device."))
    end_device(device, act="device.revoke", by=by, now=now)


@transaction.atomic
def sign_out(device: Device, *, now: datetime) -> None:
    """End the sign-in on the calling device and kill its whole token family."""
    end_device(device, act="device.sign_out", by=device.user, now=now)


@transaction.atomic
def revoke_for_reuse(
    device: Device, *, now: datetime, reason: str = "refresh_token_reused"
) -> None:
    """End the sign-in on a device whose refresh token, or code, came twice (RFC 9700 4.14.2)."""
    # By its person, as whom the token came; the reason tells that it may have been a thief.
    end_device(device, act="device.revoke", by=device.user, now=now, reason=reason)


def end_device(
    device: Device,
    *,
    act: str,
    by: User | None,
    now: datetime,
    reason: str | None = None,
    organization: Organization | None = None,
) -> None:
    """End a sign-in, once; the caller has asked whether `by` may, None for a directory.

    It is recorded in the organization of the app, or in the one that is given.
    """
    # First the device: a refresh that runs meanwhile locks this row and then sees it.
    is_first = device.revoke(now)
    RefreshToken.revoke_family(device.token_family)
    RefreshRepeat.objects.filter(device=device).delete()
    if is_first:
        record_event(
            act,
            by=by,
            subject=device,
            organization=organization or device.app.organization,
            changes={"reason": (None, reason)} if reason else None,
        )
