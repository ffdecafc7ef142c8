"""One question to the DNS: which texts stand at a name. Whatever comes, it ends within seconds."""

import contextlib
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from dns.exception import DNSException
from dns.name import from_text
from dns.nameserver import Do53Nameserver
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, Answer, NoAnswer, Resolver

LONGEST_ANSWER = 5.0
LONGEST_TRY = 2.0
# A zone may hold any number, of any length; nobody reads more.
MOST_TEXTS = 50
DNS_PORT = 53


class Outcome(Enum):
    FOUND = auto()
    NO_SUCH_NAME = auto()
    NO_TEXTS = auto()
    NO_ANSWER = auto()


@dataclass(frozen=True, slots=True)
class Texts:
    """What was found at a name: the values of its TXT records, or why there are none."""

    outcome: Outcome
    values: tuple[str, ...] = ()


def find_texts(name: str) -> Texts:
    """Ask for the TXT records of a name; never raises for what the network does."""
    try:
        answer = _resolver().resolve(from_text(name), "TXT", search=False)
    except NXDOMAIN:
        return Texts(Outcome.NO_SUCH_NAME)
    except NoAnswer:
        return Texts(Outcome.NO_TEXTS)
    except (DNSException, OSError):
        return Texts(Outcome.NO_ANSWER)
    return Texts(Outcome.FOUND, _values(answer))


def _values(answer: Answer) -> tuple[str, ...]:
    """Join the strings of each record, as RFC 7208 3.3 does, for want of a general rule."""
    records = [record for record in answer if isinstance(record, TXT)]
    return tuple(
        b"".join(record.strings).decode("utf-8", "replace") for record in records[:MOST_TEXTS]
    )


def _resolver() -> Resolver:
    resolver = Resolver(configure=not settings.DNS_RESOLVERS)
    if settings.DNS_RESOLVERS:
        resolver.nameservers = [_nameserver(written) for written in settings.DNS_RESOLVERS]
    resolver.lifetime, resolver.timeout = LONGEST_ANSWER, LONGEST_TRY
    return resolver


def _nameserver(written: str) -> Do53Nameserver:
    """Read `host` or `host:port`; an IPv6 address with a port stands in brackets."""
    with contextlib.suppress(ValueError):
        return Do53Nameserver(str(ip_address(written)), DNS_PORT)
    parts = urlsplit(f"//{written}")
    return Do53Nameserver(str(ip_address(parts.hostname or "")), parts.port or DNS_PORT)
