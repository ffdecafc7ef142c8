"""Closing a person's account to everybody, and opening it again. For operators."""

from datetime import datetime

from django.db import transaction

from auth_providers.cognito import Pool, configured_pool
from auth_providers.services.ended_access import end_all_access
from auth_providers.services.user_pool import pool_refusals
from orgs.models import User
from orgs.services.audit import record_event


def disable_account(user: User, *, now: datetime) -> bool:
    """Let the person in nowhere any more, and end all that is open; false when it was so already.

    Memberships and roles stay. It waits for the network, so call it in no transaction. Raises
    PoolBusy or PoolAway, and then nothing has changed; a second time ends what was left half done.
    """
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        return False
    if pool := _pool_of(user):
        with pool_refusals():
            pool.disable(user.email)
    with transaction.atomic():
        is_disabled = User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
        if is_disabled:
            end_all_access(user, organization=None, now=now)
            changes = {"is_active": (True, False)}
            record_event("user.disable", by=None, subject=user, changes=changes)
    return bool(is_disabled)


def enable_account(user: User) -> bool:
    """Let the person in again; false when they were not out. Raises as disable_account."""
    if not User.objects.filter(pk=user.pk, is_active=False).exists():
        return False
    if pool := _pool_of(user):
        with pool_refusals():
            pool.enable(user.email)
    with transaction.atomic():
        is_enabled = User.objects.filter(pk=user.pk, is_active=False).update(is_active=True)
        if is_enabled:
            changes = {"is_active": (False, True)}
            record_event("user.enable", by=None, subject=user, changes=changes)
    return bool(is_enabled)


def _pool_of(user: User) -> Pool | None:
    """Return the user pool that keeps this person's password, if one does."""
    pool = configured_pool()
    return pool if pool and user.identities.filter(issuer=pool.issuer).exists() else None
