from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orgs.services.domain_proofs import recheck_domains


class Command(BaseCommand):
    help = "Look in the DNS again for the records that prove domains, where a day has passed."

    def handle(self, **options: Any) -> str:
        rechecked = recheck_domains(now=timezone.now())
        return f"{rechecked.checked} checked, {rechecked.lost} no longer proved"
