"""A scripted SQL Server on loopback, for the real driver.

What is real here is the wire (TDS 7.4, TLS inside it, how a request is cancelled), not T-SQL: no
statement is understood. Each is recorded as it came, and answered with what the test has ready.
"""

from tests.tds.answers import (
    Answer,
    Count,
    Drop,
    EndlessCell,
    EndlessRows,
    Error,
    Info,
    Part,
    Rows,
    Silence,
    WaitForCancel,
    deadlock_victim,
    not_allow_listed,
    unknown_database,
    wrong_password,
)
from tests.tds.certificates import Authority, Certificate
from tests.tds.greetings import Greeting, HangUp, Refuse, Reroute, Stage, Stall
from tests.tds.kinds import Column
from tests.tds.login import Login
from tests.tds.requests import Request, RequestKind
from tests.tds.server import Server, sql_server
from tests.tds.values import Parameter, TypeInfo

__all__ = [
    "Answer",
    "Authority",
    "Certificate",
    "Column",
    "Count",
    "Drop",
    "EndlessCell",
    "EndlessRows",
    "Error",
    "Greeting",
    "HangUp",
    "Info",
    "Login",
    "Parameter",
    "Part",
    "Refuse",
    "Request",
    "RequestKind",
    "Reroute",
    "Rows",
    "Server",
    "Silence",
    "Stage",
    "Stall",
    "TypeInfo",
    "WaitForCancel",
    "deadlock_victim",
    "not_allow_listed",
    "sql_server",
    "unknown_database",
    "wrong_password",
]
