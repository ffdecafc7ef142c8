"""An expression that the library can't interrupt holds up its own call alone."""

import asyncio
import time

from functions.engine.evaluation import Context, Evaluator
from functions.engine.expressions import compile_expression
from functions.engine.failures import ExpressionLimit
from functions.engine.scripts import ScriptProcesses
from functions.engine.types import Limits

HOSTILE = "$count($distinct([1..60000]))"


class TestUninterruptible:
    def test_leaves_the_loop_free_and_ends_the_call(self) -> None:
        async def story() -> tuple[str, int]:
            limits = Limits(expression_seconds=0.2)
            evaluator = Evaluator(
                limits,
                deadline=time.monotonic() + 30,
                off_loop=asyncio.to_thread,
                own_scripts=ScriptProcesses().of("owner"),
                scripts={},
            )
            call = asyncio.create_task(
                evaluator.evaluate(
                    compile_expression(HOSTILE), root=None, context=Context({}), place="output"
                )
            )
            turns = 0
            while not call.done():
                await asyncio.sleep(0.01)
                turns += 1
            try:
                await call
            except ExpressionLimit:
                return "ended", turns
            return "ran", turns

        ended, turns = asyncio.run(story())
        assert ended == "ended"
        assert turns > 2  # evaluated on the loop, it would leave it one turn before and one after
