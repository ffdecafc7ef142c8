"""The migrations on a database that has rows and constraints to lose."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestMigrations:
    def test_go_back_as_far_as_they_can_and_forth_again(self) -> None:
        before = sorted(connection.introspection.table_names())
        try:
            call_command("migrate", "functions", "zero", verbosity=0)
            call_command("migrate", "auth_providers", "0007", verbosity=0)
            assert sorted(connection.introspection.table_names()) != before
        finally:
            call_command("migrate", verbosity=0)

        assert sorted(connection.introspection.table_names()) == before
        executor = MigrationExecutor(connection)
        assert not executor.migration_plan(executor.loader.graph.leaf_nodes())
