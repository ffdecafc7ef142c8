"""Which functions name which connection."""

from functions.engine import Definition, Provider
from functions.services.definitions import definition_of
from orgs.models import Solution


def uses_of_connections(solution: Solution) -> dict[str, list[str]]:
    """Return the functions of the live version by the connection that they name."""
    uses: dict[str, list[str]] = {}
    for definition in definition_of.of_live(solution):
        if (name := connection_named_by(definition)) is not None:
            uses.setdefault(name, []).append(definition.name)
    return uses


def connection_named_by(definition: Definition) -> str | None:
    """Return the connection of a SQL function; None for a function of another kind."""
    if definition.provider is not Provider.SQL:
        return None
    name = definition.source["connection"]
    return str(name).strip()
