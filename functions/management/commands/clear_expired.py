from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from functions.services.call_log import clear_call_log


class Command(BaseCommand):
    help = "Delete what has passed its time: tokens, sessions, used keys, old rows of the call log."

    def handle(self, **options: Any) -> str:
        now = timezone.now()
        return f"{clear_call_log(now=now)} calls cleared"
