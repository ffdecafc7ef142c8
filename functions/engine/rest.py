"""REST functions: build, send, transform, page on; every ending is an outcome."""

from dataclasses import replace

from functions.engine.closing import close, outcome_of
from functions.engine.pages import Paging
from functions.engine.types import Call, Outcome, Surroundings


async def run(call: Call, *, surroundings: Surroundings) -> Outcome:
    """Run a REST function to its end."""
    paging = Paging(call, surroundings)
    outcome = await outcome_of(paging.run)
    closed = await close(
        outcome,
        wallet=paging.wallet,
        evaluator=paging.evaluator,
        traffic=paging.traffic,
        surroundings=surroundings,
    )
    return replace(closed, pages=paging.pages)
