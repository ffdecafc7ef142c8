"""Changing the keys of the vault while it is in use: what wraps data keys, and data keys."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Count
from django.db.models.deletion import RestrictedError

from auth_providers.models import DataKey, InstallationKey
from auth_providers.models.vault import WrappedKey
from auth_providers.services.installation_secrets import (
    numbers_in_use,
    reseal_seed,
    seeds_under_others,
)
from auth_providers.services.sealed_rows import (
    declared_rows,
    make_stale,
    reseal_row,
    rows_of,
    rows_under,
)
from auth_providers.services.vault import (
    VaultKeyMissing,
    key_provider,
    unwrapped,
    vault_refusals,
    wrapped_anew,
)
from auth_providers.vault import SealBroken
from orgs.models import Organization
from orgs.services.audit import record_event, record_events

# A request may hold what it sealed under a key for so long before it saves it.
HELD = timedelta(minutes=10)
BATCH = 100

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Rotated:
    """What became of sealed values and of the data keys that were superseded.

    A key waits while something may still come in that was sealed under it; the clock drops it.
    """

    resealed: int = 0
    broken: int = 0
    dropped: int = 0
    waiting: int = 0

    def add(self, other: "Rotated") -> None:
        self.resealed += other.resealed
        self.broken += other.broken
        self.dropped += other.dropped
        self.waiting += other.waiting


@dataclass(slots=True)
class Rewrapped:
    """How many data keys are wrapped anew, and which could not be unwrapped."""

    rewrapped: int = 0
    left: list[WrappedKey] = field(default_factory=list)


def rewrap_data_keys() -> Rewrapped:
    """Wrap every data key under the newest key-encryption key; what was sealed stays as it is.

    Started again it goes on where it ended. Raises VaultAway.
    """
    done = Rewrapped()
    for model in (InstallationKey, DataKey):
        for keys in _batches(model.objects.exclude(wrapped_by=key_provider().newest)):
            _rewrap(keys, done)
    return done


def rotate_data_key(organization: Organization, *, now: datetime) -> Rotated:
    """Make the organization another data key and seal all that it has under that.

    Readers and writers go on meanwhile. Raises VaultAway or VaultKeyMissing.
    """
    if not organization.data_keys.exists():
        return Rotated()
    key_id, wrapped = wrapped_anew(str(organization.pk))
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=organization.pk)
        last = organization.data_keys.order_by("number").last()
        number = last.number if last else 0
        made = organization.data_keys.create(
            number=number + 1, wrapped_by=key_id, wrapped=wrapped, created_at=now
        )
        changes = {"number": (number, made.number)}
        record_event(
            "data_key.rotate", by=None, subject=made, organization=organization, changes=changes
        )
    return _finish(organization, now=now)


def rotate_installation_key(*, now: datetime) -> Rotated:
    """Make the installation another data key and seal people's seeds under that.

    Raises VaultAway or VaultKeyMissing.
    """
    if not InstallationKey.objects.exists():
        return Rotated()
    key_id, wrapped = wrapped_anew(InstallationKey.SCOPE)
    with transaction.atomic():
        last = InstallationKey.objects.select_for_update().order_by("number").last()
        number = last.number if last else 0
        made = InstallationKey.objects.create(
            number=number + 1, wrapped_by=key_id, wrapped=wrapped, created_at=now
        )
        changes = {"number": (number, made.number)}
        record_event("data_key.rotate", by=None, subject=made, changes=changes)
    return _finish_installation(now=now)


def drop_superseded_keys(*, now: datetime) -> int:
    """Seal anew what was saved late under superseded data keys, and drop those keys.

    Raises VaultAway or VaultKeyMissing.
    """
    rotated = Organization.objects.annotate(keys=Count("data_keys")).filter(keys__gt=1)
    done = Rotated()
    if InstallationKey.objects.count() > 1:
        done.add(_finish_installation(now=now))
    for organization in rotated:
        done.add(_finish(organization, now=now))
    return done.dropped


def _finish(organization: Organization, *, now: datetime) -> Rotated:
    newest = organization.data_keys.order_by("number").last()
    done = Rotated()
    if newest is None:  # shredded meanwhile
        return done
    for rows in declared_rows():
        waiting = rows_of(rows, organization).exclude(**{rows.data_key: newest})
        for key in list(waiting.values_list("pk", flat=True)):
            try:
                done.resealed += reseal_row(rows, key, to=newest)
            except SealBroken as error:
                logger.error("%s", error)
                done.broken += 1
    old = organization.data_keys.filter(number__lt=newest.number)
    for data_key in old:
        is_dropped = newest.created_at <= now - HELD and _drop(data_key, organization)
        done.dropped += is_dropped
        done.waiting += not is_dropped
    return done


def _finish_installation(*, now: datetime) -> Rotated:
    newest = InstallationKey.objects.order_by("number").last()
    done = Rotated()
    if newest is None:
        return done
    waiting = seeds_under_others(newest)
    if waiting:
        _have_at_hand(newest)
    for authenticator_id in waiting:
        try:
            done.resealed += reseal_seed(authenticator_id, to=newest)
        except SealBroken as error:
            logger.error("%s", error)
            done.broken += 1
    used = numbers_in_use()
    for key in InstallationKey.objects.filter(number__lt=newest.number):
        may_go = newest.created_at <= now - HELD and key.number not in used
        is_dropped = may_go and _drop(key, None)
        done.dropped += is_dropped
        done.waiting += not is_dropped
    return done


def _have_at_hand(newest: InstallationKey) -> None:
    """Unwrap what seeds are opened and sealed under, so that no row is held while KMS is asked."""
    for key in InstallationKey.objects.filter(number__in={*numbers_in_use(), newest.number}):
        with suppress(SealBroken):  # which is counted where a seed is under it
            unwrapped(key)


def _drop(key: DataKey | InstallationKey, organization: Organization | None) -> bool:
    """Forget a data key; false while something is sealed under it."""
    try:
        with transaction.atomic():
            record_event("data_key.drop", by=None, subject=key, organization=organization)
            key.delete()
    except (RestrictedError, IntegrityError):
        return False
    return True


def _rewrap(keys: Sequence[WrappedKey], done: Rewrapped) -> None:
    """Wrap some data keys anew; who else changed one meanwhile keeps what they did."""
    wrapped = []
    for key in keys:
        try:
            wrapped.append((key, *_wrapped_again(key)))
        except (SealBroken, VaultKeyMissing):
            done.left.append(key)
    with transaction.atomic():
        _make_sealed_rows_stale(keys)
        changed = []
        for key, key_id, again in wrapped:
            same = type(key)._base_manager.filter(pk=key.pk, wrapped_by=key.wrapped_by)
            if same.update(wrapped_by=key_id, wrapped=again):
                changed.append((key, {"wrapped_by": (key.wrapped_by, key_id)}))
        record_events("data_key.rewrap", by=None, subjects=changed)
    done.rewrapped += len(changed)


def _wrapped_again(key: WrappedKey) -> tuple[str, bytes]:
    plain = unwrapped(key)
    with vault_refusals():
        return key_provider().wrap(plain, organization=key.scope)


def _make_sealed_rows_stale(keys: Sequence[WrappedKey]) -> None:
    """Let caches read the data keys again, which they hold as the old key wrapped them."""
    data_keys = [key for key in keys if isinstance(key, DataKey)]
    for rows in declared_rows():
        make_stale(rows, rows_under(rows, data_keys))


def _batches(keys: models.QuerySet[WrappedKey]) -> Iterator[list[WrappedKey]]:
    ids = list(keys.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        yield list(keys.filter(pk__in=ids[start : start + BATCH]))
