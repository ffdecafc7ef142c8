"""What a SQL function asks, and through which connection, as its page shows it."""

from dataclasses import dataclass

from functions.console.highlighting import Part, highlight_statement
from functions.engine import Provider
from functions.models import FunctionDefinition
from functions.services.definitions import definition_of


@dataclass(frozen=True, slots=True)
class Statement:
    """`is_connected` where the solution has a connection of this name."""

    connection: str
    is_connected: bool
    is_procedure: bool
    lines: list[list[Part]]


def statement_of(function: FunctionDefinition) -> Statement | None:
    """Return what it runs; None for a function that asks no database."""
    solution = function.version.solution
    definition = definition_of(solution.pk, function.version.number, function.name)
    if definition.provider is not Provider.SQL:
        return None
    return Statement(
        connection=definition.connection,
        is_connected=solution.connections.filter(name=definition.connection).exists(),
        is_procedure=definition.method == "execute",
        lines=highlight_statement(definition.statement.strip()),
    )
