"""What the test of a connection comes to, in words: its stages, and what helps where one failed."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from functions.services.connection_tests import ConnectionTest, Stage
from functions.sql_server.drivers import INSTALL
from functions.sql_server.stages import Status

STAGE_NAMES: Mapping[str, StrPromise] = {
    "dns": _("Address of the server (DNS)"),
    "tcp": _("Way to the server (TCP)"),
    "tls": _("Encryption and certificate (TLS)"),
    "sign_in": _("Sign-in"),
    "query": _("Query"),
}
ADVICE: Mapping[str, StrPromise] = {
    "dns_unknown": _(
        "The DNS knows no server of this name. Look at its spelling, and whether the name can be "
        "found from outside your network."
    ),
    "address_refused": _(
        "The server is in a private network. An operator of this installation can open it for "
        "your organization."
    ),
    "tcp_timeout": _(
        "Nobody answered. Most often a firewall does not let us through: put our addresses on its "
        "list, and look at server and port."
    ),
    "tcp_refused": _(
        "The host is there, and nothing listens at this port. Look at the port, and let SQL "
        "Server take TCP connections."
    ),
    "tls_unknown_ca": _(
        "The certificate is of an authority that nobody knows here, or of the server's own "
        "making. Give the server one of a public authority."
    ),
    "tls_wrong_name": _(
        "The certificate is for another name. If this is your server, write the name that the "
        "certificate has as the host name in the certificate."
    ),
    "tls_expired": _("The certificate is out of date. Give the server a new one."),
    "tls_refused": _("The server does not encrypt as we ask. Let it offer TLS 1.2 or newer."),
    "not_sql_server": _(
        "Something answers there, and it is no SQL Server. Look at the port; a named instance has "
        "one of its own."
    ),
    "database_unavailable": _(
        "The database is there and not available: it wakes up, or moves. Try again in a minute, "
        "and let connections try several times."
    ),
    "sent_elsewhere": _(
        "The server sends its clients on to another, as a listener does with who only reads. "
        "Name that server itself."
    ),
    "sign_in_unanswered": _(
        "The server took the connection and did not answer the sign-in. It may be starting or "
        "out of room; try again, and look at its log."
    ),
    "sign_in_refused": _(
        "The server does not take this user. Type user name and password again, and let the "
        "server take SQL logins and this user into the database."
    ),
    "token_refused": _(
        "Microsoft Entra gives this application no token. Look at directory and client id, and "
        "at the client secret: its value, not its id, and whether it has run out."
    ),
    "database_unknown": _("There is no database of this name, or this user may not enter it."),
    "not_allow_listed": _(
        "The server's firewall does not let us through. Put our addresses on its list; it can "
        "take five minutes until the server knows."
    ),
    "query_failed": _("The user was let in, and the simplest query was not answered."),
    "driver_missing": format_lazy(
        _(
            "This installation has no driver for SQL Server. An operator installs it with this "
            "command, and starts the workers again: {command}"
        ),
        command=INSTALL,
    ),
}
# Where a list of addresses that are let through may be what is missing.
OF_A_FIREWALL = frozenset({"tcp_timeout", "not_allow_listed"})


@dataclass(frozen=True, slots=True)
class ShownStage:
    """A stage as the page shows it."""

    name: StrPromise | str
    stage: Stage
    advice: StrPromise | None
    is_of_firewall: bool


def in_words(test: ConnectionTest) -> list[ShownStage]:
    return [_shown(stage) for stage in test.stages]


def _shown(stage: Stage) -> ShownStage:
    advice = stage.advice if stage.status == Status.FAILED else ""
    return ShownStage(
        STAGE_NAMES.get(stage.name, stage.name),
        stage,
        ADVICE.get(advice),
        is_of_firewall=advice in OF_A_FIREWALL,
    )
