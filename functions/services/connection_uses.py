"""Which functions name which connection."""

from functions.services.definitions import definition_of
from orgs.models import Solution


def uses_of_connections(solution: Solution) -> dict[str, list[str]]:
    """Return the functions of the live version by the connection that they name."""
    uses: dict[str, list[str]] = {}
    for definition in definition_of.of_live(solution):
        if definition.connection:
            uses.setdefault(definition.connection, []).append(definition.name)
    return uses
