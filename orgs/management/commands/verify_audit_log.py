from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from jigxmgmt.errors import DomainError
from orgs.models.audit import INSTALLATION
from orgs.services.audit_chain import link_all_events
from orgs.services.audit_verification import (
    find_smuggled_event,
    read_place,
    scopes_of_chains,
    verify_chain,
)
from orgs.services.organizations import find_organization


class Command(BaseCommand):
    help = (
        "Compute the chains of audit events anew and say the first thing that is wrong. Prints "
        "the end of each chain as SCOPE:NUMBER:DIGEST: note it elsewhere, and hand it back by "
        "--expect, since a chain that was rebuilt as a whole fits in itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--organization", help=f"Its name or id, or “{INSTALLATION}”; by default all chains."
        )
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="SCOPE:NUMBER:DIGEST",
            help="What was noted earlier; may be given several times.",
        )

    def handle(self, **options: Any) -> None:
        link_all_events()
        try:
            expected = [read_place(written) for written in options["expect"]]
            scopes = _scopes(options["organization"]) | {place.scope for place in expected}
        except DomainError as refusal:
            raise CommandError(refusal.detail) from None
        verdicts = [verify_chain(scope, expected=expected) for scope in sorted(scopes)]
        for verdict in verdicts:
            self.stdout.write(str(verdict.end))
        faults = [verdict.fault for verdict in verdicts if verdict.fault]
        if smuggled := find_smuggled_event():
            faults.append(smuggled)
        if faults:
            raise CommandError("\n".join(faults))


def _scopes(name_or_id: str | None) -> set[str]:
    """Return the chain that was asked for, else all. Raises NoSuchOrganization."""
    if not name_or_id:
        return scopes_of_chains()
    if name_or_id == INSTALLATION:
        return {INSTALLATION}
    try:  # the organization itself may be gone
        return {str(UUID(name_or_id))}
    except ValueError:
        return {str(find_organization(name_or_id).pk)}
