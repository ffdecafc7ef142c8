"""Whether every key-encryption key that wraps a data key is at hand."""

from collections.abc import Iterator

from auth_providers.models import DataKey, InstallationKey
from auth_providers.models.vault import WrappedKey
from auth_providers.services.vault import VaultAway, VaultKeyMissing, key_provider, unwrapped
from auth_providers.vault import SealBroken
from auth_providers.vault.kms import PREFIX as OF_KMS

KEYS = (InstallationKey, DataKey)


def missing_keys() -> list[str]:
    """Return the ids of those that the settings do not name; nobody is asked but the database."""
    return [key_id for key_id in _used() if not key_provider().holds(key_id)]


def unusable_keys() -> list[str]:
    """Return the ids of those that are named and do not unwrap what they wrapped, just now."""
    return [key_id for key_id in _used() if key_provider().holds(key_id) and not _unwraps(key_id)]


def advice_on(key_id: str) -> str:
    """Return one sentence for the operator about a key that is in use and missing."""
    if key_id.startswith(OF_KMS):
        return (
            f"Secrets are sealed under {key_id}, which is not named: "
            "add its ARN to VAULT_KMS_FORMER_KEY_IDS."
        )
    return (
        f"Secrets are sealed under the vault key {key_id}, which is not at hand: put the backup "
        "of vault.key back as another line of DATA_DIR/keys/vault.key, or add the key to VAULT_KEY."
    )


def _used() -> Iterator[str]:
    used: set[str] = set()
    for model in KEYS:
        used |= set(model.objects.order_by().values_list("wrapped_by", flat=True).distinct())
    yield from sorted(used)


def _unwraps(key_id: str) -> bool:
    samples: list[WrappedKey] = [
        key for model in KEYS if (key := model.objects.filter(wrapped_by=key_id).first())
    ]
    try:
        for sample in samples:
            unwrapped(sample)
    except (SealBroken, VaultAway, VaultKeyMissing):
        return False
    return True
