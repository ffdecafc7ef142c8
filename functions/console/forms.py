"""*Try it* as a form: one field an input parameter, typed as the definition says."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from functions.console.parameters import Parameter
from jigxmgmt.errors import DomainError


class JsonField(forms.JSONField):
    """JSON in a text box that is empty, not `null`, before anything is typed."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


SCALARS: dict[str, type[forms.Field]] = {
    "number": forms.DecimalField,
    "int": forms.IntegerField,
    "array": JsonField,
    "object": JsonField,
}
FILES = ("file", "image")
TRUTH = {"true": True, "false": False}


class TrialForm(forms.Form):
    """One field an input parameter; a blank one is not sent, so its default holds."""

    prefix = "parameter"

    def __init__(self, *args: Any, parameters: Iterable[Parameter]) -> None:
        super().__init__(*args)
        self.auto_id = "parameter_%s"
        for parameter in parameters:
            if parameter.is_input:
                self.fields[parameter.name] = _field(parameter)

    def given(self) -> dict[str, Any]:
        """Return what was typed, as JSON's types."""
        return {
            name: _plain(value)
            for name, value in self.cleaned_data.items()
            if value is not None and value != ""
        }

    def add_refusal(self, refusal: DomainError) -> None:
        """Put each fault at its field; one that has none, or a refusal without, above all."""
        for fault in refusal.faults:
            name = fault.pointer.removeprefix("/parameters/")
            known = name if name in self.fields else name.split("/")[0]
            if known in self.fields:
                self.add_error(known, fault.detail)
            else:
                self.add_error(None, f"{name}: {fault.detail}")


def _field(parameter: Parameter) -> forms.Field:
    must = parameter.is_required and not parameter.default
    options: dict[str, Any] = {
        "label": parameter.name,
        "required": must,
        "help_text": _hint(parameter),
    }
    if parameter.type == "boolean":
        choices = [("", "—"), ("true", "true"), ("false", "false")]
        return forms.TypedChoiceField(
            choices=choices, coerce=TRUTH.__getitem__, empty_value=None, **options
        )
    field = SCALARS.get(parameter.type, forms.CharField)(**options)
    if parameter.type in ("array", "object", *FILES):
        field.widget = forms.Textarea(attrs={"rows": 3})
    if parameter.type in FILES:
        field.widget.attrs["data-unremembered"] = ""
    field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
    if parameter.type == "number":
        field.widget.attrs["step"] = "any"
    if parameter.default:
        field.widget.attrs["placeholder"] = parameter.default
    return field


def _hint(parameter: Parameter) -> str:
    words = [parameter.location, parameter.type]
    if parameter.type in FILES:
        words.append(_("in base64"))
    if parameter.type in ("array", "object"):
        words.append(_("as JSON"))
    if parameter.is_required:
        words.append(_("required"))
    return " · ".join(word for word in words if word)


def _plain(value: object) -> object:
    """A number that was typed without a fraction is sent without one."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
