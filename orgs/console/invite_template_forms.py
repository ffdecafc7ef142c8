"""The words and looks of an invitation as a form."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.mail.wording import BUILT_IN, ICONS, KINDS, LONGEST, Kind, Wording
from orgs.models.languages import LANGUAGES
from orgs.services.invite_wording import MOST_SUBJECT

LABELS = {
    "accent": _("Colour of the button"),
    "background": _("Colour behind the letter"),
    "icon": _("Icon"),
    "heading": _("Heading"),
    "greeting": _("Greeting"),
    "body": _("Message"),
    "button": _("Button"),
    "note": _("Below the button"),
    "footer": _("Foot of the mail"),
    "app_store": _("App Store"),
    "google_play": _("Google Play"),
}
ICON_LABELS = {
    "": _("None"),
    "mail": _("Envelope"),
    "users": _("People"),
    "rocket": _("Rocket"),
    "smartphone": _("Phone"),
    "shield-check": _("Shield"),
}
PART_LABELS = LABELS | {"subject": _("Subject"), "html": _("HTML"), "text": _("Plain text")}
HINTS = {
    "accent": _("The words on it are black or white, whichever is easier to read."),
    "app_store": _("Where people find your app for iPhone and iPad."),
    "google_play": _("Where people find your app for Android."),
    "html": _("A whole mail of your own, in place of the letter above. It must hold {{link}}."),
    "text": _("For mail programs that show no HTML. It must hold {{link}}."),
}
LOOKS = ("accent", "background", "icon")
WORDS = ("heading", "greeting", "body", "button", "note", "footer")
STORES = ("app_store", "google_play")
WHOLE = ("html", "text")


class InviteTemplateForm(forms.Form):
    """Every field may stay blank: then the built-in wording, its placeholder here, holds."""

    subject = forms.CharField(
        label=_("Subject"),
        required=False,
        max_length=MOST_SUBJECT,
        widget=forms.TextInput(attrs={"placeholder": BUILT_IN["subject"], "autocomplete": "off"}),
    )

    def __init__(
        self, typed: Mapping[str, Any] | None = None, *, wording: Wording | None = None
    ) -> None:
        super().__init__(typed, initial=typed_of(wording) if wording else None)
        for name, kind in KINDS.items():
            self.fields[name] = _field(name, kind)
        self.fields["html"] = _source("html", rows=14)
        self.fields["text"] = _source("text", rows=8)

    def wording(self) -> Wording:
        """Return what was typed."""
        typed = self.cleaned_data
        return Wording(
            subject=typed["subject"],
            parameters={name: typed[name] for name in KINDS},
            html=typed["html"],
            text=typed["text"],
        )

    def looks(self) -> list[forms.BoundField]:
        return [self[name] for name in LOOKS]

    def words(self) -> list[forms.BoundField]:
        return [self[name] for name in WORDS]

    def stores(self) -> list[forms.BoundField]:
        return [self[name] for name in STORES]

    def whole(self) -> list[forms.BoundField]:
        return [self[name] for name in WHOLE]

    def has_whole(self) -> bool:
        """Answer whether a body of one's own is there, or at fault, and so worth opening."""
        return any(self[name].value() or self[name].errors for name in WHOLE)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)


def typed_of(wording: Wording) -> dict[str, str]:
    """Return what somebody typed who wrote it so."""
    whole = {"subject": wording.subject, "html": wording.html, "text": wording.text}
    return {**wording.parameters, **whole}


def _field(name: str, kind: Kind) -> forms.Field:
    options: dict[str, Any] = {
        "label": LABELS[name],
        "required": False,
        "help_text": HINTS.get(name, ""),
    }
    attributes = {"placeholder": BUILT_IN[name], "autocomplete": "off"}
    if kind is Kind.ICON:
        choices = [(icon, ICON_LABELS[icon]) for icon in ("", *ICONS)]
        return forms.ChoiceField(choices=choices, **options)
    if kind is Kind.COLOUR:
        attributes |= {
            "maxlength": "7",
            "spellcheck": "false",
            "class": "input",
            "data-colour": _("Choose the colour"),
        }
        return forms.CharField(widget=forms.TextInput(attrs=attributes), **options)
    if kind is Kind.PARAGRAPHS:
        attributes["rows"] = "4" if name == "body" else "2"
        return forms.CharField(widget=forms.Textarea(attrs=attributes), **options)
    if kind is Kind.LINK:
        attributes |= {"placeholder": "https://", "inputmode": "url"}
    return forms.CharField(
        max_length=LONGEST[kind], widget=forms.TextInput(attrs=attributes), **options
    )


def _source(name: str, *, rows: int) -> forms.CharField:
    attributes = {"rows": rows, "spellcheck": "false", "class": "mono", "autocomplete": "off"}
    return forms.CharField(
        label=PART_LABELS[name],
        required=False,
        strip=False,
        help_text=HINTS[name],
        widget=forms.Textarea(attrs=attributes),
    )


class RemovalForm(forms.Form):
    """The language's name, typed to show that it is meant."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, name: str) -> None:
        super().__init__(*args)
        self.wanted = name
        self.fields["name"].label = _("Type %(name)s to remove it") % {"name": name}

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"].strip()
        if typed.casefold() != self.wanted.casefold():
            raise forms.ValidationError(_("Type %(name)s.") % {"name": self.wanted})
        return typed
