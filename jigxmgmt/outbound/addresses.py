"""One rule says which addresses may be connected to; everything that connects asks it here."""

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from jigxmgmt.outbound.failures import AddressRefused, Unreachable


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator lets one organization reach, and from which of our addresses.

    `allowed_networks` opens networks that are refused otherwise. A metadata service is opened only
    by its exact address: it hands out the host's own credentials, and nobody means it by 10/8.
    """

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    bind_address: str | None = None


# Own tables: what `ipaddress` calls private differs between patch releases of Python.
_REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Outside 2000::/3 there is only loopback, mapped, compatible, NAT64, local and multicast.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: wraps any IPv4 address
        "3fff::/20",  # documentation
    )
)
_METADATA = frozenset(
    ip_address(address)
    for address in (
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "192.0.0.192",
        "fd00:ec2::23",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def vet(address: str, policy: Policy) -> None:
    """Raise AddressRefused unless this address may be connected to under the policy."""
    try:
        target = ip_address(address)
    except ValueError:
        raise AddressRefused("The host is not an address.") from None
    if isinstance(target, IPv6Address) and target.ipv4_mapped is not None:
        target = target.ipv4_mapped
    if not (_is_allowed(target, policy) or _is_public(target)):
        raise AddressRefused("The address is private, local or reserved.")


def _is_allowed(target: IPv4Address | IPv6Address, policy: Policy) -> bool:
    if target in _METADATA:
        return ip_network(target) in policy.allowed_networks
    return any(target in network for network in policy.allowed_networks)


def _is_public(target: IPv4Address | IPv6Address) -> bool:
    if target in _METADATA:
        return False
    if isinstance(target, IPv4Address):
        return not any(target in network for network in _REFUSED_IPV4)
    return target in _GLOBAL_IPV6 and not any(target in network for network in _REFUSED_IPV6)


def vetted(addresses: list[str], policy: Policy) -> list[str]:
    """Keep the addresses that may be connected to, in order; raise AddressRefused if none may.

    One that may not does not spoil the others: behind DNS64 every name has a refused address too.
    """
    kept: list[str] = []
    refusal: AddressRefused | None = None
    for address in dict.fromkeys(addresses):
        try:
            vet(address, policy)
        except AddressRefused as error:
            refusal = error
        else:
            kept.append(address)
    if not kept and refusal is not None:
        raise refusal
    return kept


def check_host(host: str) -> None:
    """Raise AddressRefused unless this is a host name or an address in its one usual spelling.

    A name that ends in a number is an address to some parsers and a name to others (0x7f.1,
    2130706433, 0177.0.0.1): only four decimal numbers pass.
    """
    if ":" in host:
        is_sound = _is_address(host) and "%" not in host
    elif _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        is_sound = _is_address(host)
    else:
        is_sound = len(host) <= 253 and _NAME.fullmatch(host) is not None
    if not is_sound:
        raise AddressRefused("The host is neither a name nor an address.")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def resolve_and_vet(host: str, port: int, policy: Policy) -> list[str]:
    """Resolve once, for a driver that connects by itself: it must connect to one of these.

    Raises AddressRefused, or Unreachable when the name has no address.
    """
    check_host(host)
    if not 0 < port < 65536:
        raise AddressRefused("The port is not one that can be connected to.")
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    addresses = vetted([str(sockaddr[0]) for *_, sockaddr in found], policy)
    if not addresses:
        raise Unreachable("The host name has no address.")
    return addresses
