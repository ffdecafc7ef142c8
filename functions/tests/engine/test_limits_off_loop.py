"""An expression that the library can't interrupt holds up its own call alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.engine.evaluation import Context
from functions.engine.expressions import compile_expression
from functions.engine.failures import ExpressionLimit
from functions.engine.types import Limits
from functions.tests.engine.upstream import evaluator

# It moves every field that follows, for each field that it deletes.
HOSTILE = """
  ($many := $merge([1..40000].{$string($): 1});
    $eval("$many ~> |$|{}, $keys($many)|", {"a": 1}))
"""


class TestUninterruptible:
    def test_leaves_the_loop_free_and_ends_the_call(self) -> None:
        async def story() -> tuple[str, int]:
            call = asyncio.create_task(
                evaluator(Limits(expression_seconds=0.2)).evaluate(
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


@dataclass
class Beside:
    """The way off the loop, and how often it was taken."""

    times: int = 0

    async def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        self.times += 1
        return await asyncio.to_thread(function, *args)


def evaluated_beside(*sources: str, context: Context) -> int:
    """Evaluate for one call; how many of these were evaluated beside the loop."""
    beside = Beside()
    own = evaluator(off_loop=beside)

    async def story() -> None:
        for source in sources:
            expression = compile_expression(source)
            await own.evaluate(expression, root=None, context=context, place="output")

    asyncio.run(story())
    return beside.times


class TestPlace:
    def test_small_work_stays_on_the_loop(self) -> None:
        assert evaluated_beside("1 + 1", "$keys($)", "$eval('1')", context=Context({"a": 1})) == 0

    def test_what_the_caller_sent_counts_too(self) -> None:
        context = Context({"parameters": {"file": "x" * 100_000}})
        context.size = 100_000

        assert evaluated_beside("$length(@ctx.parameters.file)", context=context) == 1

    def test_long_texts_are_written_beside_it(self) -> None:
        assert evaluated_beside("$length($pad('', 200000, '-'))", context=Context({})) == 1

    def test_what_follows_slow_work_goes_there_at_once(self) -> None:
        slow = "$count([1..6000].$string($))"

        assert evaluated_beside(slow, "1 + 1", context=Context({})) == 2
