"""How each kind of database is reached, from the URL that names it."""

from collections.abc import Mapping
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
# What the URL may say of the way to SQL Server, and what holds when it says nothing.
WAY = {
    "Encrypt": "yes",
    "TrustServerCertificate": "no",
    "HostnameInCertificate": "",
    "MultiSubnetFailover": "",
}


def read_database(environment: environ.Env, *, default: str) -> dict[str, Any]:
    """Return the settings of the database that DATABASE_URL names.

    Raises ImproperlyConfigured, which never repeats what stands in the URL.
    """
    try:
        database: dict[str, Any] = environment.db_url("DATABASE_URL", default=default)
    except ValueError:
        sentence = "DATABASE_URL is no URL; in a password, what is special is written as %-codes."
        raise ImproperlyConfigured(sentence) from None
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = SQLITE
    elif database["ENGINE"] == "mssql":
        database |= _sql_server(database.get("OPTIONS", {}))
    return {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True} | database


def _sql_server(said: Mapping[str, object]) -> dict[str, Any]:
    names = {name.lower(): name for name in WAY}
    unknown = sorted(name for name in said if name.lower() not in names)
    if unknown:
        sentence = f"DATABASE_URL takes no {', '.join(unknown)}; after the ? it takes "
        raise ImproperlyConfigured(f"{sentence}{', '.join(WAY)}.")
    way = WAY | {names[name.lower()]: str(value) for name, value in said.items()}
    written = ";".join(f"{name}={_braced(value)}" for name, value in way.items() if value)
    return {
        "ENGINE": "jigxmgmt.sql_server",
        "OPTIONS": {
            "python_driver": "mssql_python",
            "connection_timeout": 15,
            "extra_params": written,
        },
    }


def _braced(value: str) -> str:
    """Return a value of a connection string, out of which nothing else can be read."""
    return "{" + value.replace("}", "}}") + "}"
