"""What the pages of a person's own profile ask for."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.models import Organization, User
from orgs.models.languages import language_name
from orgs.services.people import NAME_LENGTH


class ProfileForm(forms.Form):
    """Name and language of this person."""

    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        required=False,
        max_length=NAME_LENGTH,
        widget=forms.TextInput({"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=gettext_lazy("Last name"),
        required=False,
        max_length=NAME_LENGTH,
        widget=forms.TextInput({"autocomplete": "family-name"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("Of these pages and of mails to you."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User) -> None:
        known = {name: getattr(user, name) for name in ("first_name", "last_name", "language")}
        super().__init__(data, initial=known)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101 (for types)
        spoken = dict(settings.LANGUAGES)
        # An invitation may have named a language that these pages do not speak.
        spoken.setdefault(user.language, language_name(user.language))
        language.choices = list(spoken.items())


class LeaveForm(forms.Form):
    """The name of the organization, typed."""

    name = forms.CharField(label="", max_length=200)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, organization: Organization
    ) -> None:
        super().__init__(data)
        self.organization = organization
        said = _("Type “%(organization)s” to leave") % {"organization": organization}
        self.fields["name"].label = said

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.organization.name:
            raise forms.ValidationError(_("This is not the organization's name."))
        return name
