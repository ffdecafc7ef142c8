"""The portal's own database on SQL Server: what can be known without one."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tests.sql_server import PASSWORD, SqlServer, sql_server

# Of other databases' SQL, what Django is likeliest to let through.
FOREIGN = re.compile(
    r"\bLIMIT\b|\bILIKE\b|\bRETURNING\b|\bDEFERRABLE\b|\bSERIAL\b|\bboolean\b|::|\bCASCADE\b"
)
LONGEST_KEY = 1700  # bytes, of an index that is not clustered
LONGEST_TEXT = 4000  # characters, of what is not nvarchar(max)


BEGINNING = """
import django
django.setup()
from django.db import connection, transaction
from orgs.models import Membership
def said():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]
"""
LOCK = """
with transaction.atomic():
    rows = Membership.objects.select_related("user").order_by("pk")
    print(rows.select_for_update(of=("self",), no_key=True).query)
"""
# More than a statement has parameters for: they go by a table that lasts as long as the connection.
MANY = """
def show(execute, sql, params, many, context):
    print(sql)
    return None if "#Temp_params" in sql else execute(sql, params, many, context)
with connection.execute_wrapper(show):
    str(Membership.objects.filter(role__in=[str(number) for number in range(2100)]).query)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SqlServer]:
    with sql_server() as running:
        yield running


@pytest.fixture(scope="module")
def statements(server: SqlServer) -> dict[str, list[str]]:
    """What each migration says to SQL Server."""
    done = run(server.url(), "-m", "tests.sql_of_migrations")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def run(url: str, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "jigxmgmt.test_settings"}
    return subprocess.run(  # noqa: S603
        [sys.executable, *command],
        env=os.environ | settings | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check(url: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = ("check", "--tag", "database", "--database", "default")
    return run(url, "manage.py", *command, **more)


def ask(server: SqlServer, program: str) -> subprocess.CompletedProcess[str]:
    return run(server.url(), "-c", BEGINNING + program)


class TestTheWayThere:
    def test_is_found(self, server: SqlServer) -> None:
        done = run(server.url(), "manage.py", "check", "--database", "default")

        assert done.returncode == 0, done.stderr

    def test_is_refused_to_who_shows_no_good_certificate(self, server: SqlServer) -> None:
        done = check(server.url(""))

        assert done.returncode != 0
        assert "certificate" in done.stderr

    def test_takes_a_certificate_that_the_computer_trusts(
        self, server: SqlServer, tmp_path: Path
    ) -> None:
        path = tmp_path / "authorities.pem"
        path.write_bytes(server.certificate)

        done = check(server.url("HostnameInCertificate=localhost"), SSL_CERT_FILE=str(path))

        assert done.returncode == 0, done.stderr
        assert check(server.url("HostnameInCertificate=other"), SSL_CERT_FILE=str(path)).returncode

    def test_never_shows_the_password(self, server: SqlServer) -> None:
        for url in (server.url(password="wrong;secret}"), server.url("").replace("portal", "x")):
            done = check(url)

            assert done.returncode != 0
            shown = done.stdout + done.stderr
            assert PASSWORD not in shown
            assert "secret" not in shown


class TestCheck:
    def test_names_what_the_database_has_to_be_like(self) -> None:
        with sql_server(any_letters=0, snapshots=0) as server:
            done = check(server.url())

        assert done.returncode == 1
        assert "jigxmgmt.E001" in done.stderr
        assert "SET READ_COMMITTED_SNAPSHOT ON" in done.stderr

    def test_says_in_a_sentence_what_is_not_installed(
        self, server: SqlServer, tmp_path: Path
    ) -> None:
        hidden = "raise ImportError('libodbc.so.2: cannot open shared object file')"
        for name, content, helps in (
            ("mssql_python", "raise ModuleNotFoundError", "pip install -r requirements-mssql.txt"),
            ("pyodbc", hidden, "apt-get install libltdl7 libodbc2"),
        ):
            (tmp_path / name).mkdir()
            (tmp_path / name / f"{name}.py").write_text(content)

            done = check(server.url(), PYTHONPATH=str(tmp_path / name))

            assert done.returncode == 2
            assert done.stderr.count("\n") == 1
            assert helps in done.stderr


class TestMigrations:
    def test_miss_nothing(self, server: SqlServer) -> None:
        done = run(server.url(), "manage.py", "makemigrations", "--check", "--dry-run")

        assert done.returncode == 0, done.stdout

    def test_make_every_table(self, statements: dict[str, list[str]]) -> None:
        made = re.findall(r"CREATE TABLE \[(\w+)\]", _joined(statements))
        for model in apps.get_models(include_auto_created=True):
            assert model._meta.db_table in made or "__" in model._meta.db_table

    def test_say_nothing_that_is_of_another_database(
        self, statements: dict[str, list[str]]
    ) -> None:
        assert not FOREIGN.findall(_joined(statements))

    def test_let_capitals_count_in_every_column(self, statements: dict[str, list[str]]) -> None:
        texts = re.findall(r"\] (?i:nvarchar|char)\(\w+\)(.{8})", _joined(statements))

        assert texts
        assert set(texts) == {" COLLATE"}

    def test_keep_every_condition_of_what_is_there_once(
        self, statements: dict[str, list[str]]
    ) -> None:
        written = _joined(statements)
        for model, constraint in _unique_constraints():
            if constraint.condition:
                index = rf"CREATE UNIQUE INDEX \[{constraint.name}\] ON \[{model._meta.db_table}\] "
                assert re.search(rf"{index}\(.+\) WHERE .+;", written), constraint.name

    def test_let_nothing_be_there_many_times(self, statements: dict[str, list[str]]) -> None:
        """Null is like null to a UNIQUE of SQL Server, so that it has to be left out of it."""
        written = _joined(statements)
        for model in apps.get_models():
            for column in model._meta.local_fields:
                if column.unique and column.null:
                    index = rf"\[{model._meta.db_table}\]\(\[{column.column}\]\)"
                    left_out = rf"{index} WHERE \[{column.column}\] IS NOT NULL"
                    assert re.search(left_out, written), column


class TestConnection:
    def test_is_looked_at_and_goes_on(self, server: SqlServer) -> None:
        done = ask(server, "said(); assert connection.is_usable(); print(said())")

        assert done.stdout.strip() == "1", done.stderr

    def test_locks_the_first_table_alone(self, server: SqlServer) -> None:
        """What is asked for, of itself and with no key, is what the hint does anyway."""
        done = ask(server, LOCK)

        first = "FROM [orgs_membership] WITH (ROWLOCK, UPDLOCK) INNER JOIN [orgs_user] ON"
        assert first in done.stdout, done.stderr

    def test_compares_a_long_list_as_its_column_is_compared(self, server: SqlServer) -> None:
        done = ask(server, MANY)

        assert done.returncode == 0, done.stderr
        (made,) = re.findall(r"CREATE TABLE #Temp_params \(params (.+)\)", done.stdout)
        assert made.split() == ["NVARCHAR(10)", "COLLATE", "Latin1_General_100_BIN2"]


class TestModels:
    def test_hold_nothing_null_unique_without_saying_when(self) -> None:
        for model, constraint in _unique_constraints():
            nullable = [name for name in constraint.fields if model._meta.get_field(name).null]
            assert not nullable, constraint.name
            assert not constraint.expressions, constraint.name
            assert not constraint.deferrable, constraint.name

    def test_hold_no_key_or_text_that_is_too_long(self) -> None:
        for model in apps.get_models(include_auto_created=True):
            for names in _keys(model):
                fields = [model._meta.get_field(name.lstrip("-")) for name in names]
                assert sum(map(_bytes, fields)) <= LONGEST_KEY, (model, names)
            for column in model._meta.local_fields:
                if isinstance(column, models.CharField):
                    assert (column.max_length or 0) <= LONGEST_TEXT, column


def _joined(statements: dict[str, list[str]]) -> str:
    return "\n".join(line for lines in statements.values() for line in lines)


def _unique_constraints() -> Iterator[tuple[type[models.Model], models.UniqueConstraint]]:
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                yield model, constraint


def _keys(model: type[models.Model]) -> Iterator[Sequence[str]]:
    for column in model._meta.local_fields:
        if column.unique or getattr(column, "db_index", False):
            yield [column.name]
    yield from (tuple(index.fields) for index in model._meta.indexes)
    yield from (tuple(names) for names in model._meta.unique_together)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield constraint.fields


def _bytes(column: object) -> int:
    target = getattr(column, "target_field", column)
    if isinstance(target, models.TextField | models.JSONField | models.BinaryField):
        return LONGEST_KEY + 1
    length = getattr(target, "max_length", None)
    return 2 * length if length else 32
