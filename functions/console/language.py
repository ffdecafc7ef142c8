"""The function language on a page: all that it says comes from the language's one source."""

import functools
import io
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from ruamel.yaml import YAML

from functions.console.highlighting import Part, highlight
from functions.console.sql_language import CODES, FORMS, bindings, examples
from functions.engine import Provider, language
from functions.engine.evaluation import FILLED_FROM_CONTEXT
from functions.engine.failures import EngineFailure
from functions.services.language import schema_address
from orgs.console.entrance import personal_page
from orgs.http import UserHttpRequest

PROVIDERS = {Provider.REST: "REST", Provider.SQL: "SQL"}
# A function has too many keys for one list; the other places are a list each.
GROUPS: dict[str, StrPromise] = {
    "basics": _("Every function"),
    "request": _("The request"),
    "database": _("The database"),
    "response": _("The answer"),
    "errors": _("When it fails"),
    "storage": _("What the device stores"),
    "device": _("What only the device reads"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One key as the page shows it."""

    key: language.Key
    anchor: str
    words: list[Part]
    provider: str
    choices: list[tuple[str, tuple[str, ...]]]
    default: str
    examples: list[list[Part]]


@dataclass(frozen=True, slots=True)
class Section:
    """A list of keys. The language's own words are English, as the definitions are."""

    anchor: str
    title: StrPromise | str
    sentence: str
    entries: list[Entry]


@personal_page
def language_page(request: UserHttpRequest) -> HttpResponse:
    address = schema_address()
    query, execute = examples()
    context = {
        "sections": sections(),
        "query_lines": query,
        "execute_lines": execute,
        "bindings": bindings(),
        "forms": FORMS,
        "codes": CODES,
        "bounds": {
            "rows": settings.LANE_MAX_ROWS,
            "bytes": settings.LANE_MAX_BYTES,
            "seconds": settings.LANE_CALL_SECONDS,
        },
        "context_keys": language.CONTEXT.items(),
        "filled": sorted(FILLED_FROM_CONTEXT),
        "roots": language.ROOTS,
        "failures": [(kind.__name__, kind.title) for kind in EngineFailure.__subclasses__()],
        "schema_address": address,
        "first_line": f"# yaml-language-server: $schema={address}",
        "association": '"files.associations": {"*.jigx": "yaml"}',
        "setting": f'"yaml.schemas": {{"{address}": "functions/**/*.jigx"}}',
    }
    return render(request, "functions/language.html", context)


@functools.cache
def sections() -> tuple[Section, ...]:
    """Return the keys of a function by group, then those of each place inside it."""
    whole = language.FUNCTION
    groups = [
        Section(
            name,
            title,
            "",
            [_entry(key, whole) for key in whole.keys.values() if key.group == name],
        )
        for name, title in GROUPS.items()
    ]
    places = [
        Section(
            place.name,
            place.title,
            place.description,
            [_entry(key, place) for key in place.keys.values()],
        )
        for place in language.PLACES
        if place is not whole
    ]
    return (*groups, *places)


def _entry(key: language.Key, place: language.Place) -> Entry:
    is_for_all = len(key.providers) == len(Provider)
    return Entry(
        key=key,
        anchor=f"{place.name}-{key.name}",
        words=_words(key.description),
        provider="" if is_for_all else PROVIDERS[key.providers[0]],
        choices=[
            (PROVIDERS[provider] if provider else "", values)
            for provider, values in key.choices.items()
        ],
        default="" if key.default is None else str(key.default).lower(),
        examples=highlight("".join(_yaml({key.name: example}) for example in key.examples)),
    )


def _words(sentence: str) -> list[Part]:
    """Part a sentence at its backticks: every other part is code."""
    parts = enumerate(sentence.split("`"))
    return [Part(text, "code" if place % 2 else "") for place, text in parts if text]


def _yaml(document: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()
