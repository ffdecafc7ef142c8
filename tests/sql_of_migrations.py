"""Write what every migration would say to the database that DATABASE_URL names, as JSON.

    python -m tests.sql_of_migrations

In a process of its own, since mssql-django changes Django itself as it is imported.
"""

import json
import sys

import django
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def main() -> None:
    django.setup()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    state = executor.loader.project_state([])
    statements: dict[str, list[str]] = {}
    for migration, _is_backwards in plan:
        with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        statements[str(migration)] = editor.collected_sql
    json.dump(statements, sys.stdout)


if __name__ == "__main__":
    main()
