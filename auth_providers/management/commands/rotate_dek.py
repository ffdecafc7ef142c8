"""Data keys are replaced, and everything is sealed anew, while the installation runs."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from auth_providers.services.vault_keys import Rotated, rotate_data_key, rotate_installation_key
from jigxmgmt.errors import DomainError
from orgs.models import Organization
from orgs.services.organizations import find_organization


class Command(BaseCommand):
    help = (
        "Give an organization, or all and the installation itself, another data key and seal "
        "every secret under it. The key before is dropped by the clock (clear_expired) once "
        "nothing can come in any more that was sealed under it. Run again it begins anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--organization", help="Its name or id.")
        whose.add_argument("--all", action="store_true", help="Every one, and people's seeds.")

    def handle(self, **options: Any) -> str:
        try:
            done = _rotate_all() if options["all"] else _rotate(options["organization"])
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        if done.broken:
            raise CommandError(
                f"{done.resealed} sealed anew; {done.broken} could not be opened, and stay as "
                "they are: the log names them."
            )
        return json.dumps(asdict(done))


def _rotate(name_or_id: str) -> Rotated:
    return rotate_data_key(find_organization(name_or_id), now=timezone.now())


def _rotate_all() -> Rotated:
    done = rotate_installation_key(now=timezone.now())
    for organization in Organization.objects.order_by("pk"):
        done.add(rotate_data_key(organization, now=timezone.now()))
    return done
