"""An OAuth configuration as a form and as JSON, over one object; its secret apart from both."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_providers.console.app_forms import LinesField
from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_fields import ConfigurationFields
from jigxmgmt.api import read_json
from jigxmgmt.errors import DomainError

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
LINES = PLAIN | {"rows": 3, "class": "mono"}
LONGEST_TEXT = 50_000


def _plain(label: Any, help_text: Any = "") -> forms.CharField:
    """Return a field whose content the service judges, so that all is told at once."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs=PLAIN | {"maxlength": "1000"}),
    )


class ParametersField(forms.CharField):
    """Names and values, one pair a line."""

    widget = forms.Textarea

    def clean(self, value: Any) -> dict[str, str]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        if any(not equals for _name, equals, _text in pairs):
            raise ValidationError(gettext("Write each as name=value, one a line."), code="pairs")
        names = [name.strip() for name, _equals, _text in pairs]
        if len(set(names)) < len(names):
            raise ValidationError(gettext("A name stands twice."), code="twice")
        return {name.strip(): text.strip() for name, _equals, text in pairs}


class ConfigurationForm(forms.Form):
    """Its fields have the names of the JSON's."""

    name = _plain(_("Name"), _("What people choose when they sign in."))
    key = _plain(_("Key"), _("What functions reference, such as company."))
    type = forms.ChoiceField(label=_("Type"), choices=OAuthConfiguration.Type.choices)
    login_hint = _plain(
        _("Hint for people"), _("A sentence beside the name, such as which account to use.")
    )
    issuer = _plain(_("Issuer"))
    client_id = _plain(_("Client id"))
    client_authentication = forms.ChoiceField(
        label=_("Client authentication"),
        choices=OAuthConfiguration.ClientAuthentication.choices,
        help_text=_("How the provider's token endpoint is told who asks."),
    )
    redirect_urls = LinesField(
        label=_("Redirect URLs"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("One a line; each also at the provider, letter by letter."),
    )
    domains = LinesField(
        label=_("Domains"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs=LINES),
        help_text=_(
            "One a line: a domain of your organization, *.example.com for all below one, or * for "
            "everybody. What is not proved counts only in your own mobile apps."
        ),
    )
    scopes = _plain(_("Scopes"), _("Separated by spaces; signing in takes openid."))
    additional_parameters = ParametersField(
        label=_("Additional parameters"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs=LINES),
        help_text=_("Of the authorization request, such as prompt=select_account; one a line."),
    )
    authorization_endpoint = _plain(_("Authorization endpoint"))
    token_endpoint = _plain(_("Token endpoint"))
    jwks_uri = _plain(_("Keys (jwks_uri)"))
    end_session_endpoint = _plain(_("End-session endpoint"))
    uses_pkce = forms.BooleanField(label=_("PKCE"), required=False)
    uses_nonce = forms.BooleanField(label=_("Nonce"), required=False)

    def given(self) -> dict[str, Any]:
        """Return the object that was written."""
        return dict(self.cleaned_data)


class ConfigurationAsJson(forms.Form):
    json = forms.CharField(
        label=_("Schema"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 26, "spellcheck": "false", "class": "mono"}),
        help_text=_("One object with all fields but the client secret."),
    )

    def clean_json(self) -> Any:
        try:
            return read_json(self.cleaned_data["json"].encode())
        except ValueError as error:
            raise ValidationError(gettext("This is not JSON."), code="json") from error

    def given(self) -> Any:
        return self.cleaned_data["json"]


Written = ConfigurationForm | ConfigurationAsJson


def words_on_secret(configuration: OAuthConfiguration | None) -> str:
    """Say what stands there of a secret that nobody may read, and how it stays."""
    if not (configuration and configuration.has_secret and configuration.secret_saved_at):
        return gettext("The provider shows it once. A public client has none.")
    day = date_format(configuration.secret_saved_at, "j M Y")
    if saver := configuration.secret_saved_by:
        sentence = gettext("Saved %(day)s by %(person)s · leave blank to keep.")
        return sentence % {"day": day, "person": saver.display_name}
    return gettext("Saved %(day)s · leave blank to keep.") % {"day": day}


class SecretForm(forms.Form):
    """The secret goes in and never comes out, not even to whoever has just typed it."""

    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, typed: Any = None, *, configuration: OAuthConfiguration | None) -> None:
        super().__init__(typed)
        self.fields["client_secret"].help_text = words_on_secret(configuration)

    def secret(self) -> str | None:
        """Return what was typed; None keeps what there is."""
        return self.cleaned_data.get("client_secret") or None


class IssuerForm(forms.Form):
    """From where to import; what is asked for depends on the provider."""

    ask = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=PLAIN),
    )


def written_in(posted: Mapping[str, Any]) -> Written:
    """Return what was sent, in the shape in which it was."""
    return ConfigurationAsJson(posted) if "json" in posted else ConfigurationForm(posted)


def shown_as(given: Mapping[str, Any], *, is_json: bool) -> Written:
    """Show the fields in one of the two shapes."""
    if is_json:
        text = json.dumps(given, indent=2, ensure_ascii=False)
        return ConfigurationAsJson(initial={"json": text})
    fields = ConfigurationFields(**given)
    lines = {name: "\n".join(getattr(fields, name)) for name in ("domains", "redirect_urls")}
    pairs = [f"{name}={value}" for name, value in fields.additional_parameters.items()]
    more = {"additional_parameters": "\n".join(pairs)}
    return ConfigurationForm(initial=fields.as_json() | lines | more)


def show_faults(written: Written, secret: SecretForm, refusal: DomainError) -> None:
    """Put each fault at its field; in the JSON, with its pointer."""
    for fault in refusal.faults:
        name = fault.pointer.split("/")[1] if "/" in fault.pointer else ""
        if name in secret.fields:
            secret.add_error(name, fault.detail)
        elif isinstance(written, ConfigurationAsJson):
            written.add_error("json", f"{fault.pointer}: {fault.detail}".removeprefix(": "))
        else:
            written.add_error(name if name in written.fields else None, fault.detail)
    if not refusal.faults:
        written.add_error(None, refusal.detail)
