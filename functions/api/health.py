"""Whether this process is alive, and whether the parts that a call needs are there."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

from auth_providers.services.keys_in_use import missing_keys
from functions.calls import lane_client
from functions.services.calls import database

OK = "ok"


def alive(request: HttpRequest) -> JsonResponse:
    """Answer at all."""
    return JsonResponse({"status": OK})


async def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is there, else 503 with each part's state."""
    parts = await database.run(_database_parts) | await _lane_parts()
    is_ready = all(state == OK for state in parts.values())
    return JsonResponse(
        {"status": OK if is_ready else "not ready", "parts": parts}, status=200 if is_ready else 503
    )


def _database_parts() -> dict[str, str]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        without_key = [] if missing else missing_keys()
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown", "vault": "unknown"}
    return {
        "database": OK,
        "migrations": f"{len(missing)} missing" if missing else OK,
        # Which, is for operators alone: `manage.py check --database default` names them.
        "vault": f"{len(without_key)} missing" if without_key else OK,
    }


async def _lane_parts() -> dict[str, str]:
    try:
        workers = await lane_client().lane.workers()
    except (RedisError, OSError):
        return {"broker": "unreachable", "workers": "unknown"}
    return {"broker": OK, "workers": OK if workers else "none"}
