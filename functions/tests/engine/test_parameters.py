"""Which values a function takes from its caller."""

from typing import Any

import pytest

from functions import engine
from functions.tests.engine.hostile import HOSTILE

URL = "https://api.test/rows"


def rest(**keys: Any) -> dict[str, Any]:
    return {"provider": "DATA_PROVIDER_REST", "url": URL, **keys}


PARAMETERS = {
    "text": {"location": "query", "type": "string", "required": True},
    "count": {"location": "query", "type": "int"},
    "rate": {"location": "query", "type": "number"},
    "deep": {"location": "query", "type": "boolean"},
    "list": {"location": "body", "type": "array"},
    "map": {"location": "body", "type": "object"},
    "file": {"location": "body", "type": "file"},
    "key": {"location": "header", "type": "credential"},
    "any": {"location": "header"},
    "size": {"location": "query", "required": True, "value": 5},
    "id": {"location": "path", "required": True, "value": "x"},
}


def parameter_faults(**given: Any) -> list[tuple[str | int, str]]:
    source = rest(method="POST", url=URL + "/{id}/x", parameters=PARAMETERS)
    definition = engine.check_definition(source, name="f").definition
    assert definition is not None
    found = engine.check_parameters(definition, {"text": "t", **given})
    assert all("marker" not in fault.message for fault in found)
    return [(fault.path[0], fault.code) for fault in found]


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("count", 5),
            ("count", 5.0),
            ("count", None),
            ("rate", 1.5),
            ("rate", 2),
            ("deep", False),
            ("list", []),
            ("map", {"a": 1}),
            ("file", "AAEC"),
            ("file", "data:image/png;base64,AAEC"),
            ("key", "some-key"),
            ("any", {"a": 1}),
            ("any", "x\ty"),
            ("id", "a..b"),
        ],
    )
    def test_values_that_fit(self, name: str, value: Any) -> None:
        assert parameter_faults(**{name: value}) == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("text", 5),
            ("count", "5"),
            ("count", 5.5),
            ("count", True),
            ("rate", float("nan")),
            ("deep", 1),
            ("list", {}),
            ("map", []),
            ("file", "not base64: marker"),
            ("file", 5),
            ("any", "marker\r\nX: 1"),
            ("id", ".."),
        ],
    )
    def test_values_that_do_not(self, name: str, value: Any) -> None:
        assert parameter_faults(**{name: value}) == [(name, "parameter_type")]

    @pytest.mark.parametrize("name", ["any", "list", "map", "text", "id", "count"])
    @pytest.mark.parametrize("value", HOSTILE)
    def test_what_json_can_not_hold_is_refused(self, name: str, value: Any) -> None:
        assert parameter_faults(**{name: value}) == [(name, "parameter_type")]

    def test_half_a_character_in_a_name_is_not_repeated(self) -> None:
        assert parameter_faults(**{"a\ud800": 1}) == [("a?", "parameter_unknown")]

    def test_unknown_names_are_refused(self) -> None:
        assert parameter_faults(other="marker") == [("other", "parameter_unknown")]

    @pytest.mark.parametrize("name", ["text", "size"])
    def test_a_required_one_can_not_be_null(self, name: str) -> None:
        assert parameter_faults(**{name: None}) == [(name, "parameter_missing")]

    def test_a_required_one_can_not_be_absent(self) -> None:
        definition = engine.check_definition(
            rest(parameters={"a": {"location": "query", "required": True}}), name="f"
        ).definition
        assert definition is not None

        found = engine.check_parameters(definition, {})

        assert [(fault.path, fault.code) for fault in found] == [(("a",), "parameter_missing")]
