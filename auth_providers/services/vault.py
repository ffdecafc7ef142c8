"""Sealing an organization's secrets under its own data key."""

from functools import lru_cache

from django.conf import settings
from django.db import IntegrityError, transaction

from auth_providers.models import DataKey
from auth_providers.vault import KeyProvider, LocalKeyProvider, Place, new_data_key, seal, unseal
from orgs.models import Organization


@lru_cache(maxsize=1)
def key_provider() -> KeyProvider:
    """Return the installation's wrapper of data keys."""
    return LocalKeyProvider(settings.VAULT_KEYS)


def seal_secret(
    plain: str, *, organization: Organization, model: str, row: str, field: str
) -> tuple[DataKey, bytes]:
    """Return the organization's data key and the text sealed under it for this place."""
    data_key = newest_data_key(organization)
    place = Place(str(organization.pk), model, row, field)
    return data_key, seal(plain.encode(), data_key=_plain(data_key), place=place)


def open_secret(sealed: bytes, *, data_key: DataKey, model: str, row: str, field: str) -> str:
    """Return the text; raises SealBroken, or KeyMissing when the key file lacks its key."""
    place = Place(str(data_key.organization_id), model, row, field)
    return unseal(bytes(sealed), data_key=_plain(data_key), place=place).decode()


def newest_data_key(organization: Organization) -> DataKey:
    """Return the organization's newest data key, making its first when there is none."""
    newest = organization.data_keys.order_by("number").last()
    return newest or _make_first(organization)


def _make_first(organization: Organization) -> DataKey:
    key_id, wrapped = key_provider().wrap(new_data_key(), organization=str(organization.pk))
    try:
        with transaction.atomic():
            return DataKey.objects.create(
                organization=organization, wrapped_by=key_id, wrapped=wrapped
            )
    except IntegrityError:  # somebody else made it in this moment
        return organization.data_keys.get(number=1)


def _plain(data_key: DataKey) -> bytes:
    return key_provider().unwrap(
        bytes(data_key.wrapped),
        key_id=data_key.wrapped_by,
        organization=str(data_key.organization_id),
    )
