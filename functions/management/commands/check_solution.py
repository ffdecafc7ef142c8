import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from functions.management.findings import line_of
from functions.services.archives import pack_folder, read_archive
from functions.services.publishing import (
    CheckedSolution,
    Usable,
    check_solution,
    warning_document,
)
from jigxmgmt.errors import DomainError

FAULTY = 1
NO_FOLDER = 2


class Command(BaseCommand):
    help = "Check a folder as publishing would. It needs no server and no database."
    requires_system_checks = ()  # they are of the installation, which need not be one

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--credentials",
            help="The keys of the solution's credentials, parted by commas; without it, "
            "nothing is said of credentials.",
        )
        parser.add_argument(
            "--connections",
            help="The names of the solution's connections, parted by commas; without it, "
            "nothing is said of connections.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=NO_FOLDER)
        usable = Usable(_parted(options["credentials"]), _parted(options["connections"]))
        try:
            checked = check_solution(read_archive(pack_folder(folder)), usable=usable)
        except DomainError as refusal:
            checked = CheckedSolution(faults=list(refusal.faults))
            self._show(checked, as_json=options["json"])
            raise CommandError(refusal.detail, returncode=FAULTY) from None
        self._show(checked, as_json=options["json"])
        if checked.faults:
            count = len(checked.faults)
            raise CommandError(f"{count} fault{'s' * (count > 1)}.", returncode=FAULTY)

    def _show(self, checked: CheckedSolution, *, as_json: bool) -> None:
        if as_json:
            document = {
                "functions": sorted(checked.functions),
                "faults": [warning_document(fault) for fault in checked.faults],
                "warnings": [warning_document(warning) for warning in checked.warnings],
            }
            self.stdout.write(json.dumps(document))
            return
        for fault in checked.faults:
            self.stdout.write(line_of(fault))
        for warning in checked.warnings:
            self.stdout.write(line_of(warning, prefix="warning: "))


def _parted(given: str | None) -> set[str] | None:
    return None if given is None else {name.strip() for name in given.split(",")}
