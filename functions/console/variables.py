"""A solution's custom variables as a form shows them: rows of name, kind and value, or JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jigxmgmt.api import read_json

MORE_ROWS = 3
MOST_ROWS = 300  # of three fields each; Django takes a thousand fields of a form
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class Kind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    TRUTH = "truth", _("True or false")
    JSON = "json", _("JSON")


class VariableForm(forms.Form):
    """One variable; a row that is empty stands for none."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "input mono w-full", "autocapitalize": "none"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Kind.choices,
        initial=Kind.TEXT,
        widget=forms.Select(attrs={"class": "select w-full"}),
    )
    value = forms.CharField(
        label=_("Value"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 1, "spellcheck": "false", "class": "textarea textarea-short"}
        ),
    )

    @property
    def is_blank(self) -> bool:
        return not (self.cleaned_data.get("name") or self.cleaned_data.get("value"))

    def clean(self) -> dict[str, Any]:
        """Read the value as its kind says."""
        cleaned = self.cleaned_data
        if self.is_blank or "kind" not in cleaned:
            return cleaned
        if not cleaned.get("name") and "name" in cleaned:
            self.add_error("name", gettext("Give it a name, or empty its value."))
        try:
            cleaned["read"] = _read(Kind(cleaned["kind"]), cleaned.get("value", ""))
        except ValueError as error:
            self.add_error("value", str(error))
        return cleaned


class VariableRows(forms.BaseFormSet[VariableForm]):
    """All variables of a solution, and some empty rows for more."""

    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            name = form.cleaned_data.get("name")
            if name and name in seen:
                form.add_error("name", gettext("Another row has this name."))
            seen.add(name)
        if any(form.errors for form in self.forms):
            raise ValidationError(gettext("Some variables need another look."), code="rows")

    def variables(self) -> dict[str, Any]:
        """Return what was typed, as one object."""
        filled = [form.cleaned_data for form in self.forms if not form.is_blank]
        return {row["name"]: row["read"] for row in filled}


_Rows: type[VariableRows] = forms.formset_factory(
    VariableForm, formset=VariableRows, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS
)  # type: ignore[assignment]  # the stubs know the base class alone


class VariablesAsJson(forms.Form):
    json = forms.CharField(
        label=_("Variables as JSON"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        help_text=_("One object: its members are the variables."),
    )

    def clean_json(self) -> dict[str, Any]:
        try:
            content = read_json(self.cleaned_data["json"].encode())
        except ValueError as error:
            raise ValidationError(gettext("This is not JSON."), code="json") from error
        if not isinstance(content, dict):
            raise ValidationError(gettext("This is JSON, but not an object."), code="json")
        return content

    def variables(self) -> dict[str, Any]:
        content: dict[str, Any] = self.cleaned_data["json"]
        return content


def shown_as(variables: Mapping[str, Any], *, is_json: bool) -> VariableRows | VariablesAsJson:
    """Show variables as rows, or as JSON where that is wanted or there are too many for rows."""
    too_many = len(variables) + MORE_ROWS > MOST_ROWS
    return _json_of(variables) if is_json or too_many else _rows_of(variables)


def rows_from(posted: Mapping[str, Any]) -> VariableRows:
    return _Rows(posted)


def _rows_of(variables: Mapping[str, Any]) -> VariableRows:
    """Return a row for each, with empty ones for more."""
    initial = [
        {"name": name, "kind": _kind(value), "value": _written(value)}
        for name, value in variables.items()
    ]
    return _Rows(initial=[*initial, *({} for _ in range(MORE_ROWS))])


def _json_of(variables: Mapping[str, Any]) -> VariablesAsJson:
    return VariablesAsJson(initial={"json": json.dumps(variables, indent=2, ensure_ascii=False)})


def _kind(value: Any) -> Kind:
    if isinstance(value, str):
        return Kind.TEXT
    if isinstance(value, bool):
        return Kind.TRUTH
    return Kind.NUMBER if isinstance(value, int | float) else Kind.JSON


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read(kind: Kind, text: str) -> Any:
    """Return what a value says; raises ValueError with a sentence."""
    if kind == Kind.TEXT:
        return text.replace("\r\n", "\n")
    text = text.strip()
    if kind == Kind.TRUTH:
        if text.lower() not in ("true", "false"):
            raise ValueError(gettext("Write true or false."))
        return text.lower() == "true"
    if kind == Kind.NUMBER and not NUMBER.fullmatch(text):
        raise ValueError(gettext("Write a number, as 12 or 0.5."))
    try:
        return read_json(text.encode())
    except ValueError as error:
        raise ValueError(gettext("This is not JSON.")) from error
