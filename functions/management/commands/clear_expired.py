from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from auth_providers.services.clearing import clear_expired_tokens
from functions.services.call_log import clear_call_log


class Command(BaseCommand):
    help = "Delete what has passed its time: tokens, sessions, used keys, old rows of the call log."

    def handle(self, **options: Any) -> str:
        now = timezone.now()
        call_command("clearsessions")
        tokens, calls = clear_expired_tokens(now=now), clear_call_log(now=now)
        return f"{tokens} tokens, devices and keys cleared, {calls} calls cleared"
