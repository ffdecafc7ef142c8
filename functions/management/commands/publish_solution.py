import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from functions.management.findings import line_of, lines_of_changes
from functions.services.archives import pack_folder
from functions.services.previews import preview_changes, preview_checks
from functions.services.publishing import CheckedSolution, publish_folder, warning_document
from functions.services.version_diffs import FileChange
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
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would change, faults and warnings; publish nothing.",
        )

    def handle(self, **options: Any) -> str:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        try:
            organization = find_organization(options["organization"])
            by = find_person(organization, options["email"])
            name, archive = options["name"], pack_folder(folder)
            self._show(preview_changes(organization, name=name, archive=archive, by=by))
            if options["dry_run"]:
                checked = preview_checks(organization, name=name, archive=archive, by=by)
                return self._report(checked)
            version = publish_folder(
                organization, name=name, title=options["title"], archive=archive, by=by
            )
        except DomainError as refusal:
            raise CommandError("\n".join([refusal.detail, *map(line_of, refusal.faults)])) from None
        return _document(
            solution_id=str(version.solution_id),
            version=version.number,
            functions=[function.name for function in version.functions.all()],
            warnings=version.warnings,
        )

    def _show(self, changes: list[FileChange]) -> None:
        """Write to the standard error: the standard output is for programs."""
        colours = {"+": self.style.SUCCESS, "-": self.style.ERROR}
        for line in lines_of_changes(changes):
            self.stderr.write(line, colours.get(line[0], str))

    def _report(self, checked: CheckedSolution) -> str:
        for warning in checked.warnings:
            self.stderr.write(line_of(warning, prefix="warning: "), self.style.WARNING)
        if checked.faults:
            sentence = "Nothing could be published."
            raise CommandError("\n".join([sentence, *map(line_of, checked.faults)]))
        return _document(
            solution_id=None,
            version=None,
            functions=sorted(checked.functions),
            warnings=[warning_document(warning) for warning in checked.warnings],
        )


def _document(
    *,
    solution_id: str | None,
    version: int | None,
    functions: list[str],
    warnings: list[dict[str, object]],
) -> str:
    """Write the object that scripts read; nothing has an id or a version in a dry run."""
    return json.dumps(
        {
            "solution_id": solution_id,
            "version": version,
            "functions": functions,
            "warnings": warnings,
        }
    )
