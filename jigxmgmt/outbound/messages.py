"""What goes out and what comes back; neither shows its secrets when printed."""

import re
from dataclasses import dataclass

from yarl import URL

from jigxmgmt.outbound.addresses import check_host
from jigxmgmt.outbound.failures import AddressRefused, BadRequest

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# RFC 9110 section 5.6.2 (token) and 5.5 (field values; text beyond ASCII leaves as UTF-8).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_URL_TEXT = re.compile(r"[\x21-\x7e]+")
_AUTHORITY = re.compile(r"[^:/?#]*://([^/?#]*)")

# They frame the message or belong to the connection (RFC 9110 section 7.6.1): a caller who sets
# one could make the server see two requests where we see one.
CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    The URL is sent as it is written, so it must be percent-encoded ASCII, its host in Punycode.
    Headers may repeat. Those that frame the message are refused; Accept-Encoding is ignored,
    because the body comes back decoded whatever was agreed.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def __repr__(self) -> str:
        """Show method and origin only: a path may hold a key as well as a query does."""
        origin = _AUTHORITY.match(self.url)
        if origin is None:
            return f"Request({self.method})"
        scheme = self.url.partition(":")[0]
        return f"Request({self.method} {scheme}://{origin[1].rpartition('@')[2]})"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, a redirect included. The body is decoded and within its bound."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"

    @property
    def headers_by_name(self) -> dict[str, str]:
        """Lower-case names to values; repeated ones joined by a comma (RFC 9110 section 5.3)."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        return joined


def checked_method(request: Request) -> str:
    if request.method not in METHODS:
        raise BadRequest("The method is not one that we send.")
    return request.method


def checked_headers(request: Request) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for name, value in request.headers:
        if _TOKEN.fullmatch(name) is None:
            raise BadRequest("A header name is not a token.")
        if _VALUE.fullmatch(value) is None:
            raise BadRequest("A header value has a control character.")
        lowered = name.lower()
        if lowered in CONNECTION_HEADERS:
            raise BadRequest("A header belongs to the connection and can't be set.")
        if lowered != "accept-encoding":
            headers.append((name, value.strip(" \t")))
    return headers


def checked_url(request: Request) -> URL:
    """Parse the URL without changing a character of path and query: some services sign them."""
    if _URL_TEXT.fullmatch(request.url) is None:
        raise BadRequest("The URL has characters that must be percent-encoded.")
    try:
        url = URL(request.url, encoded=True)
        port = url.port
    except ValueError:
        url = None
    # Outside the except clause, because the parser's message holds the URL.
    if url is None:
        raise BadRequest("The URL can't be read.")
    if url.scheme not in ("http", "https"):
        raise AddressRefused("Only http and https are let out.")
    if "@" in url.raw_authority:
        raise AddressRefused("The URL holds a user name.")
    if port == 0:
        raise AddressRefused("The port is not one that can be connected to.")
    check_host(url.raw_host or "")
    return url
