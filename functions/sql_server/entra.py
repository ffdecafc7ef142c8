"""Tokens of Microsoft Entra for a service principal (RFC 6749, section 4.4).

We ask for them, not the driver: it would ask wherever the database server sends it, past the guard,
and with the client's secret in its hand.
"""

import time
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import orjson

from functions.engine.failures import SqlError, UpstreamUnreachable
from functions.engine.types import Secret
from jigxmgmt import outbound

# Where a database of the zone has its directory, and what the token is for.
_CLOUDS = {
    ".usgovcloudapi.net": ("https://login.microsoftonline.us", "database.usgovcloudapi.net"),
    ".chinacloudapi.cn": ("https://login.chinacloudapi.cn", "database.chinacloudapi.cn"),
}
_PUBLIC = ("https://login.microsoftonline.com", "database.windows.net")
_MOST_BYTES = 64_000
# A token is renewed this long before its end, so that a sign-in has time.
_EARLY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and when to ask for another by `time.monotonic()`."""

    secret: Secret
    renew_at: float


@dataclass(frozen=True, slots=True, repr=False)
class ServicePrincipal:
    directory_id: str
    client_id: str
    secret: Secret


async def fetch_token(
    principal: ServicePrincipal,
    *,
    host: str,
    client: outbound.Client,
    policy: outbound.Policy,
    seconds: float,
    authority: str = "",
) -> Token:
    """Ask for a token for the database at this host. Raises SqlError or UpstreamUnreachable."""
    clouds = (cloud for zone, cloud in _CLOUDS.items() if host.lower().endswith(zone))
    usual, resource = next(clouds, _PUBLIC)
    form = {
        "grant_type": "client_credentials",
        "client_id": principal.client_id,
        "client_secret": principal.secret.reveal(),
        "scope": f"https://{resource}/.default",
    }
    directory = quote(principal.directory_id, safe="")
    request = outbound.Request(
        "POST",
        f"{authority or usual}/{directory}/oauth2/v2.0/token",
        (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
        urlencode(form).encode(),
    )
    try:
        response = await client.send(request, policy=policy, timeout=seconds, max_bytes=_MOST_BYTES)
    except outbound.OutboundFailure:
        raise UpstreamUnreachable("Microsoft Entra can't be reached.") from None
    return _token_in(response)


def _token_in(response: outbound.Response) -> Token:
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if response.status != 200 or not isinstance(token, str):
        raise SqlError(
            "Microsoft Entra gave no token for this service principal.",
            details={"code": "token_refused"},
        )
    lifetime = answer.get("expires_in")
    seconds = lifetime if isinstance(lifetime, int) else 0
    return Token(Secret(token), time.monotonic() + max(0, seconds - _EARLY_SECONDS))
