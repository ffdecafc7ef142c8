"""A credential as a form: one for each type, all with the origins that it may go to."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_providers.console.app_forms import LinesField
from auth_providers.console.configuration_forms import words_on_secret
from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_fields import FIELDS, fields_of, read_fields
from functions.models import Credential
from functions.services.credentials import (
    known_credential,
    save_credential,
)
from functions.services.oauth_credentials import save_oauth_alias, save_oauth_credential
from orgs import policies
from orgs.models import Solution, User

PLAIN = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
ADDRESS = PLAIN | {"class": "input mono w-full"}
Type = Credential.Type


def secret_field(label: Any, help_text: Any, *, required: bool = True) -> forms.CharField:
    """Take what nobody may read over a shoulder, and a browser is not to keep."""
    widget = forms.PasswordInput(attrs=PLAIN | {"autocomplete": "new-password"})
    return forms.CharField(
        label=label,
        required=required,
        max_length=10_000,
        strip=False,
        widget=widget,
        help_text=help_text,
    )


class CredentialForm(forms.Form):
    """What all types have; without a credential it asks for the key as well."""

    key = forms.CharField(
        label=_("Key"),
        max_length=100,
        widget=forms.TextInput(attrs=PLAIN | {"class": "input mono w-full"}),
        help_text=_("What functions call it. It stays."),
    )
    allowed_origins = LinesField(
        label=_("Origins that it may go to"),
        required=False,
        max_length=15_000,
        widget=forms.Textarea(attrs=PLAIN | {"rows": 3, "class": "mono"}),
        help_text=_(
            "One a line, as https://api.example.com. A call to any other address is refused; "
            "without an origin it goes nowhere."
        ),
    )

    field_order: Sequence[str] = ("key",)

    def __init__(
        self,
        posted: Mapping[str, Any] | None = None,
        *,
        solution: Solution,
        user: User,
        credential: Credential | None,
        proposed: Mapping[str, Any],
    ) -> None:
        super().__init__(posted, initial=dict(proposed))
        self.solution, self.user, self.credential = solution, user, credential
        if credential is not None:
            del self.fields["key"]
        act = policies.Act.CONFIGURE_ALL_SOLUTIONS
        if not policies.can(user, act, solution.organization):
            self.fields.pop("available_to_devices", None)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if known_credential(self.solution, key=key):
            raise forms.ValidationError(
                gettext("There is a credential of this key already."), code="key_taken"
            )
        return key

    def save(self) -> Credential:
        """Save what was typed; raises what the service does."""
        key = self.credential.key if self.credential else self.cleaned_data["key"]
        return self.keep(key, self.cleaned_data)

    def keep(self, key: str, typed: Mapping[str, Any]) -> Credential:
        raise NotImplementedError


class DeviceForm(CredentialForm):
    """A secret of the solution: devices have it where an owner or admin says so."""

    available_to_devices = forms.BooleanField(
        label=_("Available to devices"),
        required=False,
        help_text=_(
            "Functions that run on a device get it in clear, and so can whoever holds the device. "
            "Leave it off for all others."
        ),
    )


class SecretForm(DeviceForm):
    type = Type.SECRET
    value = secret_field(_("Secret"), _("One line. It is sealed, and nobody can read it again."))
    field_order = ("key", "value", "allowed_origins", "available_to_devices")

    def keep(self, key: str, typed: Mapping[str, Any]) -> Credential:
        return save_credential(
            self.solution,
            key=key,
            type=self.type,
            secret=typed["value"],
            allowed_origins=typed["allowed_origins"],
            available_to_devices=typed.get("available_to_devices", False),
            by=self.user,
        )


class ApiKeyForm(SecretForm):
    type = Type.API_KEY
    value = secret_field(_("API key"), _("One line. It is sealed, and nobody can read it again."))


class BasicAuthForm(DeviceForm):
    username = forms.CharField(
        label=_("User name"), max_length=1000, strip=False, widget=forms.TextInput(attrs=PLAIN)
    )
    password = secret_field(_("Password"), _("It is sealed, and nobody can read it again."))
    field_order = ("key", "username", "password", "allowed_origins", "available_to_devices")

    def keep(self, key: str, typed: Mapping[str, Any]) -> Credential:
        return save_credential(
            self.solution,
            key=key,
            type=Type.BASIC_AUTH,
            username=typed["username"],
            secret=typed["password"],
            allowed_origins=typed["allowed_origins"],
            available_to_devices=typed.get("available_to_devices", False),
            by=self.user,
        )


class OAuthAliasForm(CredentialForm):
    configuration_id = forms.TypedChoiceField(
        label=_("OAuth configuration"),
        help_text=_("One of the organization's; each person connects their own account there."),
    )
    field_order = ("key", "configuration_id", "allowed_origins")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = OAuthConfiguration.objects.of_organization(self.solution.organization)
        field = self.fields["configuration_id"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (it stands above)
        field.choices = [("", gettext("Choose…")), *((str(one.pk), one.name) for one in known)]

    def keep(self, key: str, typed: Mapping[str, Any]) -> Credential:
        return save_oauth_alias(
            self.solution,
            key=key,
            configuration_id=typed["configuration_id"],
            allowed_origins=typed["allowed_origins"],
            by=self.user,
        )


class OAuthForm(CredentialForm):
    """A client that is this credential's alone; what the form does not show stays as it is."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What people see when they connect.")
    )
    configuration_type = forms.ChoiceField(
        label=_("Provider"), choices=OAuthConfiguration.Type.choices
    )
    issuer = forms.CharField(
        label=_("Issuer"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=ADDRESS),
        help_text=_("Its metadata says the rest. Without an issuer, give both endpoints."),
    )
    authorization_endpoint = forms.CharField(
        label=_("Authorization endpoint"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=ADDRESS),
    )
    token_endpoint = forms.CharField(
        label=_("Token endpoint"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=ADDRESS),
    )
    client_id = forms.CharField(
        label=_("Client id"), max_length=255, widget=forms.TextInput(attrs=ADDRESS)
    )
    client_authentication = forms.ChoiceField(
        label=_("Client authentication"),
        choices=OAuthConfiguration.ClientAuthentication.choices,
    )
    client_secret = secret_field(_("Client secret"), "", required=False)
    scopes = forms.CharField(
        label=_("Scopes"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs=ADDRESS),
        help_text=_("With spaces between them."),
    )
    redirect_urls = LinesField(
        label=_("Redirect URLs"),
        max_length=10_000,
        widget=forms.Textarea(attrs=PLAIN | {"rows": 3, "class": "mono"}),
        help_text=_("One a line: those of your apps, and this console's for trying functions."),
    )
    uses_pkce = forms.BooleanField(
        label=_("PKCE"),
        required=False,
        help_text=_("Leave it on, unless the provider can't."),
    )
    field_order = (
        *("key", "name", "configuration_type"),
        *("issuer", "authorization_endpoint", "token_endpoint"),
        *("client_id", "client_authentication", "client_secret"),
        *("scopes", "redirect_urls", "uses_pkce", "allowed_origins"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["client_secret"].help_text = words_on_secret(self._own())

    def _own(self) -> OAuthConfiguration | None:
        """Return the configuration that is the credential's alone, if it is of this type."""
        current = self.credential.configuration if self.credential else None
        return current if current and current.solution_id else None

    def keep(self, key: str, typed: Mapping[str, Any]) -> Credential:
        own = self._own()
        given = {name: typed[name] for name in FIELDS if name in typed and name != "key"}
        given["type"] = typed["configuration_type"]
        return save_oauth_credential(
            self.solution,
            key=key,
            fields=read_fields(given, current=fields_of(own) if own else None),
            client_secret=typed["client_secret"] or None,
            allowed_origins=typed["allowed_origins"],
            by=self.user,
            now=timezone.now(),
        )


FORMS: dict[str, type[CredentialForm]] = {
    Type.API_KEY: ApiKeyForm,
    Type.SECRET: SecretForm,
    Type.BASIC_AUTH: BasicAuthForm,
    Type.OAUTH: OAuthForm,
    Type.OAUTH_ALIAS: OAuthAliasForm,
}
