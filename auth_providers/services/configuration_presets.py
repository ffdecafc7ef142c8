"""What is known beforehand of a provider: where its own console has what a configuration needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from auth_providers.services.arrivals import callback_url
from auth_providers.services.configuration_fields import (
    ClientAuthentication,
    ConfigurationFields,
    Type,
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of provider; the steps use the words that stand in its own console."""

    type: str
    title: str
    sentence: StrPromise
    steps: tuple[StrPromise, ...]
    issuer_label: StrPromise
    issuer_hint: StrPromise
    issuer_of: Callable[[str], str]
    client_authentication: str = ClientAuthentication.BASIC.value

    def fields(self) -> ConfigurationFields:
        """Return what a new configuration of this kind begins with."""
        return ConfigurationFields(
            type=self.type,
            name=self.title,
            client_authentication=self.client_authentication,
            redirect_urls=(callback_url(),),
        )


def preset_of(type: str) -> Preset:
    """Return what is known of a type; of an unknown one what holds for all."""
    return PRESETS.get(type, PRESETS[Type.OPENID])


def _entra_issuer(written: str) -> str:
    tenant = written.strip().strip("/")
    return written if "/" in tenant else f"https://login.microsoftonline.com/{tenant}/v2.0"


def _okta_issuer(written: str) -> str:
    return _with_scheme(written).rstrip("/")


def _auth0_issuer(written: str) -> str:
    """Auth0 names itself with a slash at the end."""
    return _with_scheme(written).rstrip("/") + "/"


def _with_scheme(written: str) -> str:
    return written.strip() if "://" in written else f"https://{written.strip()}"


_PRESETS = (
    Preset(
        type=Type.ENTRA.value,
        title="Microsoft",
        sentence=_("Microsoft Entra ID, also for Microsoft Graph in functions."),
        steps=(
            _("In the Microsoft Entra admin center open “App registrations” → “New registration”."),
            _(
                "Under “Supported account types” choose “Accounts in this organizational directory "
                "only”."
            ),
            _("Under “Redirect URI” choose “Web” and paste the redirect URL from here."),
            _("From “Overview” copy “Application (client) ID” and “Directory (tenant) ID”."),
            _(
                "“Certificates & secrets” → “Client secrets” → “New client secret”: copy “Value”, "
                "not “Secret ID”. It is shown once."
            ),
            _(
                "For a mobile app of your own: “Authentication” → “Add a platform” → “Mobile and "
                "desktop applications”, with the app's redirect URL."
            ),
            _(
                "“Token configuration” → “Add optional claim” → “ID” → “email”, so that people are "
                "known by their address."
            ),
            _(
                "For Microsoft Graph in functions: “API permissions” → “Add a permission” → "
                "“Microsoft Graph” → “Delegated permissions”; the scopes here have the same names."
            ),
        ),
        issuer_label=_("Directory (tenant) ID"),
        issuer_hint=_("Of “Overview”, such as 72f988bf-86f1-41af-91ab-2d7cd011db47."),
        issuer_of=_entra_issuer,
        client_authentication=ClientAuthentication.POST.value,
    ),
    Preset(
        type=Type.OKTA.value,
        title="Okta",
        sentence=_("Okta Workforce Identity."),
        steps=(
            _("In the Okta Admin Console open “Applications” → “Create App Integration”."),
            _("Choose “OIDC - OpenID Connect”, then “Web Application”."),
            _("Leave “Authorization Code” on; tick “Refresh Token” if functions shall use it."),
            _("Paste the redirect URL from here under “Sign-in redirect URIs”."),
            _("Under “Assignments” choose who may sign in, and “Save”."),
            _("From “General” → “Client Credentials” copy “Client ID” and the “Client secret”."),
            _(
                "The issuer is your Okta domain, or that of “Security” → “API” → “Authorization "
                "Servers” → “Issuer URI”."
            ),
        ),
        issuer_label=_("Okta domain"),
        issuer_hint=_("Such as acme.okta.com, without “-admin”; or a whole “Issuer URI”."),
        issuer_of=_okta_issuer,
    ),
    Preset(
        type=Type.AUTH0.value,
        title="Auth0",
        sentence=_("A tenant at Auth0, with its connections."),
        steps=(
            _("In the Auth0 Dashboard open “Applications” → “Create Application”."),
            _("Choose “Regular Web Applications”."),
            _("From “Settings” → “Basic Information” copy “Domain”, “Client ID”, “Client Secret”."),
            _("Paste the redirect URL from here under “Allowed Callback URLs”."),
            _("For sign-out add this console's address under “Allowed Logout URLs”."),
            _("Choose “Save Changes” at the end of the page."),
            _("Under “Connections” turn on those by which your people sign in."),
        ),
        issuer_label=_("Domain"),
        issuer_hint=_("Of “Basic Information”, such as acme.eu.auth0.com."),
        issuer_of=_auth0_issuer,
        client_authentication=ClientAuthentication.POST.value,
    ),
    Preset(
        type=Type.OPENID.value,
        title="OpenID Connect",
        sentence=_("Any other provider of OpenID Connect or OAuth 2."),
        steps=(
            _("Register a client for the authorization code flow at your provider."),
            _("Let it come back to the redirect URL from here, letter by letter."),
            _("Copy its client id, and its client secret if it has one."),
            _("Copy the issuer: below it there is /.well-known/openid-configuration."),
            _("Let the ID token have the claims email and email_verified."),
            _("Without an issuer give the two endpoints; then it serves functions only."),
        ),
        issuer_label=_("Issuer"),
        issuer_hint=_("Such as https://login.acme.example/realms/staff."),
        issuer_of=_with_scheme,
    ),
)
PRESETS: Mapping[str, Preset] = {preset.type: preset for preset in _PRESETS}
