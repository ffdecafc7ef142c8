"""REST functions: build, send, transform, page on; every ending is an outcome."""

from dataclasses import replace
from typing import cast

import orjson

from functions.engine.evaluation import ON_LOOP_SIZE
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import BadResponse, EngineFailure
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
    except RecursionError:
        refusal = BadResponse("The service's answer is nested too deep.")
        outcome = Outcome("error", error=plain_answer(refusal))
    except Ended as ended:
        outcome = Outcome(
            "error",
            output=None if ended.output is UNDEFINED else ended.output,
            error=ended.handled.answer,
            operations=ended.handled.operations,
        )
    if paging.traffic.response_bytes > ON_LOOP_SIZE:
        return cast(Outcome, await surroundings.off_loop(_closed, outcome, paging))
    return _closed(outcome, paging)


def _closed(outcome: Outcome, paging: Paging) -> Outcome:
    """Mask what a service or an expression gave away, and add the figures."""
    values = [outcome.output, outcome.records, outcome.operations, outcome.error]
    try:
        written = orjson.dumps(values)
    except TypeError:  # what no reader of ours follows
        refusal = BadResponse("The result is nested too deep, or has a number past 64 bits.")
        outcome = Outcome("error", error=plain_answer(refusal))
        values, written = [None, [], [], outcome.error], b""
    output, records, operations, error = paging.wallet.masked(values, written=written)
    traffic, evaluator = paging.traffic, paging.evaluator
    return replace(
        outcome,
        output=output,
        records=records,
        operations=operations,
        error=error,
        upstream_status=traffic.status,
        pages=paging.pages,
        timing=Timing(upstream=traffic.seconds, transform=evaluator.seconds),
        warnings=evaluator.warnings,
        request_bytes=traffic.request_bytes,
        response_bytes=traffic.response_bytes,
        echoed_secret=paging.wallet.was_sent_back,
    )
