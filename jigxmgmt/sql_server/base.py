"""mssql-django's backend, with what holds on the other databases and not by itself on this one."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.validation import BaseDatabaseValidation

try:
    import mssql_python  # noqa: F401
    import pyodbc  # noqa: F401 (mssql-django imports it whichever driver it uses)
    from mssql import base, features, operations
except ModuleNotFoundError as error:
    raise ImproperlyConfigured(
        "SQL Server's driver is not installed: pip install -r requirements-mssql.txt"
    ) from error
except ImportError as error:
    raise ImproperlyConfigured(
        f"SQL Server's driver lacks a library ({error}): apt-get install libltdl7 libodbc2"
    ) from error

# Capitals, accents and widths count in every column, as on the other databases: two people of an
# outside provider may differ in nothing else. Not the whole database's, since mssql-django writes
# the catalogue's names in small letters.
COLLATION = "Latin1_General_100_BIN2"
_PLAIN = base.DatabaseWrapper.data_types

ASKED = """
SELECT CASE WHEN N'a' = N'A' THEN 1 ELSE 0 END,
    (SELECT CAST(is_read_committed_snapshot_on AS int) FROM sys.databases
     WHERE database_id = DB_ID())
"""


def _collated(written: str) -> str:
    if not written.startswith(("char", "nvarchar")):
        return written
    # In capitals, since mssql-django adds a collation to what it reads "char" in, for long lists.
    return f"{written.replace('nvarchar', 'NVARCHAR').replace('char', 'CHAR')} COLLATE {COLLATION}"


class DatabaseFeatures(features.DatabaseFeatures):  # type: ignore[misc]
    # The hint that locks stands at the first table alone: just what `of=("self",)` asks for.
    has_select_for_update_of = True


class DatabaseOperations(operations.DatabaseOperations):  # type: ignore[misc]
    cast_data_types = _PLAIN  # CAST takes no collation in its type


class DatabaseValidation(BaseDatabaseValidation):
    def check(self, **_: Any) -> list[CheckMessage]:
        """Say what the database's operator has to settle, with the statement that does it."""
        with self.connection.cursor() as cursor:
            cursor.execute(ASKED)
            takes_any_letters, has_snapshots = cursor.fetchone()
        found: list[CheckMessage] = []
        if not takes_any_letters:
            sentence = "In this database capitals count in the names of tables, too."
            hint = "CREATE DATABASE name COLLATE Latin1_General_100_CI_AS"
            found.append(Error(sentence, hint=hint, id="jigxmgmt.E001"))
        if not has_snapshots:
            sentence = "In this database who reads waits for who writes."
            hint = "ALTER DATABASE name SET READ_COMMITTED_SNAPSHOT ON"
            found.append(Warning(sentence, hint=hint, id="jigxmgmt.W001"))
        return found


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    data_types = {name: _collated(written) for name, written in _PLAIN.items()}
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    validation_class = DatabaseValidation
