"""An empty SQL Server 2019, as far as Django asks it anything before there is a table."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from pysqlbridge.catalog import Catalog
from pysqlbridge.logins import Login, LoginStore
from pysqlbridge.server import start_background
from pysqlbridge.tds.result import Column, Integer, NVarChar, Query, QueryResult

USER, PASSWORD = "portal", "pass;word}{/="  # what a connection string and a URL could trip over

VERSION = QueryResult([Column("", NVarChar(20)), Column("", Integer(4))], [["15.0.4430.1", 3]])
NOTHING = QueryResult([Column("name", Integer(4))], [])
# Of tables that migrations take a unique index from, which has to be there to be found.
UNIQUE_INDEXES = {
    "mfa_authenticator": ["user_id", "type"],
    "oauth2_provider_refreshtoken": ["token", "revoked"],
}


@dataclass
class SqlServer:
    """What it says of itself, and the way to it."""

    port: int = 0
    certificate: bytes = b""
    settings: Mapping[str, int] = field(default_factory=dict)

    def url(self, way: str = "TrustServerCertificate=yes", *, password: str = PASSWORD) -> str:
        return f"mssql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/portal?{way}"

    def answer(self, request: Query) -> QueryResult:
        """Answer as an empty database does; what is plain SELECT is answered by pysqlbridge."""
        prepared = request.procedure is not None and request.procedure.startswith("sp_prep")
        statement = str(request.arguments[2]) if prepared else request.sql
        if "SERVERPROPERTY" in statement:
            return VERSION
        if "is_read_committed_snapshot_on" in statement:
            columns = [Column("", Integer(4)) for _ in range(2)]
            return QueryResult(
                columns,
                [[self.settings.get("any_letters", 1), self.settings.get("snapshots", 1)]],
            )
        if "sys.indexes" in statement:
            return _unique_index(str(request.arguments[3]))
        return NOTHING if prepared else Catalog().answer(request)


def _unique_index(table: str) -> QueryResult:
    names = ["index_name", "is_unique", "is_unique_constraint", "is_primary_key"]
    names += ["type", "type_desc", "is_descending_key", "column_name"]
    types = {"index_name": NVarChar(128), "type_desc": NVarChar(60), "column_name": NVarChar(128)}
    columns = [Column(name, types.get(name, Integer(4))) for name in names]
    found = UNIQUE_INDEXES.get(table, [])
    rows = [[f"{table}_uniq", 1, 0, 0, 2, "NONCLUSTERED", 0, column] for column in found]
    return QueryResult(columns, rows)


@contextmanager
def sql_server(**settings: int) -> Iterator[SqlServer]:
    """Run one on loopback that says this of itself."""
    here = SqlServer(settings=settings)
    logins = LoginStore([Login(USER, PASSWORD, hashed=False)])
    server, thread = start_background(query_handler=here.answer, logins=logins)
    try:
        here.port, here.certificate = server.address[1], server.certificate.cert_pem
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
