"""What the whole suite shares."""

import os
from collections.abc import Iterator

import keyring
import pytest
from django.db import connection
from keyring.backends import null
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# What they start for all of their tests takes long: installations, the SQL of all migrations.
TOGETHER = {"tests/test_up.py", "tests/test_sql_server_database.py"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, rather than skip, what can't be shown: races on SQLite, T-SQL without a server.

    And begin with whole stories, after the shuffle: at the end all would wait for the longest.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/"))
    absent = {"postgresql"} if connection.vendor == "sqlite" else set()
    absent |= set() if os.environ.get("PORTAL_TEST_MSSQL_URL") else {"real_sql_server"}
    left_out = [item for item in items if absent & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps some files' tests in one process; pytest's ids have no room for the groups of marks."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers."""
    config.addinivalue_line(
        "markers", "postgresql: what SQLite's one writer hides; for SQL Server, too"
    )
    config.addinivalue_line(
        "markers", "real_sql_server: needs the server that PORTAL_TEST_MSSQL_URL names"
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let readers of a test's SQL Server not wait for writers, as an operator's has to."""
    if connection.vendor != "microsoft":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT CAST(is_read_committed_snapshot_on AS int) FROM sys.databases"
            " WHERE database_id = DB_ID()"
        )
        if not cursor.fetchone()[0]:
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(
                f"ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE"
            )


@pytest.fixture
def computer_without_keychain() -> Iterator[None]:
    """Keep a device's secrets in the test's own folder, whosever computer this is."""
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)
