from typing import Any

from django.core.management.base import BaseCommand

from orgs.services.audit_chain import link_all_events


class Command(BaseCommand):
    help = "Give audit events that a dying process left behind their place in the chain."

    def handle(self, **options: Any) -> str:
        linked = link_all_events()
        return f"{linked} linked" if linked else ""  # most often; the clock's log stays quiet
