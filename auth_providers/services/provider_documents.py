"""A provider's metadata and keys: fetched through the guard, kept for an hour, asked for seldom.

What is kept is signed: whoever can write to the cache could let anybody in otherwise.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal

import requests
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from redis.exceptions import RedisError

from auth_providers.models import OAuthConfiguration
from auth_providers.oidc import keys as key_sets
from auth_providers.oidc import metadata as documents
from auth_providers.oidc.id_tokens import FindKeys
from auth_providers.oidc.keys import WrittenKey, fitting_keys, read_keys
from auth_providers.oidc.metadata import Metadata, check_issuer, metadata_url, read_metadata
from auth_providers.services.outbound_policy import opened_by, outbound_policy
from auth_providers.services.provider_refusals import (
    ProviderRefused,
    faults_as_refusals,
    refused,
)
from jigxmgmt.outbound import Policy
from jigxmgmt.outbound.blocking import guarded_session
from orgs.models import Organization

KEPT_SECONDS = 3600
KEPT_SECONDS_REFUSED = 10
# However many tokens with unknown keys somebody sends, the provider is asked this often.
REFETCH_SECONDS = 60


def read_discovery(organization: Organization, issuer: str) -> Metadata:
    """Return what the issuer says about itself now. Raises ProviderRefused."""
    policy = outbound_policy(organization)
    is_open = opened_by(policy)
    with faults_as_refusals():
        check_issuer(issuer, is_open=is_open)
        document = _fetch("metadata", metadata_url(issuer), policy, documents.MAX_BYTES)
        return read_metadata(document, issuer, is_open=is_open)


def metadata_of(configuration: OAuthConfiguration) -> Metadata:
    """Return what the configuration's issuer said within the hour. Raises ProviderRefused."""
    organization, issuer = configuration.organization, configuration.issuer
    key = cache_key("metadata", issuer, outbound_policy(organization))
    kept = _recall(key)
    if kept is None:
        kept = _keep(key, lambda: asdict(read_discovery(organization, issuer)))
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in _opened(kept).items()
    }
    return Metadata(**members)


def key_finder(configuration: OAuthConfiguration, jwks_uri: str) -> FindKeys:
    """Return who looks up the keys of the configuration's provider.

    An unknown key id makes it ask once more, since providers change keys without a word. It
    raises ProviderRefused.
    """
    policy = outbound_policy(configuration.organization)
    key = cache_key(f"keys:{configuration.pk}", jwks_uri, policy)

    def fetch() -> list[WrittenKey]:
        with faults_as_refusals():
            return read_keys(_fetch("keys", jwks_uri, policy, key_sets.MAX_BYTES))

    def find(key_id: str | None, algorithm: str) -> Sequence[WrittenKey]:
        kept = _recall(key)
        is_kept = kept is not None
        keys = _opened(kept or _keep(key, fetch))
        fitting = fitting_keys(keys, key_id=key_id, algorithm=algorithm)
        if fitting or not is_kept or not _claim(f"{key}:again", REFETCH_SECONDS):
            return fitting
        # A provider that is away meanwhile does not cost us the keys that we have.
        fresh = fetch()
        _remember(key, {"is": fresh}, KEPT_SECONDS)
        return fitting_keys(fresh, key_id=key_id, algorithm=algorithm)

    return find


def ask_provider(
    organization: Organization, method: str, url: str, *, max_bytes: int, **request: Any
) -> requests.Response:
    """Send one request to a provider. Raises ProviderRefused."""
    with faults_as_refusals():
        return _send(outbound_policy(organization), method, url, max_bytes=max_bytes, **request)


def _fetch(kind: Literal["metadata", "keys"], url: str, policy: Policy, max_bytes: int) -> bytes:
    headers = {"Accept": "application/json"}
    answer = _send(policy, "GET", url, max_bytes=max_bytes, headers=headers)
    if 300 <= answer.status_code < 400:
        raise refused(f"{kind}_redirects")
    if answer.status_code >= 500 or answer.status_code == 429:
        raise refused("provider_unavailable")
    if answer.status_code != 200:
        raise refused(f"{kind}_unavailable")
    return answer.content


def _send(
    policy: Policy, method: str, url: str, *, max_bytes: int, **request: Any
) -> requests.Response:
    timeout = settings.PROVIDER_TIMEOUT
    with guarded_session(policy, timeout=timeout, max_bytes=max_bytes) as session:
        return session.request(method, url, **request)


def cache_key(kind: str, url: str, policy: Policy) -> str:
    """Name what was fetched, and on which way: networks that are closed later close it too."""
    way = f"{url}\n{policy.bind_address}\n{sorted(map(str, policy.allowed_networks))}"
    return f"provider:{kind}:{hashlib.sha256(way.encode()).hexdigest()}"


def _keep(key: str, fetch: Callable[[], Any]) -> dict[str, Any]:
    """Fetch and remember, also that it failed: whoever asks in vain is not to ask at once again."""
    try:
        kept, seconds = {"is": fetch()}, KEPT_SECONDS
    except ProviderRefused as refusal:
        kept, seconds = {"code": refusal.code}, KEPT_SECONDS_REFUSED
    _remember(key, kept, seconds)
    return kept


def _opened(kept: dict[str, Any]) -> Any:
    if "code" in kept:
        raise refused(kept["code"])
    return kept["is"]


def _recall(key: str) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = signing.loads(cache.get(key, ""), salt=key, max_age=KEPT_SECONDS)
    except (RedisError, signing.BadSignature):
        return None
    return kept


def _remember(key: str, kept: dict[str, Any], seconds: int) -> None:
    with suppress(RedisError):  # without a cache all of this is slower, and no less safe
        cache.set(key, signing.dumps(kept, salt=key), timeout=seconds)


def _claim(key: str, seconds: int) -> bool:
    """Answer whether this is the first in so many seconds; never while nobody counts."""
    try:
        return cache.add(key, 1, timeout=seconds)
    except RedisError:
        return False
