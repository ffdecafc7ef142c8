"""`jsonata2py` in the shape of `jlens`, for machines that have no wheel of the latter.

It bounds time and depth; steps and sizes it can't bound, and it holds the GIL.
"""

import contextlib
import importlib
import json
from collections.abc import Callable
from typing import Any

import orjson


class JlensError(Exception):
    """An expression that does not parse, or threw; `code` is JSONata's."""

    def __init__(self, code: str, position: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.position = position


class Document:
    """A value, parsed once."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @staticmethod
    def from_json(text: str) -> "Document":
        return Document(orjson.loads(text))


class Compiled:
    """One compiled expression."""

    def __init__(self, source: str) -> None:
        self._library: Any = importlib.import_module("jsonata2py")
        try:
            self._compiled = self._library.compile(source)
        except self._library.JsonataError as error:
            position = getattr(error, "position", None)
            failure = JlensError(error.error_code or "S0500", position)
        else:
            return
        raise failure

    def reads(self, _bindings: dict[str, Any]) -> dict[str, Any]:
        """Claim to read everything: this library does not say what an expression reads."""
        return {"input": True, "everyBinding": True}

    def register_function(self, name: str, implementation: Callable[..., Any]) -> None:
        self._compiled.register_function(name, implementation)

    def evaluate(self, value: Any, bindings: dict[str, Any], **limits: Any) -> Any:
        """Evaluate; None as the value means none at all."""
        return self._run(self._library.MISSING if value is None else value, bindings, **limits)

    def evaluate_document(self, document: Document, bindings: dict[str, Any], **limits: Any) -> Any:
        return self._run(document.value, bindings, **limits)

    def _run(self, value: Any, bindings: dict[str, Any], *, timeout: float, **_limits: Any) -> Any:
        named = self._library.JsonataBindings()
        for name, bound in bindings.items():
            (named.bind_function if callable(bound) else named.bind_value)(name, bound)
        self._compiled.set_timeout(max(1, int(timeout * 1000)))
        try:
            answer = self._compiled.evaluate(value, named)
        except self._library.JsonataError as error:
            failure = JlensError(error.error_code or "U1000")
        else:
            return None if answer is self._library.MISSING else _plain(answer)
        raise failure


def _plain(answer: Any) -> Any:
    """Write the answer as JSON has it: functions are nothing."""
    with contextlib.suppress(TypeError):
        return orjson.loads(orjson.dumps(answer))
    return json.loads(json.dumps(answer, default=lambda _function: None))
