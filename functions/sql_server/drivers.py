"""ODBC drivers behind one verb; no other module knows the library that carries them.

`pyodbc` speaks DB-API 2.0 (PEP 249). Microsoft's ODBC driver is the one that the `mssql` extra
brings along as a wheel, or one that the operator installed.
"""

import importlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from functions.sql_server.faults import told
from functions.sql_server.relays import LOOPBACK, Relay
from functions.sql_server.sessions import Session
from functions.sql_server.targets import AccessToken, Password, SignIn, Target

INSTALL = "pip install --require-hashes -r requirements-mssql.txt"
# Of Microsoft's ODBC driver: SQL_COPT_SS_ACCESS_TOKEN, SQL_SS_TIMESTAMPOFFSET, SQL_SS_UDT.
_ACCESS_TOKEN, _DATETIMEOFFSET, _UDT = 1256, -155, -151
_KEEP_ALIVE_SECONDS = 30


class DriverMissing(Exception):
    """There is no driver here; the message is the library's, and tells what it lacks."""


@dataclass(frozen=True, slots=True)
class Driver:
    """Opens sessions, through a relay or by name."""

    library: ModuleType
    name: str

    def open(self, target: Target, sign_in: SignIn, relay: Relay | None = None) -> Session:
        """Sign in. Raises SqlError, UpstreamUnreachable or UpstreamTimeout."""

        def connect() -> Any:
            # Here, since the frames of a failure lead to those around it.
            string = connection_string(target, sign_in, relay)
            return self.library.connect(
                f"Driver={_braced(self.name)};{string}",
                autocommit=True,
                timeout=target.connect_seconds,
                attrs_before=_attributes(sign_in),
            )

        connection = told(connect, self.library.Error)
        for kind, read in _READERS.items():
            connection.add_output_converter(kind, read)
        return Session(connection, self.library.Error, relay)


@cache
def load_driver(name: str = "") -> Driver:
    """Load the driver that ODBC has by this name, or the one that came as a wheel.

    Raises DriverMissing.
    """
    try:
        library = importlib.import_module("pyodbc")
        path = name or _driver_of_wheel()
    except ImportError as error:
        raise DriverMissing(str(error)) from None
    if name and name not in library.drivers():
        raise DriverMissing(f"ODBC has no driver {name}")
    library.pooling = False  # type: ignore[attr-defined]
    library.native_uuid = True  # type: ignore[attr-defined]
    return Driver(library, path)


def _driver_of_wheel() -> str:
    """Find the driver's file: the wheel has several, and its library knows the system's own."""
    folder = Path(importlib.import_module("mssql_python_odbc").__file__ or "").parent
    finder = importlib.import_module("mssql_python.ddbc_bindings")
    return str(finder.GetDriverPathCpp(str(folder)))


def _attributes(sign_in: SignIn) -> dict[int, bytes]:
    if not isinstance(sign_in, AccessToken):
        return {}
    token = sign_in.secret.reveal().encode("utf-16-le")
    return {_ACCESS_TOKEN: struct.pack("<i", len(token)) + token}


def _moment(packed: bytes) -> datetime:
    """Read SQL_SS_TIMESTAMPOFFSET_STRUCT, which the library knows nothing of."""
    year, month, day, hour, minute, second, fraction, *offset = struct.unpack("<6hI2h", packed)
    zone = timezone(timedelta(hours=offset[0], minutes=offset[1]))
    return datetime(year, month, day, hour, minute, second, fraction // 1000, tzinfo=zone)


_READERS: dict[int, Callable[[bytes], Any]] = {_DATETIMEOFFSET: _moment, _UDT: bytes}


def connection_string(target: Target, sign_in: SignIn, relay: Relay | None) -> str:
    """Write ODBC's connection string ([MS-ODBCSTR]); it holds the password, so nobody keeps it.

    The driver connects anew by itself where a connection broke; that is ours to do, through what
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
        "APP": "jigxmgmt",
    }
    if isinstance(sign_in, Password):
        keys |= {"UID": sign_in.user, "PWD": sign_in.secret.reveal()}
    return ";".join(f"{key}={_braced(value)}" for key, value in keys.items())


def _yes_or_no(answer: bool) -> str:  # noqa: FBT001 (the one thing that it says)
    return "yes" if answer else "no"


def _braced(value: str) -> str:
    return f"{{{value.replace('}', '}}')}}}"
