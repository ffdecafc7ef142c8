"""URLs from templates: what a value may do is decided by the template, never by the value.

A token at the start or inside the authority is structural and must parse as what stands there;
every other token is percent-encoded whole. RFC 3986 throughout.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import orjson

from functions.engine.failures import BadRequest

_TOKEN = re.compile(r"\{([^{}]+)\}")
# Where a token stood, while a URL is put together; a source may not hold these itself.
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_MARK = re.compile("\ue000([0-9]+)\ue001")
_WHOLE = re.compile(r"([^:/?#]*)://([^/?#]*)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_LABELS = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# IDNA 2003 and 2008 send these to different hosts, so no one may mean them.
_AMBIGUOUS = frozenset("\u00df\u03c2\u200c\u200d")
_NOT_OF_A_HOST = re.compile(r"[/\\?#@%\s\x00-\x20\ue000\ue001]")
_UNRESERVED = "-._~"
_PATH_SAFE = "/:@!$&'()*+,;=-._~%"
_QUERY_SAFE = "/?:@!$&'()*+,;=-._~%"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def text_of(value: Any) -> str:
    """Write a value as a URL or a header shows it: JSON, but texts without quotes.

    Raises BadRequest.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        raise BadRequest("A value is nested too deep to be written down.") from None


def origin_of(url: str) -> str:
    """Reduce a URL to scheme, host (lower case, Punycode) and port unless it is the default.

    Raises BadRequest.
    """
    match = _WHOLE.fullmatch(url)
    if match is None:
        raise BadRequest("The URL is not absolute.")
    return _checked_origin(match[1], match[2])


def _checked_origin(scheme: str, authority: str) -> str:
    scheme = scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadRequest("The URL is neither http nor https.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise BadRequest("The URL's host can't be read, or it holds a user name.")
    port = int(match[2]) if match[2] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise BadRequest("The URL's port is out of range.")
    suffix = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{_checked_host(match[1])}{suffix}"


def _checked_host(host: str) -> str:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            raise BadRequest("The URL's host can't be read.") from None
    try:
        plain = host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError:
        plain = ""
    if _AMBIGUOUS & set(host) or len(plain) > 253 or _LABELS.fullmatch(plain) is None:
        raise BadRequest("The URL's host can't be read.")
    return plain


def checked_url(url: str, *, without: Collection[str] = (), query: Iterable[str] = ()) -> str:
    """Write a whole URL safely: fragment gone, illegal characters encoded, no dot segments.

    Pairs of its own query whose name is in `without` are dropped, those of `query` appended.
    Raises BadRequest.
    """
    match = _WHOLE.fullmatch(url)
    if match is None:
        raise BadRequest("The URL is not absolute.")
    origin = _checked_origin(match[1], match[2])
    path = _requoted(match[3] or "/", _PATH_SAFE)
    # A service may decode an encoded dot or slash before it walks the path (RFC 3986, 6.2.2.3).
    if any(unquote(part) in (".", "..") for part in path.split("/")):
        raise BadRequest("The URL holds a dot segment.")
    own = [pair for pair in (match[4] or "").split("&") if pair and _name_of(pair) not in without]
    pairs = "&".join([*(_requoted(pair, _QUERY_SAFE) for pair in own), *query])
    return f"{origin}{path}?{pairs}" if pairs else f"{origin}{path}"


def _name_of(pair: str) -> str:
    return unquote(pair.partition("=")[0].replace("+", " "))


def _requoted(text: str, safe: str) -> str:
    """Percent-encode what may not stand in a URL, and leave what is encoded already."""
    try:
        return quote(_LONE_PERCENT.sub("%25", text), safe=safe)
    except UnicodeEncodeError:
        raise BadRequest("The URL holds half a character.") from None


def encoded(value: Any) -> str:
    """Percent-encode a value whole, slashes too. Raises BadRequest."""
    try:
        return quote(text_of(value), safe=_UNRESERVED)
    except UnicodeEncodeError:
        raise BadRequest("A value for the URL holds half a character.") from None


def query_pairs(name: str, value: Any) -> list[str]:
    """Write a query parameter; an array repeats its name."""
    values = value if isinstance(value, list) else [value]
    try:
        key = quote(name, safe="$" + _UNRESERVED)
    except UnicodeEncodeError:
        raise BadRequest("A query parameter's name holds half a character.") from None
    return [f"{key}={encoded(item)}" for item in values if item is not None]


class UrlTemplate:
    """An absolute URL with `{name}` tokens."""

    __slots__ = ("_base", "_names", "_query", "source")

    def __init__(self, source: str) -> None:
        self.source = source.strip()
        parts = _TOKEN.split(self.source)
        self._names = tuple(parts[1::2])
        marked = "".join(
            part if index % 2 == 0 else f"\ue000{index // 2}\ue001"
            for index, part in enumerate(parts)
        ).partition("#")[0]
        self._base, _, query = marked.partition("?")
        self._query = [pair for pair in query.split("&") if pair]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UrlTemplate) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The names that need a value: those of the authority and the path."""
        return tuple(self._names[int(index)] for index in _MARK.findall(self._base))

    @property
    def query_tokens(self) -> tuple[str, ...]:
        return tuple(
            self._names[int(index)] for pair in self._query for index in _MARK.findall(pair)
        )

    @property
    def is_absolute(self) -> bool:
        return self._base.startswith("\ue000") or "://" in self._base

    def is_whole_segment(self, name: str) -> bool:
        """Whether the token stands for a segment of the path by itself."""
        pattern = "|".join(f"\ue000{i}\ue001" for i, n in enumerate(self._names) if n == name)
        return (
            bool(pattern) and re.search(f"(?<=[^/:]/)(?:{pattern})(?=/|$)", self._base) is not None
        )

    @property
    def origin(self) -> str | None:
        """The origin, where no token decides it. Raises BadRequest."""
        scheme, _, rest = self._base.partition("://")
        authority = rest.partition("/")[0]
        return None if _MARK.search(scheme + authority) else origin_of(f"{scheme}://{authority}")

    @property
    def has_lone_brace(self) -> bool:
        return bool(set("{}") & set(self._base))

    def check(self) -> None:
        """Build it with values that fit anywhere. Raises BadRequest where no value could."""
        values = dict.fromkeys(self._names, "1")
        lead = _MARK.match(self._base)
        if lead is not None:
            is_scheme = self._base.startswith("://", lead.end())
            values[self._names[int(lead[1])]] = "https" if is_scheme else "https://a.example"
        if "[" not in self._base:  # an address of IPv6 is more than one value
            self.build(values, without=(), query=())

    def build(
        self, values: Mapping[str, Any], *, without: Collection[str], query: Iterable[str]
    ) -> str:
        """Fill the tokens and append the query. Raises BadRequest."""
        own = [self._encoded(pair, values) for pair in self._query if self._has(pair, values)]
        url = self._filled_base(values)
        kept = [pair for pair in own if _name_of(pair) not in without]
        return checked_url("?".join([url, "&".join(kept)]), query=query)

    def _has(self, pair: str, values: Mapping[str, Any]) -> bool:
        names = (self._names[int(index)] for index in _MARK.findall(pair))
        return all(values.get(name) is not None for name in names)

    def _encoded(self, text: str, values: Mapping[str, Any]) -> str:
        return _MARK.sub(lambda mark: encoded(self._value(mark, values)), text)

    def _value(self, mark: re.Match[str], values: Mapping[str, Any]) -> Any:
        name = self._names[int(mark[1])]
        if values.get(name) is None:
            raise BadRequest(f"The URL needs a value for the parameter {name}.")
        return values[name]

    def _filled_base(self, values: Mapping[str, Any]) -> str:
        base = self._base
        lead = _MARK.match(base)
        if lead is not None and not base.startswith("://", lead.end()):
            start = _leading_url(text_of(self._value(lead, values)))
            rest = self._encoded(base[lead.end() :], values)
            return start.rstrip("/") + rest if rest.startswith("/") else start + rest
        scheme, _, rest = base.partition("://")
        authority, slash, path = rest.partition("/")
        # Where nothing else is written, the value is all of the address, its path too.
        besides = "/" if _MARK.fullmatch(rest) else ""
        return (
            f"{_MARK.sub(lambda mark: self._structural(mark, values), scheme)}://"
            f"{_MARK.sub(lambda mark: self._structural(mark, values, besides), authority)}"
            f"{slash}{self._encoded(path, values)}"
        )

    def _structural(self, mark: re.Match[str], values: Mapping[str, Any], besides: str = "") -> str:
        text = text_of(self._value(mark, values))
        if _NOT_OF_A_HOST.search(text.replace(besides, "")) is not None:
            raise BadRequest(f"The parameter {self._names[int(mark[1])]} is not a host.")
        return text


def _leading_url(text: str) -> str:
    """Accept a URL that others are built on: no query, fragment or user."""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme.lower() not in _DEFAULT_PORTS or re.search(r"[?#@\\\s]", text) is not None:
        raise BadRequest("The URL must begin with an http or https address.")
    return text
