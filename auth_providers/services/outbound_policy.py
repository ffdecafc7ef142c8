"""Where an organization's providers may be: what the operator opened to it, and the public net."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from django.conf import settings

from auth_providers.oidc.metadata import IsOpen
from jigxmgmt.outbound import Policy
from orgs.models import Organization


def outbound_policy(organization: Organization) -> Policy:
    """Return what may be reached for an organization: the installation's networks and its own."""
    return policy_with(organization.allowed_networks)


def policy_with(networks: Iterable[str]) -> Policy:
    """Return what may be reached where the operator opened these networks too."""
    return Policy(
        allowed_networks=(*settings.OUTBOUND_ALLOWED_NETWORKS, *map(ip_network, networks)),
        bind_address=settings.OUTBOUND_BIND_ADDRESS,
    )


def opened_by(policy: Policy) -> IsOpen:
    """Return who answers whether a host is an address in a network that the operator opened.

    A name is none but `localhost`, whatever it points to now: plain http trusts the way there.
    """

    def is_open(host: str) -> bool:
        try:
            address = ip_address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            return False
        return any(address in network for network in policy.allowed_networks)

    return is_open
