"""The forms of a solution's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orgs.services.groups import NAME_LENGTH as GROUP_NAME_LENGTH
from orgs.services.solutions import NAME_LENGTH, TITLE_LENGTH


class NewSolutionForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=TITLE_LENGTH, help_text=_("What people read.")
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_(
            "What commands and files call it: lower-case letters, digits and hyphens. It stays."
        ),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )


class TypedNameForm(forms.Form):
    """Asks for a name to be typed, before something ends."""

    typed = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, name: str) -> None:
        super().__init__(*args)
        self._name = name
        self.fields["typed"].label = gettext("Type %(name)s to confirm") % {"name": name}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self._name:
            raise forms.ValidationError(gettext("This is not the name."), code="not_the_name")
        return typed


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name of the group"), max_length=GROUP_NAME_LENGTH)
