"""What is said of an OAuth configuration, as one object: read from JSON, from a form, from a row.

The secret is no part of it: that goes in and never comes out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration
from jigxmgmt.errors import FieldFault, Invalid, pointer

Type = OAuthConfiguration.Type
ClientAuthentication = OAuthConfiguration.ClientAuthentication
DEFAULT_SCOPES = "openid email profile"
CHOICES = {"type": Type.values, "client_authentication": ClientAuthentication.values}
LISTS = ("domains", "redirect_urls")
SECRET = "client_secret"  # noqa: S105 (a name)
SWITCHES = ("uses_pkce", "uses_nonce")


class ConfigurationInvalid(Invalid):
    code = "oauth_configuration_invalid"


@dataclass(frozen=True, slots=True)
class ConfigurationFields:
    """An OAuth configuration as people write it; OAuthConfiguration says what each is."""

    name: str = ""
    key: str = ""
    type: str = Type.OPENID.value
    login_hint: str = ""
    domains: tuple[str, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    client_id: str = ""
    client_authentication: str = ClientAuthentication.BASIC.value
    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    jwks_uri: str = ""
    end_session_endpoint: str = ""
    uses_pkce: bool = True
    uses_nonce: bool = True
    scopes: str = DEFAULT_SCOPES
    additional_parameters: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the object that read_fields reads."""
        shown = asdict(self)
        return shown | {name: list(shown[name]) for name in LISTS}


FIELDS = tuple(one.name for one in fields(ConfigurationFields))
TEXTS = tuple(
    name for name in FIELDS if name not in (*CHOICES, *LISTS, *SWITCHES, "additional_parameters")
)


def fields_of(configuration: OAuthConfiguration) -> ConfigurationFields:
    """Return what a row says, its domains included."""
    kept = {name: getattr(configuration, name) for name in FIELDS if name not in LISTS}
    return ConfigurationFields(
        domains=tuple(domain.pattern for domain in configuration.domains.all()),
        redirect_urls=tuple(configuration.redirect_urls),
        **kept,
    )


def read_fields(
    given: object, *, current: ConfigurationFields | None = None
) -> ConfigurationFields:
    """Return the fields with those that are given; the others stay as they are, or are blank.

    It asks only whether each is of its kind. Raises ConfigurationInvalid.
    """
    if not isinstance(given, dict):
        sentence = _("Write an object, with the fields as its members.")
        raise ConfigurationInvalid(sentence, faults=[FieldFault("", sentence, "invalid")])
    faults: list[FieldFault] = []
    for name, value in given.items():
        if name not in FIELDS:
            sentence = _("There is no such field.")
            faults.append(FieldFault(pointer(name), sentence, "unknown"))
        else:
            faults += _faults_of_kind(name, value)
    if faults:
        raise ConfigurationInvalid(_("Some fields are at fault."), faults=faults)
    return replace(current or ConfigurationFields(), **_tidied(given))


def read_fields_and_secret(
    given: object, *, current: ConfigurationFields | None = None
) -> tuple[ConfigurationFields, str | None]:
    """Return the fields, and the secret that stands among them: None where it is to stay.

    Raises ConfigurationInvalid.
    """
    secret = given.get(SECRET) if isinstance(given, dict) else None
    if secret is not None and not isinstance(secret, str):
        fault = FieldFault(pointer(SECRET), _("Write a text."), "invalid")
        raise ConfigurationInvalid(_("Some fields are at fault."), faults=[fault])
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name != SECRET}
    return read_fields(given, current=current), secret


def _faults_of_kind(name: str, value: object) -> list[FieldFault]:
    if name in CHOICES:
        sentence = _("Choose among %(names)s.") % {"names": ", ".join(CHOICES[name])}
        return [] if value in CHOICES[name] else [FieldFault(pointer(name), sentence, "invalid")]
    if name in SWITCHES:
        sentence = _("Write true or false.")
        is_switch = isinstance(value, bool)
        return [] if is_switch else [FieldFault(pointer(name), sentence, "invalid")]
    if name in LISTS:
        return _faults_of_parts(name, value, list)
    if name == "additional_parameters":
        return _faults_of_parts(name, value, dict)
    is_text = isinstance(value, str)
    return [] if is_text else [FieldFault(pointer(name), _("Write a text."), "invalid")]


def _faults_of_parts(
    name: str, value: object, kind: type[list[Any] | dict[str, Any]]
) -> list[FieldFault]:
    """Say what is no text in a list, or in an object."""
    if not isinstance(value, kind):
        sentence = _("Write a list of texts.") if kind is list else _("Write an object of texts.")
        return [FieldFault(pointer(name), sentence, "invalid")]
    parts: Iterable[tuple[str | int, object]]
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        FieldFault(pointer(name, place), _("Write a text."), "invalid")
        for place, part in parts
        if not isinstance(part, str)
    ]


def _tidied(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without spaces around them, each domain and URL once."""
    tidied = dict(given)
    for name in set(given) & set(TEXTS):
        tidied[name] = given[name].strip()
    for name in set(given) & set(LISTS):
        tidied[name] = tuple(dict.fromkeys(text.strip() for text in given[name] if text.strip()))
    if "scopes" in given:
        tidied["scopes"] = " ".join(dict.fromkeys(given["scopes"].split()))
    if "additional_parameters" in given:
        tidied["additional_parameters"] = dict(given["additional_parameters"])
    return tidied
