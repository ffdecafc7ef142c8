"""What the editor suggests, and the words that it says, as data in its page."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from functions.engine.language import CONTEXT, PLACES, Key
from orgs.models import Solution

MOST_CREDENTIALS = 200
TRUTH = ("true", "false")


def editor_data(solution: Solution) -> dict[str, Any]:
    """Return the language's keys, what this solution adds to them, and the editor's words."""
    keys = solution.credentials.order_by("key").values_list("key", flat=True)
    return {
        "places": {place.name: [_entry(key) for key in place.keys.values()] for place in PLACES},
        "context": CONTEXT,
        "credentials": list(keys[:MOST_CREDENTIALS]),
        "check": reverse("function-check", args=[solution.pk]),
        "words": {
            "line": _("Line %s"),
            "errors": _("To be put right before it can be saved: %s."),
            "warnings": _("Nothing keeps it from being saved. Warnings: %s."),
            "sound": _("Nothing to complain of."),
            "unchecked": _("It could not be checked just now; saving checks it again."),
        },
        "phrases": _phrases(),
    }


def _entry(key: Key) -> dict[str, Any]:
    values = {provider or "": choices for provider, choices in key.choices.items()}
    if any(isinstance(example, bool) for example in key.examples):
        values[""] = TRUTH
    return {
        "name": key.name,
        "title": key.title,
        "description": key.description,
        "providers": key.providers,
        "values": values,
    }


def _phrases() -> dict[str, str]:
    """Translate what the editor's own parts say, by their English words."""
    return {
        "Find": _("Find"),
        "Replace": _("Replace"),
        "next": _("next"),
        "previous": _("previous"),
        "all": _("all"),
        "match case": _("match case"),
        "by word": _("by word"),
        "regexp": _("regular expression"),
        "replace": _("replace"),
        "replace all": _("replace all"),
        "close": _("close"),
        "Completions": _("Suggestions"),
        "Diagnostics": _("Faults"),
        "No diagnostics": _("No faults"),
    }
