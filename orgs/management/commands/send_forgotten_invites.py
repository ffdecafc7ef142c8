from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orgs.services.invites import send_forgotten_invites


class Command(BaseCommand):
    help = "Send the mails of invitations of which no worker was told, as the broker was away."

    def handle(self, **options: Any) -> str:
        sent = send_forgotten_invites(now=timezone.now())
        return f"{sent} handed to the workers" if sent else ""  # most often; the log stays quiet
