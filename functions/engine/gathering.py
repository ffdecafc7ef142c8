"""What answers come to: transformed, their rows found, their operations finished, joined."""

from typing import Any

from functions.engine.definitions import Definition
from functions.engine.evaluation import ON_LOOP_SIZE, Context, Evaluator
from functions.engine.expressions import UNDEFINED, NotJson, Root
from functions.engine.failures import BadResponse
from functions.engine.operations import finish_operations, join_operations, rows_of
from functions.engine.types import OffLoop, Outcome


class Gathering:
    """The results of one call so far: one for most, many where there are pages."""

    def __init__(
        self, definition: Definition, *, context: Context, evaluator: Evaluator, off_loop: OffLoop
    ) -> None:
        self._definition = definition
        self._context = context
        self._evaluator = evaluator
        self._off_loop = off_loop
        self._results: list[Any] = []
        self._rows: list[Any] = []
        self._operations: dict[int, list[dict[str, Any]]] = {}

    async def add(self, body: Root) -> Root:
        """Take in one answer and return its transformed result. Raises BadResponse."""
        definition, context = self._definition, self._context
        result = await self._result(body)
        context.set(output=result)
        rows, root = result, Root(result, size=body.size)
        if definition.records is not UNDEFINED:
            rows = await self._evaluator.render(
                definition.records, root=root, context=context, place="records"
            )
        self._results.append(result)
        self._rows += rows_of(rows)
        if definition.operations:
            finished = await finish_operations(
                definition.operations, root=root, context=context, evaluator=self._evaluator
            )
            join_operations(self._operations, finished)
        return root

    async def _result(self, body: Root) -> Any:
        transform = self._definition.output_transform
        if transform is not None:
            return await self._evaluator.evaluate(
                transform, root=body, context=self._context, place="outputTransform"
            )
        try:
            if body.size > ON_LOOP_SIZE:
                await self._off_loop(lambda: body.value)
            return body.value
        except NotJson:
            raise BadResponse("The service's answer is not JSON.") from None

    async def finish(self, *, size: int) -> Outcome:
        """Make the outcome; `size` is that of all answers in bytes."""
        context = self._context
        output = self._results[0] if len(self._results) == 1 else self._rows
        context.set(output=output)
        if self._definition.output is not UNDEFINED:
            output = await self._evaluator.render(
                self._definition.output,
                root=Root(output, size=size),
                context=context,
                place="output",
            )
        return Outcome(
            "ok",
            output=None if output is UNDEFINED else output,
            records=self._rows,
            operations=[one for _, ones in sorted(self._operations.items()) for one in ones],
        )
