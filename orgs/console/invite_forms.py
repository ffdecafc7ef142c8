"""What the console asks of whoever invites."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as now_translated
from django.utils.translation import gettext_lazy as _

from orgs.console.grants import GrantsForm
from orgs.models.addresses import ADDRESS_LENGTH
from orgs.models.languages import LANGUAGES
from orgs.services.people import NAME_LENGTH

LIST_BYTES = 256 * 1024
BYTE_ORDER_MARK = "\ufeff"


class InviteForm(GrantsForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=ADDRESS_LENGTH,
        help_text=_("The invitation is for this address alone."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    first_name = forms.CharField(
        label=_("First name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"),
        choices=LANGUAGES,
        initial="en",
        help_text=_("Languages without a template of yours get the default one."),
    )
    field_order = ("email", "first_name", "last_name", "language", "role", "solutions", "groups")

    def person(self) -> dict[str, Any]:
        """Return who was named, and in which language they are written to."""
        names = ("email", "first_name", "last_name", "language")
        return {name: self.cleaned_data[name] for name in names}


class ListForm(forms.Form):
    """A list of people, pasted or as a file; either way it ends as `text`."""

    text = forms.CharField(
        label=_("Paste the list"),
        required=False,
        strip=False,
        help_text=_("One person a line, as in a spreadsheet; a column of addresses will do."),
        widget=forms.Textarea(
            attrs={"rows": 8, "class": "font-mono", "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    file = forms.FileField(
        label=_("Or choose a CSV file"),
        required=False,
        allow_empty_file=True,
        help_text=_("UTF-8, at most 256 KB. It takes the place of what is pasted."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv", "class": "input"}),
    )

    def clean_file(self) -> str:
        """Return what the file says."""
        uploaded = self.cleaned_data["file"]
        if not isinstance(uploaded, UploadedFile):
            return ""
        if (uploaded.size or 0) > LIST_BYTES:
            raise forms.ValidationError(_("The file has more than 256 KB."))
        try:
            return str(uploaded.read(), "utf-8")
        except UnicodeDecodeError:
            sentence = _("The file is not UTF-8. In a spreadsheet, save it as “CSV UTF-8”.")
            raise forms.ValidationError(sentence) from None

    def clean(self) -> dict[str, Any]:
        """Make one text of both ways to give it."""
        given = self.cleaned_data
        text = given.get("file") or given.get("text", "")
        if len(text.encode(errors="replace")) > LIST_BYTES:
            self.add_error("text", now_translated("The list has more than 256 KB."))
        elif not text.strip() and not self.errors:
            self.add_error("text", now_translated("Paste some addresses, or choose a file."))
        return given | {"text": text.removeprefix(BYTE_ORDER_MARK)}
