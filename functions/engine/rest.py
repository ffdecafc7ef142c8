"""REST functions: build, send, transform, page on; every ending is an outcome."""

from dataclasses import replace

from functions.engine.expressions import UNDEFINED
from functions.engine.failures import EngineFailure
from functions.engine.handling import Ended, plain_answer
from functions.engine.pages import Paging
from functions.engine.types import Call, Outcome, Surroundings, Timing


async def run(call: Call, *, surroundings: Surroundings) -> Outcome:
    """Run a REST function to its end."""
    paging = Paging(call, surroundings)
    try:
        outcome = await paging.run()
    except EngineFailure as failure:
        outcome = Outcome("error", error=plain_answer(failure))
    except Ended as ended:
        outcome = Outcome(
            "error",
            output=None if ended.output is UNDEFINED else ended.output,
            error=ended.handled.answer,
            operations=ended.handled.operations,
        )
    return _closed(outcome, paging)


def _closed(outcome: Outcome, paging: Paging) -> Outcome:
    """Mask what a service or an expression gave away, and add the figures."""
    traffic, evaluator, masked = paging.traffic, paging.evaluator, paging.wallet.masked
    output = masked(outcome.output)
    is_same = outcome.records is outcome.output
    return replace(
        outcome,
        output=output,
        records=output if is_same else masked(outcome.records),
        operations=masked(outcome.operations),
        error=masked(outcome.error),
        upstream_status=traffic.status,
        pages=paging.pages,
        timing=Timing(upstream=traffic.seconds, transform=evaluator.seconds),
        warnings=evaluator.warnings,
        request_bytes=traffic.request_bytes,
        response_bytes=traffic.response_bytes,
        attempts=traffic.attempts,
    )
