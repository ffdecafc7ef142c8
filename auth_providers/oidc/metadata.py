"""What a provider says about itself (OpenID Connect Discovery 1.0)."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from auth_providers.oidc.documents import ProviderFault, parse_object

MAX_BYTES = 262_144
LONGEST_URL = 2_000
MOST_VALUES = 500

IsOpen = Callable[[str], bool]


class MetadataRefused(ProviderFault):
    """The issuer, an endpoint or the document about them can't be used."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints, blank where there is none, and what the provider can do.

    A list that the provider does not give is empty, whatever the standard's default for it is.
    """

    issuer: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    jwks_uri: str = ""
    end_session_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ()
    code_challenge_methods_supported: tuple[str, ...] = ()


ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
_LISTS = tuple(field.name for field in fields(Metadata) if field.name.endswith("_supported"))


def metadata_url(issuer: str) -> str:
    """Return where the issuer's document is (OpenID Connect Discovery 1.0 4.1)."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_metadata(document: bytes, issuer: str, *, is_open: IsOpen) -> Metadata:
    """Return the metadata of exactly this issuer (Discovery 1.0 4.3): equal character by character.

    So the common issuer of Microsoft Entra, which names itself `…/{tenantid}/v2.0`, is refused:
    with it the directory of any company would vouch for the people of this one. Name the tenant.
    `is_open` answers for a host whether the operator opened the network that it is in, so that
    plain http may go there. Raises MetadataRefused.
    """
    if len(document) > MAX_BYTES:
        raise MetadataRefused("metadata_too_large")
    try:
        said = parse_object(document)
    except ValueError:
        raise MetadataRefused("metadata_not_json") from None
    if not isinstance(said.get("issuer"), str):
        raise MetadataRefused("metadata_issuer_missing")
    if said["issuer"] != issuer:
        raise MetadataRefused("metadata_issuer_mismatch")
    check_issuer(issuer, is_open=is_open)
    members: dict[str, Any] = {name: _endpoint(said, name, is_open) for name in ENDPOINTS}
    # Both are required (Discovery 1.0 3); the token endpoint is where a code is redeemed.
    if not (members["authorization_endpoint"] and members["token_endpoint"]):
        raise MetadataRefused("metadata_endpoint_missing")
    members |= {name: _list(said, name) for name in _LISTS}
    return Metadata(issuer=issuer, **members)


def check_issuer(issuer: str, *, is_open: IsOpen) -> None:
    """Raise MetadataRefused unless this can be an issuer (OpenID Connect Core 1.0 2)."""
    # A template is no issuer: whoever fills it in decides who vouches.
    if "{" in issuer or not is_endpoint(issuer, is_open=is_open) or set("?#") & set(issuer):
        raise MetadataRefused("issuer_malformed")


def is_endpoint(url: str, *, is_open: IsOpen) -> bool:
    """Answer whether secrets may travel to this URL: https, or where the operator opened it."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 (raises for what is none)
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "#" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_open(host))


def _endpoint(said: dict[str, Any], name: str, is_open: IsOpen) -> str:
    url = said.get(name, "")
    if url in ("", None):
        return ""
    if not isinstance(url, str) or not is_endpoint(url, is_open=is_open):
        raise MetadataRefused("metadata_endpoint_refused")
    return url


def _list(said: dict[str, Any], name: str) -> tuple[str, ...]:
    values = said.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        raise MetadataRefused("metadata_malformed")
    if not all(isinstance(value, str) for value in values):
        raise MetadataRefused("metadata_malformed")
    return tuple(values)
