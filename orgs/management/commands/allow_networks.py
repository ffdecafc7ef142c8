from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jigxmgmt.errors import DomainError
from orgs.services.organizations import allow_networks, find_organization


class Command(BaseCommand):
    help = "Let an organization's functions reach private networks; replaces its list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("networks", nargs="*", help="As 10.1.0.0/16; none closes all.")
        parser.add_argument("--organization", required=True, help="Its name or id.")

    def handle(self, **options: Any) -> str:
        try:
            organization = find_organization(options["organization"])
            allow_networks(organization, networks=options["networks"], by=None)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from None
        return f"{organization} may reach: {', '.join(organization.allowed_networks) or 'none'}"
