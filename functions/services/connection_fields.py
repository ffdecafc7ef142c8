"""What is said of a connection, as one object: read from JSON, from a form, from a row.

The secret is no part of it: that goes in and never comes out.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from ipaddress import ip_address
from typing import Any

from django.utils.translation import gettext as _

from functions.models import Connection
from functions.models.connections import BOUNDS, LONGEST_HOST, LONGEST_NAME, STANDARD_PORT
from jigxmgmt.errors import FieldFault, pointer

SignIn = Connection.SignIn
ApplicationIntent = Connection.ApplicationIntent
OPTIONS = (
    *("application_intent", "connect_seconds", "query_seconds"),
    *("connect_retries", "retry_seconds", "multi_subnet_failover"),
)
CHOICES = {"sign_in": SignIn.values, "application_intent": ApplicationIntent.values}
HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFields:
    """A connection as people write it; Connection says what each is."""

    server: str
    port: int = STANDARD_PORT
    database: str
    sign_in: str = SignIn.PASSWORD.value
    user_name: str
    directory_id: str = ""
    certificate_host_name: str = ""
    trusts_any_certificate: bool = False
    application_intent: str = ApplicationIntent.READ_WRITE.value
    connect_seconds: int = 15
    query_seconds: int = 30
    connect_retries: int = 0
    retry_seconds: int = 10
    multi_subnet_failover: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the object that the API takes, but for the secret."""
        flat = asdict(self)
        options = {name: flat.pop(name) for name in OPTIONS}
        return flat | {"options": options}

    def tidied(self) -> "ConnectionFields":
        """Return the same in one spelling; a directory goes with Microsoft Entra alone."""
        is_of_directory = self.sign_in == SignIn.SERVICE_PRINCIPAL
        return replace(
            self,
            server=self.server.strip().lower(),
            database=self.database.strip(),
            user_name=self.user_name.strip(),
            directory_id=self.directory_id.strip().lower() if is_of_directory else "",
            certificate_host_name=self.certificate_host_name.strip().lower(),
        )


NAMES = tuple(one.name for one in fields(ConnectionFields))


def fields_of(connection: Connection) -> ConnectionFields:
    return ConnectionFields(**{name: getattr(connection, name) for name in NAMES})


def faults_of(given: ConnectionFields) -> Iterator[FieldFault]:
    """Yield what is wrong with fields that were tidied, all of it."""
    if sentence := _fault_of_server(given.server):
        yield _fault("server", sentence)
    if not _is_name(given.database):
        sentence = _("A database's name is one line of 1 to %(most)s characters.")
        yield _fault("database", sentence % {"most": LONGEST_NAME})
    yield from _faults_of_sign_in(given)
    if given.certificate_host_name and not HOST.fullmatch(given.certificate_host_name):
        yield _fault("certificate_host_name", _("Write a host name, or leave it blank."))
    for name, values in CHOICES.items():
        if getattr(given, name) not in values:
            sentence = _("Choose among %(names)s.") % {"names": ", ".join(values)}
            yield _fault(name, sentence)
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(given, name) <= most:
            sentence = _("Write a number from %(least)s to %(most)s.")
            yield _fault(name, sentence % {"least": least, "most": most})


def _fault_of_server(server: str) -> str:
    if is_address(server) or HOST.fullmatch(server):
        return ""
    if re.search(r"[\\,:/]", server):
        return _(
            "Give the host alone, as sql.example.com: the port has its own field, an instance is "
            "reached by its port, and there is no tcp: before it."
        )
    return _("Write a host name, as sql.example.com, or an IP address.")


def _faults_of_sign_in(given: ConnectionFields) -> Iterator[FieldFault]:
    if given.sign_in != SignIn.SERVICE_PRINCIPAL:
        if not _is_name(given.user_name):
            sentence = _("A login is one line of 1 to %(most)s characters.")
            yield _fault("user_name", sentence % {"most": LONGEST_NAME})
        return
    if not UUID.fullmatch(given.user_name.lower()):
        sentence = _("Write the application (client) id, as the application's overview shows it.")
        yield _fault("user_name", sentence)
    directory = given.directory_id
    if not UUID.fullmatch(directory) and not (HOST.fullmatch(directory) and "." in directory):
        sentence = _("Write the directory (tenant) id, or a domain of the directory.")
        yield _fault("directory_id", sentence)


def is_address(text: str) -> bool:
    """Answer whether this is an IP address, and not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return len(text) <= LONGEST_HOST and "%" not in text


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_NAME and text.isprintable()


def _fault(name: str, sentence: str) -> FieldFault:
    place = pointer("options", name) if name in OPTIONS else pointer(name)
    return FieldFault(place, sentence, "invalid")
