"""The drivers that can carry T-SQL, each behind the same verb; no other module knows one.

`mssql-python` brings Microsoft's ODBC driver along, `pyodbc` takes one that the operator installed.
Both speak DB-API 2.0 (PEP 249) and ODBC.
"""

import importlib
import struct
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from types import ModuleType
from typing import Any, Protocol

from functions.sql_server.faults import (
    BROKEN,
    NOT_SIGNED_IN,
    OTHERS,
    TIMED_OUT,
    Told,
    told,
)
from functions.sql_server.relays import LOOPBACK, Relay
from functions.sql_server.sessions import Dialect, Session
from functions.sql_server.targets import AccessToken, Password, SignIn, Target

INSTALL = "pip install --require-hashes -r requirements-mssql.txt"
# Of Microsoft's ODBC driver: SQL_COPT_SS_ACCESS_TOKEN, SQL_COPT_SS_RESET_CONNECTION.
_ACCESS_TOKEN, _RESET, _RESET_YES = 1256, 1246, 1
_KEEP_ALIVE_SECONDS = 30
_DATETIMEOFFSET = -155  # SQL_SS_TIMESTAMPOFFSET


class DriverMissing(Exception):
    """There is no driver here; the message is the library's, and tells what it lacks."""


class Driver(Protocol):
    """Opens sessions, through a relay or by name. Raises SqlError and what `faults` names."""

    def open(self, target: Target, sign_in: SignIn, relay: Relay | None = None) -> Session: ...


@cache
def load_driver(name: str) -> Driver:
    """Load `mssql_python`, or `pyodbc:` and the name that ODBC has for the operator's driver.

    Raises DriverMissing.
    """
    module, _, odbc_driver = name.partition(":")
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise DriverMissing(str(error)) from None
    return _Pyodbc(loaded, odbc_driver) if module == "pyodbc" else _MssqlPython(loaded)


class _MssqlPython:
    def __init__(self, module: ModuleType) -> None:
        self._module = module
        # The library's own pool is one for the process, and would outlive a change of password.
        module.pooling(enabled=False)
        states = (*TIMED_OUT, *BROKEN, NOT_SIGNED_IN, *OTHERS)
        named = {state: module.exceptions.sqlstate_to_exception(state, "") for state in states}
        self._states = {error.driver_error: state for state, error in named.items() if error}
        self._dialect = Dialect(
            module.exceptions.Exception, self._told, _reset_inside, self._counted, self._cursor
        )
        # The library reads every message of the server (PRINT) and holds the interpreter meanwhile:
        # a loop that prints would stop the whole worker.
        quiet = {"messages": property(_nothing, _nothing), "_capture_diagnostics": _nothing}
        self._quiet_cursor = type("QuietCursor", (module.cursor.Cursor,), quiet)

    def open(self, target: Target, sign_in: SignIn, relay: Relay | None = None) -> Session:
        connection = _opened(self._dialect, self._module.connect, target, sign_in, relay)
        connection.connection_str = ""  # it would keep the password for as long as it lives
        return Session(connection, self._dialect, relay)

    def _told(self, error: Any) -> Told:
        return self._states.get(error.driver_error, ""), str(error.ddbc_error)

    def _cursor(self, connection: Any) -> Any:
        cursor = connection.cursor()
        cursor.__class__ = self._quiet_cursor
        return cursor

    def _counted(self, cursor: Any) -> int:
        # The cursor's own is that of the first statement, whichever it stands at.
        return int(self._module.ddbc_bindings.DDBCSQLRowCount(cursor.hstmt))


def _nothing(*_anything: Any) -> None:
    return None


class _Pyodbc:
    def __init__(self, module: ModuleType, odbc_driver: str) -> None:
        self._module = module
        self._odbc_driver = odbc_driver
        self._dialect = Dialect(module.Error, _pyodbc_told, _reset, _counted, _cursor)
        module.pooling = False  # type: ignore[attr-defined]
        module.native_uuid = True  # type: ignore[attr-defined]

    def open(self, target: Target, sign_in: SignIn, relay: Relay | None = None) -> Session:
        connection = _opened(self._dialect, self._connect, target, sign_in, relay)
        connection.add_output_converter(_DATETIMEOFFSET, _moment)
        return Session(connection, self._dialect, relay)

    def _connect(self, string: str, **options: Any) -> Any:
        return self._module.connect(f"Driver={_braced(self._odbc_driver)};{string}", **options)


def _cursor(connection: Any) -> Any:
    return connection.cursor()


def _pyodbc_told(error: Exception) -> Told:
    state, message = (*error.args, "", "")[:2]
    return str(state), str(message)


def _moment(packed: bytes) -> datetime:
    """Read SQL_SS_TIMESTAMPOFFSET_STRUCT, which the library knows nothing of."""
    year, month, day, hour, minute, second, fraction, *offset = struct.unpack("<6hI2h", packed)
    zone = timezone(timedelta(hours=offset[0], minutes=offset[1]))
    return datetime(year, month, day, hour, minute, second, fraction // 1000, tzinfo=zone)


def _counted(cursor: Any) -> int:
    return int(cursor.rowcount)


def _opened(
    dialect: Dialect,
    connect: Callable[..., Any],
    target: Target,
    sign_in: SignIn,
    relay: Relay | None,
) -> Any:
    def work() -> Any:  # alone has the secrets in plain: a failure leads to the frames around it
        attributes: dict[int, Any] = {}
        if isinstance(sign_in, AccessToken):
            token = sign_in.secret.reveal().encode("utf-16-le")
            attributes[_ACCESS_TOKEN] = struct.pack("<i", len(token)) + token
        string = connection_string(target, sign_in, relay)
        seconds = target.connect_seconds
        return connect(string, autocommit=True, timeout=seconds, attrs_before=attributes)

    return told(work, error_type=dialect.error_type, told_by=dialect.told_by)


def _reset(connection: Any) -> None:
    connection.set_attr(_RESET, _RESET_YES)


def _reset_inside(connection: Any) -> None:
    # The library lets only some attributes through, and this one stands one layer below.
    connection._conn.set_attr(_RESET, _RESET_YES)


def connection_string(target: Target, sign_in: SignIn, relay: Relay | None) -> str:
    """Write ODBC's connection string ([MS-ODBCSTR]); it holds the password, so nobody keeps it.

    The library connects anew by itself where a connection broke; that is ours to do, through what
    vets the way.
    """
    keys = {
        "Server": f"{LOOPBACK},{relay.port}" if relay else f"{target.host},{target.port}",
        "Database": target.database,
        "Encrypt": "yes",
        "TrustServerCertificate": _yes_or_no(target.trusts_any_certificate),
        "HostNameInCertificate": target.name_to_verify,
        "ApplicationIntent": "ReadOnly" if target.is_read_only else "ReadWrite",
        "MultiSubnetFailover": _yes_or_no(target.is_multi_subnet and relay is None),
        "ConnectRetryCount": "0",
        "KeepAlive": str(_KEEP_ALIVE_SECONDS),
    }
    if isinstance(sign_in, Password):
        keys |= {"UID": sign_in.user, "PWD": sign_in.secret.reveal()}
    return ";".join(f"{key}={_braced(value)}" for key, value in keys.items())


def _yes_or_no(answer: bool) -> str:  # noqa: FBT001 (the one thing that it says)
    return "yes" if answer else "no"


def _braced(value: str) -> str:
    return f"{{{value.replace('}', '}}')}}}"
