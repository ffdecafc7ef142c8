import pytest
from django.http import QueryDict

from functions.console.forms import TrialForm
from functions.console.parameters import Parameter
from jigxmgmt.errors import FieldFault, Invalid


def parameter(name: str, type: str = "string", **known: object) -> Parameter:
    columns = {"location": "query", "is_required": False, "default": "", "credential": ""}
    return Parameter(name=name, type=type, **(columns | known))  # type: ignore[arg-type]


def filled(*parameters: Parameter, **typed: str) -> TrialForm:
    query = QueryDict(mutable=True)
    query.update({f"parameter-{name}": text for name, text in typed.items()})
    return TrialForm(query, parameters=parameters)


class TestTrialForm:
    @pytest.mark.parametrize(
        ("type", "typed", "sent"),
        [
            ("string", "EU", "EU"),
            ("int", "7", 7),
            ("number", "7", 7),
            ("number", "7.5", 7.5),
            ("boolean", "true", True),
            ("boolean", "false", False),
            ("array", "[1, null]", [1, None]),
            ("object", '{"a": {}}', {"a": {}}),
            ("file", "aGVsbG8=", "aGVsbG8="),
        ],
    )
    def test_sends_what_was_typed_as_the_type_says(
        self, type: str, typed: str, sent: object
    ) -> None:
        form = filled(parameter("x", type), x=typed)

        assert form.is_valid()
        assert form.given() == {"x": sent}
        assert str(form.given()) == str({"x": sent})

    @pytest.mark.parametrize("type", ["string", "int", "number", "boolean", "array", "object"])
    def test_leaves_out_what_was_left_blank(self, type: str) -> None:
        form = filled(parameter("x", type), x="")

        assert form.is_valid()
        assert form.given() == {}

    def test_does_not_ask_again_for_what_has_a_default(self) -> None:
        form = filled(parameter("x", is_required=True, default="1"))

        assert form.is_valid()

    def test_puts_a_fault_at_its_field(self) -> None:
        form = filled(parameter("$top", "int"))
        fault = FieldFault("/parameters/$top", "Too many.", "parameter_type")

        assert form.is_valid()
        form.add_refusal(Invalid("No.", faults=[fault]))

        assert form.errors["$top"] == ["Too many."]

    def test_puts_a_fault_without_a_field_above_all(self) -> None:
        form = filled(parameter("x"))
        fault = FieldFault("/parameters/crm", "Unknown.", "parameter_unknown")

        assert form.is_valid()
        form.add_refusal(Invalid("No.", faults=[fault]))

        assert form.non_field_errors() == ["crm: Unknown."]

    def test_keeps_files_out_of_what_the_tab_remembers(self) -> None:
        form = filled(parameter("photo", "file"), parameter("region"))

        assert "data-unremembered" in str(form["photo"])
        assert "data-unremembered" not in str(form["region"])
