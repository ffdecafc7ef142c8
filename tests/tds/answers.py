"""What the server answers: parts of an answer, in the order in which they leave."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pysqlbridge.tds.token import error as error_token
from pysqlbridge.tds.token import info as info_token

from tests.tds.kinds import Column

SERVER = "DB01"


class Part:
    """One part of an answer."""


@dataclass(frozen=True)
class Rows(Part):
    """A result set."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]] = ()


@dataclass(frozen=True)
class Count(Part):
    """How many rows a statement changed, which gave none back."""

    rows: int


@dataclass(frozen=True)
class Info(Part):
    """A message, as PRINT and warnings send it."""

    text: str
    number: int = 0
    severity: int = 0
    state: int = 1
    line: int = 1
    procedure: str = ""


@dataclass(frozen=True)
class Error(Part):
    """An error; of severity 20 and more, the connection ends after it."""

    number: int
    text: str
    severity: int = 16
    state: int = 1
    line: int = 1
    procedure: str = ""

    @property
    def is_fatal(self) -> bool:
        return self.severity >= 20


@dataclass(frozen=True)
class WaitForCancel(Part):
    """Nothing, until the client cancels; then that it is cancelled."""


@dataclass(frozen=True)
class Silence(Part):
    """Nothing at all, whether the client cancels or not, until it goes away."""


@dataclass(frozen=True)
class EndlessRows(Part):
    """The same row again and again, until the client cancels or goes away."""

    columns: Sequence[Column]
    row: Sequence[Any]
    seconds_between: float = 0


@dataclass(frozen=True)
class EndlessCell(Part):
    """A text of one row that has no end, until the client goes away."""

    column: Column


@dataclass(frozen=True)
class Drop(Part):
    """The end of the connection, so many bytes after what was answered before."""

    after: int = 0


Answer = Part | Sequence[Part]


def describe(columns: Sequence[Column]) -> bytes:
    """Encode COLMETADATA ([MS-TDS] 2.2.7.4)."""
    described = b"".join(column.describe() for column in columns)
    return struct.pack("<BH", 0x81, len(columns)) + described


def encode_row(columns: Sequence[Column], row: Sequence[Any]) -> bytes:
    values = zip(columns, row, strict=True)
    return b"\xd1" + b"".join(column.kind.encode(value) for column, value in values)


def encode_message(message: Info | Error) -> bytes:
    token: bytes = (error_token if isinstance(message, Error) else info_token)(
        message.number,
        message.text,
        state=message.state,
        severity=message.severity,
        server=SERVER,
        procedure=message.procedure,
        line=message.line,
    )
    return token


def deadlock_victim() -> Error:
    text = (
        "Transaction (Process ID 66) was deadlocked on lock resources with another process"
        " and has been chosen as the deadlock victim. Rerun the transaction."
    )
    return Error(1205, text, severity=13, state=51)


def wrong_password(user: str) -> Error:
    return Error(18456, f"Login failed for user '{user}'.", severity=14)


def unknown_database(name: str) -> Error:
    text = f'Cannot open database "{name}" requested by the login. The login failed.'
    return Error(4060, text, severity=11)


def not_allow_listed(address: str) -> Error:
    text = (
        f"Cannot open server 'acme' requested by the login. Client with IP address '{address}' is"
        " not allowed to access the server. To enable access, use the Azure Management Portal or"
        " run sp_set_firewall_rule on the master database to create a firewall rule for this IP"
        " address or address range. It may take up to five minutes for this change to take effect."
    )
    return Error(40615, text, severity=14)
