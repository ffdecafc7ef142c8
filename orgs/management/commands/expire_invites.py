from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orgs.services.invites import expire_invites


class Command(BaseCommand):
    help = "Mark invitations that nobody accepted in time as expired."

    def handle(self, **options: Any) -> str:
        return f"{expire_invites(now=timezone.now())} expired"
