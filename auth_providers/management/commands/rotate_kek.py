"""The wrapping key of the vault is changed in the settings; this takes it into use."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from auth_providers.services.vault_keys import rewrap_data_keys
from jigxmgmt.errors import DomainError


class Command(BaseCommand):
    help = (
        "Wrap every data key under the newest key-encryption key of the settings, so that the "
        "former ones may go. Stopped or failed, it goes on where it ended when it is run again."
    )

    def handle(self, **options: Any) -> str:
        try:
            done = rewrap_data_keys()
        except DomainError as refusal:
            raise CommandError(
                f"{refusal.detail} Run it again; what is done stays done."
            ) from refusal
        if done.left:
            names = ", ".join(str(key) for key in done.left)
            raise CommandError(f"{done.rewrapped} wrapped anew; these could not be opened: {names}")
        return json.dumps({"rewrapped": done.rewrapped})
