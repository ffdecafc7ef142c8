"""Commands as they wait: one row each, in the order in which they were added.

The one row that a command creates on the device is told by its temporary id: the parameter `id`
where that is temporary, else the only temporary id among the parameters that no command of the
queue carried before. Whoever carried it first creates it, so a command that only refers to a row
never gives its own answer's id to that row.
"""

import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from functions.device.rows import holds, replaced, write_json
from functions.engine.expressions import is_temporary_id

SCHEMA = """CREATE TABLE IF NOT EXISTS _jigx_commands (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL UNIQUE,
    solution_id TEXT NOT NULL,
    function TEXT NOT NULL,
    parameters TEXT NOT NULL,
    entity TEXT,
    source TEXT NOT NULL,
    temporary_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    code TEXT
)"""
_FIELDS = (
    "command_id, solution_id, function, parameters, entity, source, temporary_id, attempts, code"
)


@dataclass(frozen=True, slots=True)
class Command:
    """A call that waits for its service; its id is the call's `Idempotency-Key` too.

    Its attempts are those begun, so from the second on the service may know of it already. The
    code is that of its refusal.
    """

    command_id: str
    solution_id: str
    function: str
    parameters: Mapping[str, Any] = field(repr=False)
    entity: str | None
    source: Mapping[str, Any] = field(repr=False)
    temporary_id: str | None = field(default=None, repr=False)
    attempts: int = 0
    code: str | None = None


def add(
    connection: sqlite3.Connection,
    *,
    solution_id: str,
    function: str,
    parameters: Mapping[str, Any],
    entity: str | None,
    source: Mapping[str, Any],
) -> Command:
    """Put a command at the end. Raises NotStorable."""
    command = Command(
        command_id=str(uuid.uuid4()),
        solution_id=solution_id,
        function=function,
        parameters=parameters,
        entity=entity,
        source=source,
        temporary_id=_created_by(connection, parameters),
    )
    connection.execute(
        "INSERT INTO _jigx_commands"
        " (command_id, solution_id, function, parameters, entity, source, temporary_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            command.command_id,
            solution_id,
            function,
            write_json(parameters),
            entity,
            write_json(source),
            command.temporary_id,
        ),
    )
    return command


def waiting(connection: sqlite3.Connection) -> list[Command]:
    return _select(connection, "code IS NULL ORDER BY position")


def failed(connection: sqlite3.Connection) -> list[Command]:
    return _select(connection, "code IS NOT NULL ORDER BY position")


def begin_first(connection: sqlite3.Connection) -> Command | None:
    """Count an attempt of the first command that waits, and return it."""
    first = "(SELECT MIN(position) FROM _jigx_commands WHERE code IS NULL)"
    statement = "UPDATE _jigx_commands SET attempts = attempts + 1 WHERE position = "
    connection.execute(statement + first)
    found = _select(connection, f"position = {first}")
    return found[0] if found else None


def fail(connection: sqlite3.Connection, command_id: str, code: str) -> None:
    statement = "UPDATE _jigx_commands SET code = ? WHERE command_id = ?"
    connection.execute(statement, (code, command_id))


def remove(connection: sqlite3.Connection, command_id: str) -> None:
    connection.execute("DELETE FROM _jigx_commands WHERE command_id = ?", (command_id,))


def find_replace(connection: sqlite3.Connection, wanted: Any, replacement: Any) -> None:
    """Put the replacement in place of what is wanted in the parameters of waiting commands.

    What may have reached the service stays as it was sent: its key stands for that body.
    """
    for command in waiting(connection):
        if command.attempts == 0 and holds(command.parameters, wanted):
            parameters = write_json(replaced(command.parameters, wanted, replacement))
            statement = "UPDATE _jigx_commands SET parameters = ? WHERE command_id = ?"
            connection.execute(statement, (parameters, command.command_id))


def _select(connection: sqlite3.Connection, which: str) -> list[Command]:
    found = connection.execute(f"SELECT {_FIELDS} FROM _jigx_commands WHERE {which}")  # noqa: S608
    return [_read(row) for row in found.fetchall()]


def _read(row: tuple[Any, ...]) -> Command:
    command_id, solution_id, function, parameters, entity, source, *rest = row
    return Command(
        command_id,
        solution_id,
        function,
        orjson.loads(parameters),
        entity,
        orjson.loads(source),
        *rest,
    )


def _created_by(connection: sqlite3.Connection, parameters: Mapping[str, Any]) -> str | None:
    known = [command.parameters for command in [*waiting(connection), *failed(connection)]]
    new = {
        value
        for value in parameters.values()
        if is_temporary_id(value) and not any(holds(earlier, value) for earlier in known)
    }
    own: str | None = parameters.get("id")
    if own in new:
        return own
    return new.pop() if len(new) == 1 else None
