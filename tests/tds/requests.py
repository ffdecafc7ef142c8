"""What a client asked for, as it came over the wire."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pysqlbridge.tds.batch import parse_sql_batch, skip_all_headers
from pysqlbridge.tds.packet import Message, PacketStatus, PacketType

from tests.tds.reading import Reader
from tests.tds.values import Parameter, read_parameter

_RESET = PacketStatus.RESET_CONNECTION | PacketStatus.RESET_CONNECTION_SKIP_TRAN
# What the driver sends by itself when a pool of its own hands out a connection again.
_OWN_BATCH = re.compile(r"\s*SET TRANSACTION ISOLATION LEVEL [A-Z ]+")
_TRANSACTIONS = {5: "BEGIN", 7: "COMMIT", 8: "ROLLBACK"}
_NUMBERED = {
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    15: "sp_unprepare",
}
# Where the statement stands among a procedure's parameters, and how many precede the values.
_STATEMENT_AT = {"sp_executesql": (0, 2), "sp_prepare": (2, 4), "sp_prepexec": (2, 3)}
_OWN_PROCEDURES = {
    "[sys].sp_datatype_info_100",
    "sp_describe_undeclared_parameters",
    "sp_prepare",
    "sp_unprepare",
}


class RequestKind(StrEnum):
    BATCH = "batch"
    PROCEDURE = "procedure"
    TRANSACTION = "transaction"


@dataclass(frozen=True)
class Request:
    """One request; of a prepared statement's execution, the statement is the prepared one."""

    kind: RequestKind
    statement: str
    procedure: str = ""
    parameters: tuple[Parameter, ...] = ()
    all_parameters: tuple[Parameter, ...] = ()
    resets_connection: bool = False

    @property
    def is_the_drivers_own(self) -> bool:
        """Answer whether no caller of the driver asked for it."""
        if self.kind is RequestKind.BATCH:
            return _OWN_BATCH.fullmatch(self.statement) is not None
        return self.kind is RequestKind.TRANSACTION or self.procedure in _OWN_PROCEDURES

    @property
    def values(self) -> tuple[object, ...]:
        return tuple(parameter.value for parameter in self.parameters)


def read_request(message: Message, prepared: dict[int, str]) -> Request:
    """Read a request, with the statements that this connection has prepared."""
    resets = bool(message.status & _RESET)
    if message.type is PacketType.SQL_BATCH:
        statement = parse_sql_batch(message.payload)
        return Request(RequestKind.BATCH, statement, resets_connection=resets)
    if message.type is PacketType.TRANSACTION_MANAGER:
        start = skip_all_headers(message.payload)
        act = _TRANSACTIONS[Reader(message.payload[start:]).short()]
        return Request(RequestKind.TRANSACTION, act, resets_connection=resets)
    assert message.type is PacketType.RPC, f"{message.type.name} is not read here"
    return _read_call(message.payload, prepared, resets_connection=resets)


def _read_call(payload: bytes, prepared: dict[int, str], *, resets_connection: bool) -> Request:
    reader = Reader(payload[skip_all_headers(payload) :])
    length = reader.short()
    procedure = _NUMBERED[reader.short()] if length == 0xFFFF else reader.text(length)
    reader.short()  # options
    given = []
    while not reader.is_at_end:
        given.append(read_parameter(reader))
    if procedure in _STATEMENT_AT:
        place, preceding = _STATEMENT_AT[procedure]
        statement = given[place].value
    elif procedure in ("sp_execute", "sp_unprepare"):
        preceding, statement = 1, prepared.get(given[0].value, "")
    else:
        preceding, statement = 0, procedure
    return Request(
        RequestKind.PROCEDURE,
        statement,
        procedure,
        tuple(given[preceding:]),
        tuple(given),
        resets_connection,
    )
