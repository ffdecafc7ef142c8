"""What a test of a connection sees, stage by stage; nothing in it is a secret.

A certificate's names and what a server says of an error are its owner's words, and are cut short.
"""

from dataclasses import dataclass
from enum import StrEnum


class StageName(StrEnum):
    """The stages in their order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    SIGN_IN = "sign_in"
    QUERY = "query"


class Status(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Advice(StrEnum):
    """What failed, as far as a person can do something about it."""

    DNS_UNKNOWN = "dns_unknown"
    ADDRESS_REFUSED = "address_refused"
    TCP_TIMEOUT = "tcp_timeout"
    TCP_REFUSED = "tcp_refused"
    NOT_SQL_SERVER = "not_sql_server"
    TLS_REFUSED = "tls_refused"
    TLS_UNKNOWN_CA = "tls_unknown_ca"
    TLS_WRONG_NAME = "tls_wrong_name"
    TLS_EXPIRED = "tls_expired"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_UNANSWERED = "sign_in_unanswered"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 (a word for what failed)
    SENT_ELSEWHERE = "sent_elsewhere"
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_UNKNOWN = "database_unknown"
    NOT_ALLOW_LISTED = "not_allow_listed"
    QUERY_FAILED = "query_failed"
    DRIVER_MISSING = "driver_missing"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server showed, whether it was believed or not; times are those of RFC 3339."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Stage:
    name: StageName
    status: Status
    seconds: float = 0
    detail: str = ""
    advice: Advice | None = None
    certificate: Certificate | None = None
