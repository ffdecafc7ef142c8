"""The page on which an OAuth configuration is written: as a form, as JSON, from an issuer."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.configuration_forms import (
    ConfigurationAsJson,
    IssuerForm,
    SecretForm,
    Written,
    show_faults,
    shown_as,
    written_in,
)
from auth_providers.models import OAuthConfiguration
from auth_providers.oidc.metadata import ENDPOINTS
from auth_providers.services.arrivals import callback_url
from auth_providers.services.configuration_discovery import Discovery, import_discovery
from auth_providers.services.configuration_faults import warnings_of
from auth_providers.services.configuration_fields import ConfigurationFields, read_fields
from auth_providers.services.configuration_presets import Preset, preset_of
from auth_providers.services.oauth_configurations import save_configuration
from jigxmgmt.api import read_json
from jigxmgmt.errors import DomainError, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest


@dataclass
class Editor:
    """What is on the page: the fields in one of two shapes, as saved or as they were sent."""

    request: ConsoleRequest
    configuration: OAuthConfiguration | None
    written: Written
    secret: SecretForm
    issuer: IssuerForm
    fields: ConfigurationFields
    discovery: Discovery | None = None

    @property
    def is_json(self) -> bool:
        return isinstance(self.written, ConfigurationAsJson)

    @property
    def preset(self) -> Preset:
        return preset_of(self.fields.type)

    def show(self, fields: ConfigurationFields, *, is_json: bool) -> None:
        """Put these fields on the page, in this shape."""
        self.fields, self.written = fields, shown_as(fields.as_json(), is_json=is_json)

    @property
    def is_begun(self) -> bool:
        return self.configuration is not None or self.request.method == "POST"

    @property
    def has_endpoints(self) -> bool:
        return any(getattr(self.fields, name) for name in ENDPOINTS) or any(
            name in self.written.errors for name in ENDPOINTS
        )

    @property
    def found_text(self) -> str:
        """Return what was found, to come back with *Apply*."""
        return json.dumps(self.discovery.found()) if self.discovery else ""

    @property
    def is_refused(self) -> bool:
        return any(form.errors for form in (self.written, self.secret, self.issuer))

    def page(self, template: str, **more: Any) -> HttpResponse:
        """Show the page, without a secret that was typed into it."""
        context = {
            "editor": self,
            "preset": self.preset,
            "warnings": warnings_of(self.fields) if self.is_begun else [],
            "callback": callback_url(),
            "secret_was_typed": self.secret.is_bound and bool(self.secret.secret()),
        }
        status = 422 if self.is_refused else 200
        return render(self.request, template, context | more, status=status)


def opened(
    request: ConsoleRequest, configuration: OAuthConfiguration | None, fields: ConfigurationFields
) -> Editor:
    """Return the page as it opens."""
    written = shown_as(fields.as_json(), is_json=request.GET.get("as") == "json")
    secret = SecretForm(configuration=configuration)
    return Editor(request, configuration, written, secret, IssuerForm(), fields)


def sent(
    request: ConsoleRequest, configuration: OAuthConfiguration | None, fields: ConfigurationFields
) -> Editor:
    """Return the page with what was sent; the fields are those until they can be read."""
    secret = SecretForm(request.POST, configuration=configuration)
    secret.is_valid()
    issuer = IssuerForm(request.POST)
    return Editor(request, configuration, written_in(request.POST), secret, issuer, fields)


def act(editor: Editor) -> HttpResponse | None:
    """Do what the button says; return where to go on, or None to show the page again.

    Whatever is refused stands at its field, with all that was typed but the secret.
    """
    if not editor.written.is_valid():
        return None
    try:
        editor.fields = read_fields(editor.written.given())
        return ACTS.get(editor.request.POST.get("act", ""), _save)(editor)
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        show_faults(editor.written, editor.secret, refusal)
        return None


def _save(editor: Editor) -> HttpResponse:
    request = editor.request
    saved = save_configuration(
        request.organization,
        editor.fields,
        secret=editor.secret.secret(),
        by=request.user,
        now=timezone.now(),
        configuration=editor.configuration,
    )
    messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
    return redirect("oauth-configuration", saved.pk)


def _switch(editor: Editor) -> None:
    editor.show(editor.fields, is_json=not editor.is_json)


def _import(editor: Editor) -> None:
    """Ask the issuer, and show what differs; the page keeps what it says until *Apply*."""
    asked = editor.issuer.data.get("ask", "").strip()
    url = editor.preset.issuer_of(asked) if asked else editor.fields.issuer
    try:
        editor.discovery = import_discovery(
            editor.request.organization, url, current=editor.fields, by=editor.request.user
        )
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        for detail in [fault.detail for fault in refusal.faults] or [refusal.detail]:
            editor.issuer.add_error("ask", detail)


def _apply(editor: Editor) -> None:
    """Put what was found into the page, where it is judged like all that is typed."""
    try:
        found = read_json(editor.request.POST.get("found", "").encode())
    except ValueError:
        found = None
    fields = read_fields(found, current=editor.fields)
    editor.show(fields, is_json=editor.is_json)
    messages.info(editor.request, _("What was found is in the fields now. Nothing is saved yet."))


ACTS = {"switch": _switch, "import": _import, "apply": _apply}
