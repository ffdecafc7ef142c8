"""What `manage.py check --database default` says of the vault."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from auth_providers.services.keys_in_use import advice_on, missing_keys, unusable_keys


@register(Tags.database)
def check_vault_keys(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Name each key-encryption key that is in use and not at hand."""
    if not databases:
        return []
    try:
        missing, unusable = missing_keys(), unusable_keys()
    except DatabaseError:  # no tables yet, or no database: other checks tell that
        return []
    errors: list[CheckMessage] = [
        Error(advice_on(key_id), id="auth_providers.E001") for key_id in missing
    ]
    warnings = [
        Warning(
            f"The key {key_id} does not open what it wrapped; the log says what its keeper "
            "answered.",
            id="auth_providers.W001",
        )
        for key_id in unusable
    ]
    return errors + warnings
