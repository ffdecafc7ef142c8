"""The words and looks of an invitation: what an organization may set, and what stands otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

ICONS = ("mail", "users", "rocket", "smartphone", "shield-check")


class Kind(StrEnum):
    COLOUR = "colour"
    LINE = "line"
    PARAGRAPHS = "paragraphs"
    ICON = "icon"
    LINK = "link"


KINDS: Mapping[str, Kind] = {
    "accent": Kind.COLOUR,
    "background": Kind.COLOUR,
    "icon": Kind.ICON,
    "heading": Kind.LINE,
    "greeting": Kind.LINE,
    "body": Kind.PARAGRAPHS,
    "button": Kind.LINE,
    "note": Kind.PARAGRAPHS,
    "footer": Kind.PARAGRAPHS,
    "app_store": Kind.LINK,
    "google_play": Kind.LINK,
}
LONGEST: Mapping[Kind, int] = {Kind.LINE: 200, Kind.PARAGRAPHS: 4000, Kind.LINK: 500}
BUILT_IN: Mapping[str, StrPromise | str] = {
    "subject": _("{{inviter}} invites you to {{organization}}"),
    "accent": "#4338ca",
    "background": "#f4f4f5",
    "icon": "",
    "heading": _("Join {{organization}}"),
    "greeting": _("Hello {{first_name}},"),
    "body": _("{{inviter}} invites you to work with {{organization}}."),
    "button": _("Accept the invitation"),
    "note": _("The link is for {{email}} alone. It works once, until {{expires}}."),
    "footer": _("You did not expect this mail? Then do nothing, and nothing happens."),
    "app_store": "",
    "google_play": "",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How an invitation reads in one language; blank parts are the built-in ones."""

    subject: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    text: str = ""

    def part(self, name: str) -> str:
        """Return the subject or a parameter as it was written, else the built-in one."""
        written = self.subject if name == "subject" else self.parameters.get(name, "")
        return written or str(BUILT_IN[name])

    @property
    def written_parts(self) -> frozenset[str]:
        """The names of what is not left to the built-in wording."""
        whole = {"subject": self.subject, "html": self.html, "text": self.text}
        return frozenset(name for name, part in {**self.parameters, **whole}.items() if part)
