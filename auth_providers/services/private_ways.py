"""Which URLs a secret may travel to."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from auth_providers.services.outbound_policy import opened_by, policy_with


def is_private_way(url: str, networks: Iterable[str]) -> bool:
    """Whether a secret may travel there: over https, or in a network that the operator opened."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    is_open = opened_by(policy_with(networks))
    return parts.scheme == "http" and is_open(parts.hostname or "")
