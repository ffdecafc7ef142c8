import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from functions.management.findings import line_of
from functions.services.archives import pack_folder
from functions.services.publishing import publish_folder
from jigxmgmt.errors import DomainError
from orgs.services.organizations import find_organization, find_person


class Command(BaseCommand):
    help = "Publish a folder as the next version of a solution, which is made if it is new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--organization", required=True, help="Its name or id.")
        parser.add_argument("--name", required=True, help="The solution's name, as in its address.")
        parser.add_argument("--title", help="What people see; by default the name.")
        parser.add_argument("--as", dest="email", help="Who publishes; by default the first owner.")

    def handle(self, **options: Any) -> str:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        try:
            organization = find_organization(options["organization"])
            version = publish_folder(
                organization,
                name=options["name"],
                title=options["title"],
                archive=pack_folder(folder),
                by=find_person(organization, options["email"]),
            )
        except DomainError as refusal:
            raise CommandError("\n".join([refusal.detail, *map(line_of, refusal.faults)])) from None
        return json.dumps(
            {
                "solution_id": str(version.solution_id),
                "version": version.number,
                "functions": [function.name for function in version.functions.all()],
                "warnings": version.warnings,
            }
        )
