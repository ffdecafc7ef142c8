"""What a definition's texts are on the device: literals, names of parameters, expressions."""

import time
from collections.abc import Mapping
from typing import Any

from functions.device.refusals import NotStorable
from functions.engine import Limits
from functions.engine.expressions import (
    UNDEFINED,
    Bounds,
    Exhausted,
    Expression,
    NotJson,
    Root,
    Thrown,
    Unparsed,
    compile_expression,
)

_LIMITS = Limits()


class Values:
    """Reads the texts of one call's definition. Every method raises NotStorable.

    The context is what the device knows after a call: its `parameters`, also as `inputs`, and the
    `entity`. An expression that needs more, the response say, is refused: with nothing in its
    place it could clear a table.
    """

    def __init__(
        self, source: Mapping[str, Any], *, parameters: Mapping[str, Any], entity: str
    ) -> None:
        self._declared = source.get("parameters") or {}
        self._parameters = parameters
        self._entity = entity
        self._deadline = time.monotonic() + _LIMITS.expression_seconds

    def chosen(self, written: Any) -> Any:
        """Read a literal, an expression, or the name of a parameter; without a value it is null."""
        if isinstance(written, str) and (written in self._parameters or written in self._declared):
            return self._parameter(written)
        return self.rendered(written)

    def rendered(self, written: Any, **also: Any) -> Any:
        """Evaluate what begins with `=`, at any depth; what comes to nothing is null."""
        if isinstance(written, str) and written.startswith("="):
            return self._evaluated(written[1:], also)
        if isinstance(written, Mapping):
            return {key: self.rendered(item, **also) for key, item in written.items()}
        if isinstance(written, list | tuple):
            return [self.rendered(item, **also) for item in written]
        return written

    def _parameter(self, name: str) -> Any:
        if name in self._parameters:
            return self._parameters[name]
        declared = self._declared[name]
        return self.rendered(declared.get("value")) if isinstance(declared, Mapping) else None

    def _evaluated(self, text: str, also: Mapping[str, Any]) -> Any:
        known = {
            "parameters": self._parameters,
            "inputs": self._parameters,
            "entity": self._entity,
            **also,
        }
        try:
            expression = compile_expression(text)
            _require_known(expression, known)
            names = expression.root_names & {"inputs"}
            answer = expression.evaluate(
                Root(known),
                context=known,
                filled={name: known[name] for name in names},
                trimmed=names,
                bounds=self._bounds(),
                shared=True,
            )
        except (Unparsed, Thrown, Exhausted, NotJson):
            raise NotStorable("expression_failed", "An expression can't be evaluated.") from None
        return None if answer is UNDEFINED else answer

    def _bounds(self) -> Bounds:
        return Bounds(
            seconds=max(self._deadline - time.monotonic(), 0.001),
            depth=_LIMITS.expression_depth,
            steps=_LIMITS.expression_steps,
            size=_LIMITS.expression_bytes,
            items=_LIMITS.expression_items,
        )


def _require_known(expression: Expression, known: Mapping[str, Any]) -> None:
    for keys in (expression.context_keys, expression.root_keys):
        if keys is None or keys - known.keys():
            message = "An expression needs what the device does not know."
            raise NotStorable("expression_unknown", message)
