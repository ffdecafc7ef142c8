"""Why a call to the outside world gave no response. No message holds a query, a header or a value.

OutboundFailure
├── BadRequest       the request can't be written down safely; nothing was sent
├── AddressRefused   the guard does not let us go there; nothing was sent
├── Unreachable      no name, no connection, no TLS, or an answer that is not HTTP
├── TimedOut         no whole response in time
└── TooLarge         the response is larger than we were ready to hold
"""


class OutboundFailure(Exception):
    """The outside world gave no response that we can use."""


class BadRequest(OutboundFailure):
    """A method, URL or header would be malformed or unsafe on the wire."""


class AddressRefused(OutboundFailure):
    """The target is not one that we may connect to."""


class Unreachable(OutboundFailure):
    """Resolving, connecting, TLS or the protocol failed."""


class TimedOut(OutboundFailure):
    """The whole exchange did not end in time."""


class TooLarge(OutboundFailure):
    """The decoded body or the headers exceed their bounds."""
