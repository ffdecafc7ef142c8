"""SQL functions on the language's page: what is bound as what, what comes back, what can fail."""

import functools
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from functions.console.highlighting import Part, highlight
from functions.engine import Parameter
from functions.engine.batches import kinds_of
from functions.engine.definitions import FILE_TYPES
from functions.engine.language import PARAMETER

QUERY = """\
provider: DATA_PROVIDER_SQL
method: query
connection: erp
query: |
  SELECT id, name, total
  FROM dbo.Orders
  WHERE region = @region
    AND (@since IS NULL OR placed_at >= @since)
parameters:
  region: {type: string, required: true}
  since: {type: string}
error:
  # The victim of a deadlock.
  - when: =@ctx.error.details.number = 1205
    retry: {delay: 500, maxRetries: 2}
  - when: =@ctx.error.name = 'UpstreamTimeout'
    title: The orders did not come in time
"""
EXECUTE = """\
provider: DATA_PROVIDER_SQL
method: execute
connection: erp
procedure: dbo.ReserveStock
parameters:
  orderId: {type: int, required: true}
  # JSON: read it with OPENJSON.
  lines: {type: array, required: true}
  # Its own default holds where none is given.
  warehouse: {type: string}
  reservation: {type: string, location: output}
# The default would be the first result set.
output: |
  ={
    "reservation": @ctx.response.body.output.reservation,
    "reserved": @ctx.response.body.recordsets[0],
    "short": @ctx.response.body.recordsets[1]
  }
"""
# What a column of these types is in JSON.
FORMS: tuple[tuple[tuple[str, ...], StrPromise], ...] = (
    (("bit",), _("true or false")),
    (
        ("tinyint", "smallint", "int", "bigint"),
        _("a number; past 2⁵³, where a double loses count, a text"),
    ),
    (
        ("decimal", "numeric", "money", "smallmoney"),
        _("a number, or a text where a double would lose digits"),
    ),
    (("float", "real"), _("a number")),
    (
        ("date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset"),
        _("a text as ISO 8601 has it, with an offset where the column has one"),
    ),
    (("uniqueidentifier",), _("a text in lower case")),
    (("binary", "varbinary", "image", "rowversion"), _("a text in base64")),
    (("char", "varchar", "text", "nchar", "nvarchar", "ntext", "xml"), _("a text")),
    (("NULL",), _("null, of whatever type the column is")),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A word of ours for what the server, or the way to it, has no number for."""

    name: str
    meaning: StrPromise
    is_handled: bool


CODES = (
    Code("sign_in_refused", _("The server does not take the connection's user."), is_handled=True),
    Code(
        "database_unknown",
        _("There is no such database, or the user may not enter it."),
        is_handled=True,
    ),
    Code("not_allow_listed", _("The server's firewall does not let us through."), is_handled=True),
    Code("connection_missing", _("The solution has no such connection."), is_handled=False),
    Code("connection_without_secret", _("Its secret was not typed yet."), is_handled=False),
    Code("token_refused", _("Microsoft Entra gives no token."), is_handled=False),
    Code("driver_missing", _("This installation has no driver."), is_handled=False),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """A parameter's type, and what a value of it is bound as."""

    type: str
    encoding: str
    kinds: tuple[str, ...]
    is_json: bool


@functools.cache
def bindings() -> tuple[Binding, ...]:
    """Return every type of the language, files also as octets."""
    types = PARAMETER.keys["type"].choices[None]
    encoded = [(kind, None) for kind in types] + [(kind, "binary") for kind in sorted(FILE_TYPES)]
    return tuple(
        Binding(
            type=kind,
            encoding=encoding or "",
            kinds=kinds_of(Parameter("value", "input", type=kind, encoding=encoding)),
            is_json=kind in ("array", "object"),
        )
        for kind, encoding in encoded
    )


@functools.cache
def examples() -> tuple[list[list[Part]], list[list[Part]]]:
    """Return a query and a procedure, worked out."""
    return highlight(QUERY), highlight(EXECUTE)
