"""The only way to the outside world: where we connect is vetted, what comes back is bounded."""

from jigxmgmt.outbound.addresses import Policy, resolve_and_vet, vet
from jigxmgmt.outbound.client import Client
from jigxmgmt.outbound.failures import (
    AddressRefused,
    BadRequest,
    OutboundFailure,
    TimedOut,
    TooLarge,
    Unreachable,
)
from jigxmgmt.outbound.messages import CONNECTION_HEADERS, Request, Response

__all__ = [
    "CONNECTION_HEADERS",
    "AddressRefused",
    "BadRequest",
    "Client",
    "OutboundFailure",
    "Policy",
    "Request",
    "Response",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "resolve_and_vet",
    "vet",
]
