"""Mobile apps as forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_providers.models import App
from auth_providers.services.apps import NAME_LENGTH
from orgs.services.typed_names import NameMistyped


class LinesField(forms.CharField):
    """Several texts, one a line."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        lines = super().clean(value).splitlines()
        return [line.strip() for line in lines if line.strip()]


class AppForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, help_text=_("What people see."))
    platforms = forms.MultipleChoiceField(
        label=_("Platforms"),
        choices=App.Platform.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    redirect_urls = LinesField(
        label=_("Redirect URLs"),
        max_length=10_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "autocapitalize": "none", "spellcheck": "false", "class": "mono"}
        ),
        help_text=_(
            "One a line: an https address that the app has claimed, a scheme of its own such as "
            "com.acme.app:/callback, or a loopback address such as http://127.0.0.1/callback."
        ),
    )
    is_first_party = forms.BooleanField(
        label=_("First-party: may ask for the password"),
        required=False,
        help_text=_("For an app of your own with its own sign-in screen. Leave it off otherwise."),
    )


class AppRemovalForm(forms.Form):
    """The name, typed by whoever means it."""

    typed = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, typed: Any = None, *, name: str) -> None:
        super().__init__(typed, auto_id="removal_%s")
        self.name = name
        self.fields["typed"].label = gettext("Type %(name)s to confirm") % {"name": name}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"].strip()
        if typed != self.name:
            raise forms.ValidationError(gettext("This is not the name."), code=NameMistyped.code)
        return typed
