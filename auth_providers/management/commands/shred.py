"""An organization's secrets are made unreadable."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auth_providers.services.shredding import shred_organization_secrets
from jigxmgmt.errors import DomainError
from orgs.models import Organization
from orgs.services.organizations import find_organization


class Command(BaseCommand):
    help = (
        "Make all secrets of an organization unreadable, for good: credentials, client secrets "
        "and people's connections. The organization stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, help="Its name or id.")
        parser.add_argument("--yes", action="store_true", help="Don't ask for its name.")

    def handle(self, **options: Any) -> str:
        try:
            organization = find_organization(options["organization"])
            if not options["yes"]:
                self._confirm(organization)
            shredded = shred_organization_secrets(organization)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        return json.dumps({"organization_id": str(organization.pk), "shredded": shredded})

    def _confirm(self, organization: Organization) -> None:
        self.stderr.write(
            f"Every secret of {organization} will be gone, and nothing brings it back. "
            "Type the organization's name:"
        )
        try:
            typed = input()
        except EOFError:
            typed = ""
        if typed.strip() != organization.name:
            raise CommandError("That is not its name. Nothing was changed.")
