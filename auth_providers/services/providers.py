"""Talking to an outside provider: its metadata, its keys, its token endpoint."""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Literal

from auth_providers.models import OAuthConfiguration
from auth_providers.oidc.authorization import RESERVED, authorization_url
from auth_providers.oidc.claims import Expected
from auth_providers.oidc.id_tokens import verify_id_token
from auth_providers.oidc.metadata import is_endpoint
from auth_providers.oidc.tokens import MAX_BYTES, ProviderTokens, identify_client, read_tokens
from auth_providers.services.configuration_secrets import client_secret_of
from auth_providers.services.outbound_policy import opened_by, outbound_policy
from auth_providers.services.provider_claims import Claims, read_claims
from auth_providers.services.provider_documents import (
    ask_provider,
    key_finder,
    metadata_of,
    read_discovery,
)
from auth_providers.services.provider_refusals import (
    ProviderRefused,
    faults_as_refusals,
    refused,
)
from auth_providers.services.sign_in_digests import digest_of

__all__ = [
    "Claims",
    "ProviderRefused",
    "ProviderTokens",
    "authorization_url_of",
    "check_response_issuer",
    "end_session_url_of",
    "read_discovery",
    "ready_provider",
    "redeem_code",
    "refresh_tokens",
    "verify_identity",
]

OFFLINE = "offline_access"  # OpenID Connect Core 11
Endpoint = Literal["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"]


def authorization_url_of(
    configuration: OAuthConfiguration,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    code_challenge: str,
    email: str = "",
    offline: bool = False,
) -> str:
    """Return where the browser goes (OpenID Connect Core 3.1.2.1). Raises ProviderRefused."""
    endpoint = _require_endpoint(configuration, "authorization_endpoint")
    parameters = _additional(configuration) | {
        "response_type": "code",
        "client_id": configuration.client_id,
        "redirect_uri": redirect_uri,
        "scope": configuration.scopes,
        "state": state,
    }
    if configuration.uses_nonce:
        parameters["nonce"] = nonce
    if configuration.uses_pkce:
        parameters |= {"code_challenge": code_challenge, "code_challenge_method": "S256"}
    if email:
        parameters["login_hint"] = email
    if offline:
        parameters |= _offline(configuration, parameters)
    return authorization_url(endpoint, parameters)


def ready_provider(configuration: OAuthConfiguration) -> None:
    """Have at hand what the provider says of itself, or that it says nothing for now.

    It may wait for the network: call it before a transaction in which a sign-in begins, which then
    waits for nobody.
    """
    if configuration.issuer:
        with suppress(ProviderRefused):  # whoever begins is told
            metadata_of(configuration)


def redeem_code(
    configuration: OAuthConfiguration, *, code: str, code_verifier: str, redirect_uri: str
) -> ProviderTokens:
    """Exchange a code for tokens (RFC 6749 4.1.3). Raises ProviderRefused."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if configuration.uses_pkce:
        fields["code_verifier"] = code_verifier
    return _ask_for_tokens(configuration, fields)


def refresh_tokens(configuration: OAuthConfiguration, *, refresh_token: str) -> ProviderTokens:
    """Exchange a refresh token (RFC 6749 6).

    Raises ProviderRefused, with the code `invalid_grant` when the consent is over.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _ask_for_tokens(configuration, fields)


def verify_identity(
    configuration: OAuthConfiguration,
    id_token: str,
    *,
    nonce_digest: str,
    now: datetime,
    access_token: str | None = None,
) -> Claims:
    """Return who the ID token is about (OpenID Connect Core 3.1.3.7).

    An access token that came along is held against the digest that the ID token has of it. Where
    a configuration uses no nonce, only what the token endpoint gave for our own code may come
    here: nothing else binds it to this sign-in. Raises ProviderRefused.
    """
    if not configuration.issuer:
        raise refused("issuer_unset")

    expected = Expected(
        issuer=configuration.issuer,
        client_id=configuration.client_id,
        is_nonce=partial(_is_nonce, nonce_digest) if configuration.uses_nonce else None,
        max_age=_max_age(configuration),
        access_token=access_token,
    )
    find_keys = key_finder(configuration, _require_endpoint(configuration, "jwks_uri"))
    with faults_as_refusals():
        claims = verify_id_token(id_token, find_keys=find_keys, expected=expected, now=now)
    return read_claims(claims, kind=configuration.type)


def check_response_issuer(configuration: OAuthConfiguration, issuer: str | None) -> None:
    """Look at an authorization answer's `iss` where it comes (RFC 9207 2.4).

    Raises ProviderRefused when another provider answered.
    """
    if issuer is not None and configuration.issuer and issuer != configuration.issuer:
        raise refused("response_issuer_mismatch")


def end_session_url_of(
    configuration: OAuthConfiguration, *, post_logout_redirect_uri: str
) -> str | None:
    """Return where the provider's own session ends (RP-Initiated Logout 1.0), if it has such.

    None also while the provider is away: nobody is kept from signing out here by that.
    """
    try:
        endpoint = _endpoint_of(configuration, "end_session_endpoint")
    except ProviderRefused:
        return None
    if not endpoint:
        return None
    parameters = {"client_id": configuration.client_id}
    if post_logout_redirect_uri:
        parameters["post_logout_redirect_uri"] = post_logout_redirect_uri
    return authorization_url(endpoint, parameters)


def _additional(configuration: OAuthConfiguration) -> dict[str, str]:
    """Return the parameters of its own, none of which takes the place of the protocol's."""
    given = configuration.additional_parameters.items()
    return {name: str(value) for name, value in given if name not in RESERVED}


def _is_nonce(digest: str, nonce: str) -> bool:
    return hmac.compare_digest(digest_of("nonce", nonce), digest)


def _ask_for_tokens(configuration: OAuthConfiguration, fields: Mapping[str, str]) -> ProviderTokens:
    endpoint = _require_endpoint(configuration, "token_endpoint")
    method, secret = configuration.client_authentication, client_secret_of(configuration)
    if method != OAuthConfiguration.ClientAuthentication.NONE and not secret:
        raise refused("client_secret_missing")
    client = identify_client(method, client_id=configuration.client_id, secret=secret)
    answer = ask_provider(
        configuration.organization,
        "POST",
        endpoint,
        max_bytes=MAX_BYTES,
        headers={"Accept": "application/json", **client.headers},
        data={**fields, **client.fields},
    )
    media_type = answer.headers.get("Content-Type", "")
    with faults_as_refusals():
        return read_tokens(answer.status_code, media_type, answer.content)


def _offline(configuration: OAuthConfiguration, parameters: Mapping[str, str]) -> dict[str, str]:
    """Ask for a refresh token, except where the provider lists its scopes without that one.

    By Core 11 the request must ask for consent then. Entra and Okta leave that to their
    administrators, and would bother everybody each time.
    """
    listed = metadata_of(configuration).scopes_supported if configuration.issuer else ()
    scopes = parameters["scope"].split()
    if listed and OFFLINE not in listed:
        return {}
    changes = {"scope": " ".join(dict.fromkeys([*scopes, OFFLINE]))}
    asks = configuration.type in (OAuthConfiguration.Type.AUTH0, OAuthConfiguration.Type.OPENID)
    if asks and listed:
        prompts = [prompt for prompt in parameters.get("prompt", "").split() if prompt != "none"]
        changes["prompt"] = " ".join(dict.fromkeys([*prompts, "consent"]))
    return changes


def _require_endpoint(configuration: OAuthConfiguration, name: Endpoint) -> str:
    endpoint = _endpoint_of(configuration, name)
    if not endpoint:
        raise refused("endpoint_missing")
    return endpoint


def _endpoint_of(configuration: OAuthConfiguration, name: Endpoint) -> str:
    """Return the configuration's own, else its issuer's; blank where there is none."""
    own = str(getattr(configuration, name))
    if own:
        is_open = opened_by(outbound_policy(configuration.organization))
        if not is_endpoint(own, is_open=is_open):
            raise refused("endpoint_refused")
        return own
    if not configuration.issuer:
        return ""
    return str(getattr(metadata_of(configuration), name))


def _max_age(configuration: OAuthConfiguration) -> int | None:
    """Return the greatest age that the configuration asks for: then the token has to prove it."""
    asked = str(configuration.additional_parameters.get("max_age", ""))
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
