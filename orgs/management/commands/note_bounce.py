from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.utils import timezone

from orgs.models import Invite
from orgs.services.invites import note_bounce


class Command(BaseCommand):
    help = "Note that the mail of an invitation reaches nobody; started by the worker that sent it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("invite", type=UUID)
        parser.add_argument("digest", help="Of the link in that mail; a newer mail is left alone.")

    def handle(self, **options: Any) -> None:
        invites = Invite.objects.select_related("organization")
        invite = invites.filter(pk=options["invite"], token_digest=options["digest"]).first()
        if invite:
            note_bounce(invite, now=timezone.now())
