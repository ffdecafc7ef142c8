from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jigxmgmt.errors import DomainError
from orgs.services.domain_proofs import prove_domain
from orgs.services.organizations import find_organization


class Command(BaseCommand):
    help = "Take a domain as an organization's own, on your word, where the DNS can't prove it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "name", help="As acme.com; it is named for the organization if need be."
        )
        parser.add_argument("--organization", required=True, help="Its name or id.")

    def handle(self, **options: Any) -> str:
        try:
            organization = find_organization(options["organization"])
            domain = prove_domain(organization, name=options["name"], by=None, now=timezone.now())
        except DomainError as refusal:
            raise CommandError(refusal.detail) from None
        return f"{domain} is proved for {organization}"
