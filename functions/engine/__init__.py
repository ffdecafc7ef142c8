"""The function language: a definition, parameters and a way to the world in, an outcome out.

Pure and asynchronous. `run` never raises for what a definition, a caller or a service did; only
bugs do.
"""

from collections.abc import Awaitable, Callable

from functions.engine import rest, sql
from functions.engine.checking import check_definition
from functions.engine.definitions import Continuation, Definition, Handler, Parameter
from functions.engine.parameters import check_parameters
from functions.engine.scripts import OwnScripts, ScriptProcesses
from functions.engine.types import (
    Call,
    Checked,
    Credential,
    Database,
    ErrorAnswer,
    Fault,
    Limits,
    Mint,
    OffLoop,
    Outcome,
    Provider,
    Refresh,
    ScriptCall,
    Secret,
    Surroundings,
    Timing,
    Transport,
    Warned,
)

Runner = Callable[..., Awaitable[Outcome]]

RUNNERS: dict[Provider, Runner] = {Provider.REST: rest.run, Provider.SQL: sql.run}


async def run(call: Call, *, surroundings: Surroundings) -> Outcome:
    """Run one function to its end, within its deadline."""
    return await RUNNERS[call.definition.provider](call, surroundings=surroundings)


__all__ = [
    "RUNNERS",
    "Call",
    "Checked",
    "Continuation",
    "Credential",
    "Database",
    "Definition",
    "ErrorAnswer",
    "Fault",
    "Handler",
    "Limits",
    "Mint",
    "OffLoop",
    "Outcome",
    "OwnScripts",
    "Parameter",
    "Provider",
    "Refresh",
    "ScriptCall",
    "ScriptProcesses",
    "Secret",
    "Surroundings",
    "Timing",
    "Transport",
    "Warned",
    "check_definition",
    "check_parameters",
    "run",
]
