"""How every call ends: what it came to, masked, with its figures."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import orjson

from functions.engine.credentials import Wallet
from functions.engine.evaluation import ON_LOOP_SIZE, Evaluator
from functions.engine.exchange import Traffic
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import BadResponse, EngineFailure
from functions.engine.handling import Ended, plain_answer
from functions.engine.types import Outcome, Surroundings, Timing


async def outcome_of(run: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run to an outcome whatever happens."""
    try:
        return await run()
    except EngineFailure as failure:
        return Outcome("error", error=plain_answer(failure))
    except RecursionError:
        refusal = BadResponse("The service's answer is nested too deep.")
        return Outcome("error", error=plain_answer(refusal))
    except Ended as ended:
        return Outcome(
            "error",
            output=None if ended.output is UNDEFINED else ended.output,
            error=ended.handled.answer,
            operations=ended.handled.operations,
        )


async def close(
    outcome: Outcome,
    *,
    wallet: Wallet,
    evaluator: Evaluator,
    traffic: Traffic,
    surroundings: Surroundings,
) -> Outcome:
    """Mask what a service or an expression gave away, and add the figures."""
    arguments = (outcome, wallet, evaluator, traffic)
    if traffic.response_bytes > ON_LOOP_SIZE:
        return cast(Outcome, await surroundings.off_loop(_closed, *arguments))
    return _closed(*arguments)


def _closed(outcome: Outcome, wallet: Wallet, evaluator: Evaluator, traffic: Traffic) -> Outcome:
    values = [outcome.output, outcome.records, outcome.operations, outcome.error]
    try:
        written = orjson.dumps(values)
    except TypeError:  # what no reader of ours follows
        refusal = BadResponse("The result is nested too deep, or has a number past 64 bits.")
        outcome = Outcome("error", error=plain_answer(refusal))
        values, written = [None, [], [], outcome.error], b""
    output, records, operations, error = wallet.masked(values, written=written)
    return replace(
        outcome,
        output=output,
        records=records,
        operations=operations,
        error=error,
        upstream_status=traffic.status,
        timing=Timing(upstream=traffic.seconds, transform=evaluator.seconds),
        warnings=evaluator.warnings,
        request_bytes=traffic.request_bytes,
        response_bytes=traffic.response_bytes,
        echoed_secret=wallet.was_sent_back,
    )
