"""How the server meets a client that connects, other than by letting it in."""

from dataclasses import dataclass, field
from enum import IntEnum
from threading import Event

from tests.tds.answers import Error


class Stage(IntEnum):
    """How far it lets the client come."""

    CONNECTED = 1
    TLS = 2
    LOGIN = 3


@dataclass(frozen=True)
class HangUp:
    """End the connection instead of answering."""

    stage: Stage


@dataclass(frozen=True)
class Stall:
    """Do not answer before the test says so, or ever."""

    stage: Stage
    until: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Refuse:
    """Refuse the login."""

    error: Error


@dataclass(frozen=True)
class Reroute:
    """Let the client in, and send it elsewhere ([MS-TDS] 2.2.7.9, type 20)."""

    host: str
    port: int


Greeting = HangUp | Stall | Refuse | Reroute
