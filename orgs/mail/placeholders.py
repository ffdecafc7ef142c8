"""Names in braces that stand for a value: looked up in a fixed table, and never evaluated."""

import html
import re
from collections.abc import Callable, Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

PLACEHOLDERS: Mapping[str, StrPromise] = {
    "first_name": _("First name of the invited, where it is known"),
    "last_name": _("Last name of the invited, where it is known"),
    "email": _("The address that is invited"),
    "organization": _("Name of your organization"),
    "inviter": _("Name of the person who invites"),
    "role": _("Role that comes with the invitation"),
    "link": _("The personal link, which accepts the invitation"),
    "expires": _("The last day on which the link works"),
    "logo": _("Address of your logo, for an image"),
    "app_store": _("Your link to the App Store"),
    "google_play": _("Your link to Google Play"),
}
WRITTEN = re.compile(r"\{\{([^{}]*)\}\}")
# What would end an attribute's value that stands without quotes (HTML, 13.1.2.3).
ENDS_A_VALUE = re.compile(r"[\s=`]")


def names_in(text: str) -> set[str]:
    """Return the names that a text has in double braces, known or not."""
    return {match[1].strip() for match in WRITTEN.finditer(text)}


def faults_in(text: str) -> list[str]:
    """Return a sentence for each name that stands for nothing, and for braces left open."""
    unknown = sorted(names_in(text) - PLACEHOLDERS.keys())
    sentence = gettext("There is no placeholder {{%(name)s}}.")
    sentences = [sentence % {"name": name[:60]} for name in unknown]
    if "{{" in WRITTEN.sub("", text):
        sentences.append(gettext("A placeholder is opened with {{ and not closed with }}."))
    return sentences


def is_link_glued(text: str) -> bool:
    """Answer whether the link follows on something, of whose address it would become a part."""
    return any(
        match[1].strip() == "link" and match.start() and text[match.start() - 1] not in " \t\n"
        for match in WRITTEN.finditer(text)
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in as they are."""
    return _fill(text, values, str)


def fill_html(text: str, values: Mapping[str, str]) -> str:
    """Put the values in so that they stay text, in an element and in any attribute."""
    return _fill(text, values, escape)


def fill_line(text: str, values: Mapping[str, str]) -> str:
    """Put the values into what becomes a header, which has one line."""
    return one_line(fill(text, values))


def escape(value: str) -> str:
    """Return a value as HTML that neither ends an attribute nor begins an element."""
    return ENDS_A_VALUE.sub(lambda match: f"&#{ord(match[0])};", html.escape(value))


def one_line(value: str) -> str:
    """Fold line breaks, and all else that does not print, into single spaces."""
    return " ".join("".join(each if each.isprintable() else " " for each in value).split())


def _fill(text: str, values: Mapping[str, str], written: Callable[[str], str]) -> str:
    """An empty value takes the spaces before it along: “Hello {{first_name}},” is “Hello,”."""
    parts, end = [], 0
    for match in WRITTEN.finditer(text):
        value = values.get(match[1].strip(), "")
        before = text[end : match.start()]
        parts += [before if value else before.rstrip(" \t"), written(value)]
        end = match.end()
    return "".join([*parts, text[end:]])
