"""The forms of the editor's pages."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

PATH_LENGTH = 200
NAME_OF_FILE = RegexValidator(
    r"\A[\w-]+(?:[./][\w-]+)*\Z",
    _("Letters, digits, hyphens and underscores; a slash between folders."),
)


class FileForm(forms.Form):
    """The text of a file, and the version in which it was read."""

    text = forms.CharField(
        label=_("Definition"),
        strip=False,
        required=False,
        widget=forms.Textarea(
            attrs={
                "rows": 24,
                "spellcheck": "false",
                "autocapitalize": "none",
                "autocomplete": "off",
                "class": "textarea mono",
                "data-editor": "",
            }
        ),
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n")


class NewFileForm(FileForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=PATH_LENGTH,
        validators=[NAME_OF_FILE],
        help_text=_(
            "Phones call it by this name. With crm/ before it, its file is in that folder."
        ),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )


class RemovalForm(forms.Form):
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def path_of(name: str) -> str:
    """Return the file that a function of this name is written in."""
    return f"functions/{name}.jigx"
