"""The language as it is written down, and the code that it is written for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from functions import engine
from functions.engine import language
from functions.engine.parameters import FITS
from functions.engine.replies import FORMATS
from functions.tests.engine.upstream import ADDRESS, get, play

MARKER = "v4lue-marker"


def parts_of(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            if key not in ("examples", "default"):
                yield from parts_of(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from parts_of(value, f"{path}/{index}")


ENUMERATIONS = [
    pytest.param(part["anyOf"], id=path)
    for path, part in parts_of(dict(language.SCHEMA))
    if "anyOf" in part and any("pattern" in branch for branch in part["anyOf"])
]


class TestSchema:
    def test_is_one(self) -> None:
        Draft202012Validator.check_schema(language.SCHEMA)

    @pytest.mark.parametrize("branches", ENUMERATIONS)
    def test_takes_every_value_in_any_letter_case(self, branches: list[dict[str, Any]]) -> None:
        pattern = next(branch["pattern"] for branch in branches if "pattern" in branch)
        values = [value for branch in branches for value in branch.get("enum", ())]

        for value in values:
            for spelling in (value, value.upper(), value.lower(), value.title()):
                assert re.search(pattern, spelling), spelling
            assert not re.search(pattern, f"{value}x")

    @pytest.mark.parametrize("place", language.PLACES, ids=lambda place: place.name)
    def test_says_what_each_key_means(self, place: language.Place) -> None:
        assert place.keys
        for key in place.keys.values():
            assert key.description.endswith((".", "?"))
            assert key.examples
            assert key.providers

    @pytest.mark.parametrize("key", language.FUNCTION.keys.values(), ids=lambda key: key.name)
    def test_holds_examples_that_fit(self, key: language.Key) -> None:
        validator = Draft202012Validator(language.SCHEMA)

        for example in key.examples:
            sources = [{"provider": provider, key.name: example} for provider in key.providers]
            faults = [
                [fault.json_path for fault in validator.iter_errors(source) if fault.path]
                for source in sources
            ]
            assert [] in faults


class TestCode:
    def test_has_a_reader_for_every_format(self) -> None:
        assert set(language.FUNCTION.keys["format"].choices[None]) == FORMATS

    def test_has_a_test_for_every_type(self) -> None:
        assert FITS.keys() == language.TYPES

    def test_gives_expressions_the_context_that_is_written(self) -> None:
        answers = [web.json_response({"next": True}), web.json_response({}, status=500)]
        source = get(
            continuation={"when": "=$.next", "url": f"{ADDRESS}/2", "parameters": {}},
            error=[{"details": "=$keys($)"}],
        )

        played = play(source, service=lambda _request: answers.pop(0))

        assert played.outcome.error is not None
        assert set(played.outcome.error["details"]) == language.CONTEXT.keys()


class TestMessages:
    def test_hold_no_value(self) -> None:
        source = json.loads(
            json.dumps(
                {
                    "provider": "DATA_PROVIDER_REST",
                    "url": "https://a.test/",
                    "method": MARKER,
                    "format": MARKER,
                    "parameters": {"a": MARKER, "b": {"location": MARKER, "required": MARKER}},
                    "error": [MARKER, {"retry": {"delay": MARKER}}],
                    "operations": MARKER,
                    "records": [MARKER],
                }
            )
        )

        checked = engine.check_definition(source, name="f")

        assert len(checked.faults) == 6
        assert MARKER not in str([*checked.faults, *checked.warnings])
