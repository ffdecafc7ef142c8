"""Expressions as app creators write them, against what the reference implementation gives."""

import asyncio
from typing import Any

import orjson
import pytest

from functions.engine.evaluation import Context
from functions.engine.expressions import UNDEFINED, Root, compile_expression
from functions.engine.types import Warned
from functions.tests.engine.suite import SUITE, as_json, value_of
from functions.tests.engine.upstream import evaluator


def answer(record: dict[str, Any], root: Root | None) -> tuple[Any, list[Warned]]:
    """Evaluate as an outputTransform is, or where there is no input, with the context as `$`."""
    context = Context(SUITE["contexts"].get(record.get("context"), {}))
    if root is not None:
        context.body = root
    own = evaluator()
    expression = compile_expression(record["expression"])
    value = asyncio.run(own.evaluate(expression, root=root, context=context, place="here"))
    return value, own.warnings


def roots(record: dict[str, Any]) -> list[Root | None]:
    """Give the input in each form that a call has it in: parsed, and as the service's text."""
    if "document" not in record and "input" not in record:
        return [None]
    value = value_of(record)
    return [Root(value), Root(text=orjson.dumps(value).decode())]


@pytest.mark.parametrize("record", SUITE["records"], ids=lambda record: record["name"])
def test_it_is_answered_as_the_reference_does(record: dict[str, Any]) -> None:
    warned = [{"path": "here", "code": record["throws"]}] if "throws" in record else []
    expected = None if warned else record.get("expected", UNDEFINED)

    for root in roots(record):
        value, warnings = answer(record, root)

        assert as_json(value) == as_json(expected)
        assert warnings == warned
