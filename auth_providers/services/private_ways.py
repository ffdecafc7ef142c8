"""Which URLs a secret may travel to."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings


def is_private_way(url: str, networks: Sequence[str]) -> bool:
    """Whether a secret may travel there: over https, or in a network that the operator opened.

    A name may point elsewhere tomorrow: plain http takes an address.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    host = parts.hostname or ""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    opened: tuple[IPv4Network | IPv6Network, ...] = (
        *settings.OUTBOUND_ALLOWED_NETWORKS,
        *map(ip_network, networks),
    )
    return parts.scheme == "http" and any(address in network for network in opened)
