"""Sealing an organization's secrets under its own data key."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from auth_providers.models import DataKey
from auth_providers.models.vault import WrappedKey
from auth_providers.vault import (
    KeyAway,
    KeyMissing,
    KeyProvider,
    LocalKeyProvider,
    Place,
    new_data_key,
    seal,
    unseal,
)
from auth_providers.vault.keyring import Keyring, Remembering
from auth_providers.vault.kms import KmsKeyProvider
from jigxmgmt.errors import Unavailable
from orgs.models import Organization


class VaultAway(Unavailable):
    """Who holds the key-encryption key can't be asked just now."""

    code = "vault_unavailable"
    retry_after = 5


class VaultKeyMissing(Unavailable):
    """A key-encryption key that is in use is not at hand; only an operator can put it back."""

    code = "vault_key_missing"
    retry_after = None


@lru_cache(maxsize=1)
def key_provider() -> Keyring:
    """Return the installation's wrapper of data keys, as the settings name its keys."""
    local = LocalKeyProvider(settings.VAULT_KEYS)
    former = settings.VAULT_KMS_FORMER_KEY_IDS
    if settings.VAULT_KMS_KEY_ID:
        return Keyring([_kms([settings.VAULT_KMS_KEY_ID, *former]), local])
    return Keyring([local, _kms(former)] if former else [local])


def seal_secret(
    plain: str, *, organization: Organization, model: str, row: str, field: str
) -> tuple[DataKey, bytes]:
    """Return the organization's data key and the text sealed under it for this place.

    Raises VaultAway or VaultKeyMissing.
    """
    data_key = newest_data_key(organization)
    place = Place(data_key.scope, model, row, field)
    return data_key, seal(plain.encode(), data_key=unwrapped(data_key), place=place)


def ready_vault(organization: Organization) -> None:
    """Have at hand what a secret of the organization will be sealed under, making it if need be.

    It may wait for the network: call it before the transaction in which the secret is saved, which
    then waits for nobody. Raises VaultAway or VaultKeyMissing.
    """
    unwrapped(newest_data_key(organization))


def open_secret(sealed: bytes, *, data_key: DataKey, model: str, row: str, field: str) -> str:
    """Return the text; raises SealBroken, VaultAway or VaultKeyMissing."""
    place = Place(data_key.scope, model, row, field)
    return unseal(bytes(sealed), data_key=unwrapped(data_key), place=place).decode()


def newest_data_key(organization: Organization) -> DataKey:
    """Return the organization's newest data key, making its first when there is none.

    Raises VaultAway.
    """
    newest = organization.data_keys.order_by("number").last()
    return newest or _make_first(organization)


def wrapped_anew(scope: str) -> tuple[str, bytes]:
    """Return a fresh data key, wrapped, and the id of what wrapped it; raises VaultAway."""
    with vault_refusals():
        return key_provider().wrap(new_data_key(), organization=scope)


def unwrapped(key: WrappedKey) -> bytes:
    """Return the plain data key; raises SealBroken, VaultAway or VaultKeyMissing."""
    with vault_refusals():
        return key_provider().unwrap(
            bytes(key.wrapped), key_id=key.wrapped_by, organization=key.scope
        )


def is_key_at_hand(key: WrappedKey) -> bool:
    """Answer whether opening under this key would wait for nobody; raises VaultKeyMissing."""
    with vault_refusals():
        return key_provider().is_at_hand(
            bytes(key.wrapped), key_id=key.wrapped_by, organization=key.scope
        )


@contextmanager
def vault_refusals() -> Iterator[None]:
    """Turn what a provider of keys says into a refusal that a person may read."""
    try:
        yield
    except KeyAway as error:
        raise VaultAway(_("The vault can't be opened just now. Try again.")) from error
    except KeyMissing as error:
        sentence = _("A key of this installation's vault is missing; tell its operator.")
        raise VaultKeyMissing(sentence) from error


def _kms(arns: list[str]) -> KeyProvider:
    return Remembering(KmsKeyProvider(arns))


def _make_first(organization: Organization) -> DataKey:
    key_id, wrapped = wrapped_anew(str(organization.pk))
    try:
        with transaction.atomic():
            return DataKey.objects.create(
                organization=organization, wrapped_by=key_id, wrapped=wrapped
            )
    except IntegrityError:  # somebody else made it in this moment
        return organization.data_keys.get(number=1)
