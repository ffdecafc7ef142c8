"""The first command of an installation."""

import getpass
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from auth_providers.services.bootstrapping import Bootstrapped, bootstrap
from jigxmgmt.errors import DomainError


class Command(BaseCommand):
    help = (
        "Make the first organization, its owner and the installation's own app, and print them as "
        "one JSON object. Run again it makes what is missing, so that the person is an active "
        "owner; one who exists keeps their password, and the personal access token is printed at "
        "the first run only. An empty database gets its tables; one of an older version is left "
        "to `migrate`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="The owner's e-mail address.")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--password", help="Visible to others on this machine while it runs.")
        source.add_argument(
            "--password-file", type=Path, help="Else it is read from standard input."
        )
        parser.add_argument("--organization", required=True, help="Its name.")
        parser.add_argument("--app-user", help="E-mail of a person with role user; same password.")
        parser.add_argument(
            "--rotate-token", action="store_true", help="Revoke the token and print a new one."
        )

    def handle(self, **options: Any) -> str:
        _ensure_tables()
        try:
            made = bootstrap(
                options["email"],
                password=_read_password(options),
                organization_name=options["organization"],
                app_user=options["app_user"],
                rotate_token=options["rotate_token"],
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        return json.dumps(_document(made))


def _document(made: Bootstrapped) -> dict[str, str]:
    document = {
        "organization_id": str(made.organization.pk),
        "client_id": made.app.client_id,
    }
    if made.personal_access_token:
        document["personal_access_token"] = made.personal_access_token
    return document


def _ensure_tables() -> None:
    executor = MigrationExecutor(connection)
    if not executor.loader.applied_migrations:
        call_command("migrate", verbosity=0, interactive=False)
    elif executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is of another version; run `manage.py migrate` first.")


def _read_password(options: dict[str, Any]) -> str:
    if options["password"]:
        return str(options["password"])
    path: Path | None = options["password_file"]
    if path:
        try:
            password = path.read_text()
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    elif sys.stdin.isatty():
        password = getpass.getpass()
    else:
        password = sys.stdin.read()
    password = password.rstrip("\r\n")
    if not password:
        raise CommandError("Give a password, by --password, --password-file or standard input.")
    return password
