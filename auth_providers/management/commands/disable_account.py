from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from auth_providers.services.accounts import disable_account
from jigxmgmt.errors import DomainError
from orgs.models import User
from orgs.models.addresses import normal_email


class Command(BaseCommand):
    help = "Close a person's account: sessions, devices, tokens and connections end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *, email: str, **options: Any) -> str:
        person = User.objects.filter(email=normal_email(email)).first()
        if person is None:
            raise CommandError(f"Nobody has the address {email}.")
        try:
            changed = disable_account(person, now=timezone.now())
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        return f"{person.email} {'is' if changed else 'was already'} disabled"
