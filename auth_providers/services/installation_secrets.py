"""Sealing what belongs to no organization: the seeds of authenticator apps and recovery codes.

The library hands over a text and keeps a text, and does not say whose it is: the seal is bound to
the library's table, not to a person's row. Who could move seeds between rows of the database could
give one person another's second factor, and would still need the password.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from auth_providers.models import InstallationKey
from auth_providers.services.vault import unwrapped, wrapped_anew
from auth_providers.vault import Place, SealBroken, seal, unseal

MARK = "vault1"
SEEDS = Place(InstallationKey.SCOPE, "mfa.authenticator", "", "data")


def seal_seed(plain: str) -> str:
    """Return the seed sealed, as text that names its key; raises VaultAway or VaultKeyMissing."""
    return sealed_under(newest_installation_key(), plain)


def open_seed(text: str) -> str:
    """Return the seed; raises SealBroken for what is not sealed, VaultAway or VaultKeyMissing."""
    number, sealed = _parts(text)
    key = InstallationKey.objects.filter(number=number).first()
    if key is None:
        raise SealBroken("The key that this was sealed under is gone.")
    return unseal(sealed, data_key=unwrapped(key), place=SEEDS).decode()


def sealed_under(key: InstallationKey, plain: str) -> str:
    """Return the seed sealed under this key; raises VaultAway or VaultKeyMissing."""
    sealed = seal(plain.encode(), data_key=unwrapped(key), place=SEEDS)
    return f"{MARK}.{key.number}.{base64.urlsafe_b64encode(sealed).decode()}"


def seeds_under_others(key: InstallationKey) -> list[int]:
    """Return the ids of authenticators that hold something sealed under another key."""
    return [
        pk for pk, seeds in _all_seeds() if any(_parts(seed)[0] != key.number for seed in seeds)
    ]


def numbers_in_use() -> set[int]:
    """Return the numbers of the keys that some seed is sealed under."""
    return {_parts(seed)[0] for _, seeds in _all_seeds() for seed in seeds}


@transaction.atomic
def reseal_seed(authenticator_id: int, *, to: InstallationKey) -> bool:
    """Seal what one authenticator holds under another key; false when it is gone.

    The row is locked, since the library counts used recovery codes in the same field. Raises
    SealBroken, VaultAway or VaultKeyMissing.
    """
    held = Authenticator.objects.select_for_update()
    authenticator = held.filter(pk=authenticator_id).first()
    if authenticator is None:
        return False
    try:
        authenticator.data = _mapped(
            authenticator.data, lambda seed: sealed_under(to, open_seed(seed))
        )
    except SealBroken as error:
        raise SealBroken(f"Authenticator {authenticator_id} can't be opened.") from error
    authenticator.save(update_fields=["data"])
    return True


def newest_installation_key() -> InstallationKey:
    """Return the newest key, making the first when there is none; raises VaultAway."""
    newest = InstallationKey.objects.order_by("number").last()
    return newest or _make_first()


def _make_first() -> InstallationKey:
    key_id, wrapped = wrapped_anew(InstallationKey.SCOPE)
    try:
        with transaction.atomic():
            return InstallationKey.objects.create(wrapped_by=key_id, wrapped=wrapped)
    except IntegrityError:  # somebody else made it in this moment
        return InstallationKey.objects.get(number=1)


def _parts(text: str) -> tuple[int, bytes]:
    mark, _, rest = text.partition(".")
    number, _, sealed = rest.partition(".")
    try:
        if mark == MARK:
            return int(number), base64.urlsafe_b64decode(sealed)
    except (ValueError, binascii.Error):
        pass
    raise SealBroken("Not a sealed value.")


def _all_seeds() -> Iterator[tuple[int, list[str]]]:
    """Yield what each authenticator holds that is sealed; a passkey holds nothing of the kind."""
    for pk, kept in Authenticator.objects.values_list("pk", "data").iterator():
        yield pk, list(_sealed_in(kept))


def _sealed_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _sealed_in(part)
    elif _is_sealed(value):
        yield value


def _is_sealed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(f"{MARK}.")


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return the same with each sealed text changed, however deep it is kept."""
    if isinstance(value, dict):
        return {name: _mapped(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_mapped(part, change) for part in value]
    return change(value) if _is_sealed(value) else value
