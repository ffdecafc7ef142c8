from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.services.vault_keys import drop_superseded_keys
from functions.services.call_log import clear_call_log
from jigxmgmt.errors import DomainError


class Command(BaseCommand):
    help = "Delete what has passed its time: tokens, sessions, used keys, old rows of the call log."

    def handle(self, **options: Any) -> str:
        now = timezone.now()
        call_command("clearsessions")
        tokens, calls = clear_expired_tokens(now=now), clear_call_log(now=now)
        try:
            dropped = drop_superseded_keys(now=now)
        except DomainError as refusal:  # the rest is cleared by now
            raise CommandError(refusal.detail) from refusal
        return (
            f"{tokens} tokens, devices and keys cleared, {calls} calls cleared, "
            f"{dropped} data keys dropped"
        )
