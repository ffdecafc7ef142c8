"""What every call begins with: its context, its values, and whether it is to run at all."""

from collections.abc import Mapping
from typing import Any

from functions.engine.definitions import Definition
from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import BadRequest
from functions.engine.parameters import gather_values, written_size
from functions.engine.types import Call, Surroundings


def context_of(call: Call) -> Context:
    return Context(
        {
            "user": call.user,
            "solution": call.solution,
            "organization": call.organization,
            "entity": call.entity,
            "commandId": call.command_id,
            "correlationId": call.correlation_id,
            "queries": call.queries,
        }
    )


def evaluator_of(call: Call, surroundings: Surroundings) -> Evaluator:
    return Evaluator(
        surroundings.limits,
        deadline=surroundings.deadline,
        off_loop=surroundings.off_loop,
        own_scripts=surroundings.scripts,
        scripts=call.definition.scripts,
    )


async def first_values(call: Call, *, context: Context, evaluator: Evaluator) -> dict[str, Any]:
    """Take the caller's values and the defaults. Raises BadRequest."""
    definition, given = call.definition, call.parameters
    sizes = [written_size(value) for value in (*given.values(), context.values)]
    if None in sizes:
        raise BadRequest("A value is nested too deep, or JSON can't hold it.")
    defaults = [parameter.default for parameter in definition.parameters.values()]
    texts = [len(default) for default in defaults if isinstance(default, str)]
    context.size = sum(filter(None, [*sizes, *texts]))
    return await gather_values(
        definition.parameters, given, root=None, context=context, evaluator=evaluator
    )


async def is_wanted(
    definition: Definition, values: Mapping[str, Any], *, context: Context, evaluator: Evaluator
) -> bool:
    """Let expressions see the values, and ask the definition's `when`."""
    context.set(parameters=values, inputs=values)
    if definition.when is UNDEFINED:
        return True
    return await evaluator.decide(definition.when, root=None, context=context, place="when")
