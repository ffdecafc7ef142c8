"""What makes an OAuth configuration usable: one judgement for its form, its JSON and the API."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from auth_providers.models.reference_keys import REFERENCE_KEY
from auth_providers.oidc.authorization import RESERVED
from auth_providers.oidc.metadata import ENDPOINTS
from auth_providers.services.configuration_fields import (
    ConfigurationFields,
    ConfigurationInvalid,
    Type,
)
from auth_providers.services.private_ways import is_private_way
from auth_providers.services.redirect_urls import redirect_url_faults
from jigxmgmt.errors import FieldFault, pointer
from orgs.models import Organization
from orgs.services.domain_names import NotADomain, normal_domain

LONGEST = {
    "name": 100,
    "key": 100,
    "login_hint": 200,
    "client_id": 255,
    "issuer": 500,
    "scopes": 1000,
    **dict.fromkeys(ENDPOINTS, 500),
}
LONGEST_URL = 500
LONGEST_VALUE = 500
MOST_DOMAINS = 100
MOST_REDIRECT_URLS = 20
MOST_PARAMETERS = 20
ANY, BELOW = "*", "*."
# RFC 6749 A.1 and 3.3: what a client id and a scope are made of.
CLIENT_ID = re.compile(r"[\x20-\x7e]+")
SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
PARAMETER = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
# Entra's issuers that are everybody's: the last is the tenant of all personal accounts.
TENANTS_OF_ALL = frozenset(
    {"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}
)
ENTRA_HOST = re.compile(
    r"(.+\.)?(microsoftonline\.(com|us|de)|partner\.microsoftonline\.cn|windows\.net)"
)


def normal_fields(
    organization: Organization, fields: ConfigurationFields, *, is_of_solution: bool = False
) -> ConfigurationFields:
    """Return the fields as they are kept, or raise ConfigurationInvalid with all their faults."""
    domains, faults = _domains_of(organization, fields, is_of_solution=is_of_solution)
    faults += _faults_of_texts(fields)
    faults += faults_of_ways(organization, fields)
    faults += _faults_of_redirects(fields)
    faults += _faults_of_parameters(fields.additional_parameters)
    if faults:
        raise ConfigurationInvalid(_("Some fields are at fault."), faults=faults)
    return replace(fields, domains=domains)


def warnings_of(fields: ConfigurationFields) -> list[FieldFault]:
    """Return what is allowed and better not so, each at its field."""
    found = []
    if "openid" not in fields.scopes.split():
        sentence = _("Without the scope openid nobody can sign in by it.")
        found.append(FieldFault("/scopes", sentence, "scope_openid_missing"))
    if not fields.uses_pkce:
        sentence = _("Without PKCE a stolen code is worth more. Leave it off only if you must.")
        found.append(FieldFault("/uses_pkce", sentence, "pkce_off"))
    if not fields.uses_nonce:
        sentence = _("Without a nonce a stolen ID token may pass. Leave it off only if you must.")
        found.append(FieldFault("/uses_nonce", sentence, "nonce_off"))
    if not fields.issuer:
        sentence = _("Without an issuer nobody can sign in by it; outside services still work.")
        found.append(FieldFault("/issuer", sentence, "issuer_missing"))
    return found


def _faults_of_texts(fields: ConfigurationFields) -> list[FieldFault]:
    faults = [
        FieldFault(pointer(name), _("Write at most %(most)s characters.") % {"most": most}, "long")
        for name, most in LONGEST.items()
        if len(getattr(fields, name)) > most
    ]
    faults += [
        FieldFault(pointer(name), _("Write one line of text."), "invalid")
        for name in ("name", "login_hint")
        if not getattr(fields, name).isprintable()
    ]
    if not fields.name:
        faults.append(FieldFault("/name", _("Give it a name."), "required"))
    if not re.fullmatch(REFERENCE_KEY.regex, fields.key):
        faults.append(FieldFault("/key", str(REFERENCE_KEY.message), "invalid"))
    if not CLIENT_ID.fullmatch(fields.client_id):
        sentence = _("Write the client id that the provider shows, without accents.")
        faults.append(FieldFault("/client_id", sentence, "invalid"))
    if fields.scopes and not SCOPES.fullmatch(fields.scopes):
        sentence = _("Scopes are plain letters, digits and signs, with spaces between them.")
        faults.append(FieldFault("/scopes", sentence, "invalid"))
    return faults


def _domains_of(
    organization: Organization, fields: ConfigurationFields, *, is_of_solution: bool
) -> tuple[tuple[str, ...], list[FieldFault]]:
    """Return the patterns in the spelling that is kept, and what is wrong with some of them."""
    if is_of_solution and fields.domains:
        sentence = _("A solution's own configuration signs nobody in, so it has no domains.")
        return (), [FieldFault("/domains", sentence, "invalid")]
    if len(fields.domains) > MOST_DOMAINS:
        return (), [FieldFault("/domains", _at_most(MOST_DOMAINS), "too_many")]
    named = set(organization.domains.values_list("name", flat=True)) if fields.domains else set()
    patterns, faults = [], []
    for index, written in enumerate(fields.domains):
        try:
            patterns.append(_normal_pattern(written, named))
        except NotADomain as refusal:
            faults.append(FieldFault(pointer("domains", index), refusal.detail, refusal.code))
    return tuple(sorted(set(patterns))), faults


def _normal_pattern(written: str, named: Collection[str]) -> str:
    """Return `*`, `*.example.com` or `example.com`, in A-labels; raises NotADomain."""
    if written == ANY:
        return ANY
    if written.startswith(BELOW):
        return BELOW + normal_domain(written.removeprefix(BELOW))
    domain = normal_domain(written)
    if domain not in named:
        sentence = _("%(name)s is not among your organization's domains; add it there first.")
        raise NotADomain(sentence % {"name": domain})
    return domain


def _faults_of_redirects(fields: ConfigurationFields) -> list[FieldFault]:
    faults = redirect_url_faults(fields.redirect_urls)
    if len(fields.redirect_urls) > MOST_REDIRECT_URLS:
        faults.append(FieldFault("/redirect_urls", _at_most(MOST_REDIRECT_URLS), "too_many"))
    for index, url in enumerate(fields.redirect_urls):
        if len(url) > LONGEST_URL:
            sentence = _("Write at most %(most)s characters.") % {"most": LONGEST_URL}
            faults.append(FieldFault(pointer("redirect_urls", index), sentence, "long"))
    return faults


def faults_of_ways(organization: Organization, fields: ConfigurationFields) -> list[FieldFault]:
    """Say what is wrong with the issuer and the endpoints (OpenID Connect Discovery 1.0 3)."""
    faults = []
    for name in ("issuer", *ENDPOINTS):
        url = getattr(fields, name)
        if url and (sentence := _fault_of_way(url, organization, is_issuer=name == "issuer")):
            faults.append(FieldFault(pointer(name), sentence, "url_invalid"))
    has_endpoints = fields.authorization_endpoint and fields.token_endpoint
    if not fields.issuer and not has_endpoints:
        sentence = _("Give the issuer, or both the authorization and the token endpoint.")
        faults.append(FieldFault("/issuer", sentence, "required"))
    if not faults and _is_of_all(fields):
        sentence = _(
            "This issuer is every tenant's. Put your own Directory (tenant) ID in its place."
        )
        faults.append(FieldFault("/issuer", sentence, "issuer_of_all"))
    return faults


def _fault_of_way(url: str, organization: Organization, *, is_issuer: bool) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (parsing it is the check)
    except ValueError:
        return _("This is not a URL.")
    if not url.isascii() or not url.isprintable() or set(" {}") & set(url) or not parts.hostname:
        return _("Write the whole URL, as https://login.example.com/.")
    if "#" in url or "@" in parts.netloc or (is_issuer and "?" in url):
        return _("It may not have a user name, a fragment, or, as an issuer, a query.")
    if not is_private_way(url, organization.allowed_networks):
        return _("Use https; plain http is for networks that the operator opened.")
    return ""


def _is_of_all(fields: ConfigurationFields) -> bool:
    """Tell an issuer of Microsoft Entra that lets people of every tenant in."""
    parts = urlsplit(fields.issuer)
    is_entra = fields.type == Type.ENTRA or ENTRA_HOST.fullmatch(parts.hostname or "")
    segments = [segment.lower() for segment in parts.path.split("/") if segment]
    return bool(is_entra and segments and segments[0] in TENANTS_OF_ALL)


def _faults_of_parameters(parameters: Mapping[str, str]) -> list[FieldFault]:
    faults = list(_each_fault(parameters))
    if len(parameters) > MOST_PARAMETERS:
        sentence = _at_most(MOST_PARAMETERS)
        faults.append(FieldFault("/additional_parameters", sentence, "too_many"))
    return faults


def _each_fault(parameters: Mapping[str, str]) -> Iterator[FieldFault]:
    for name, value in parameters.items():
        place = pointer("additional_parameters", name)
        if name.lower() in RESERVED:
            sentence = _("%(name)s is set by the protocol itself.") % {"name": name}
            yield FieldFault(place, sentence, "reserved")
        elif not PARAMETER.fullmatch(name):
            sentence = _("“%(name)s” is no name of a parameter.") % {"name": name[:100]}
            yield FieldFault(place, sentence, "invalid")
        if len(value) > LONGEST_VALUE or not value.isprintable():
            sentence = _("%(name)s has at most %(most)s printable characters.")
            words = {"name": name[:100], "most": LONGEST_VALUE}
            yield FieldFault(place, sentence % words, "invalid")


def _at_most(most: int) -> str:
    return _("Give at most %(most)s.") % {"most": most}
