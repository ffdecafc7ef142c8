"""What a service answered, read as the definition's format says."""

import base64
import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.engine.credentials import Wallet
from functions.engine.evaluation import NO_BODY
from functions.engine.expressions import NotJson, Root
from functions.engine.failures import BadResponse
from functions.engine.markup import read_markup

if TYPE_CHECKING:
    from jigxmgmt import outbound

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """One answer: `shown` is what expressions see as `response`, without the body."""

    status: int
    headers: dict[str, str]
    shown: dict[str, Any]
    body: Root

    @property
    def is_error(self) -> bool:
        return self.status >= 400


def read_reply(response: "outbound.Response", *, form: str, wallet: Wallet) -> Reply:
    """Read an answer; an error's body that its format does not fit is kept as text.

    JSON is only parsed by whoever needs it. Raises BadResponse.
    """
    headers = {
        name: wallet.held_back(value.encode()).decode()
        for name, value in response.headers_by_name.items()
    }
    shown = {
        "ok": 200 <= response.status < 300,
        "status": response.status,
        "statusText": response.reason,
        "headers": headers,
    }
    is_error = response.status >= 400
    octets, content_type = wallet.held_back(response.body), headers.get("content-type", "")
    body = _read_body(octets, content_type, form, is_error=is_error)
    return Reply(response.status, headers, shown, body)


def _read_body(octets: bytes, content_type: str, form: str, *, is_error: bool) -> Root:
    if not octets.strip(b" \t\r\n") and form != "pdf":
        return NO_BODY
    try:
        return _READERS[form](octets, content_type, is_error)
    except BadResponse:
        if not is_error:
            raise
    return Root(_decoded(octets, content_type), size=len(octets))


def _read_json(octets: bytes, content_type: str, is_error: bool) -> Root:  # noqa: FBT001
    text = _decoded(octets, content_type)
    root = Root(text=text.removeprefix("\ufeff"))
    if is_error:
        try:
            _ = root.value
        except NotJson:
            raise BadResponse("The service's answer is not JSON.") from None
    return root


def _read_text(octets: bytes, content_type: str, _is_error: bool) -> Root:  # noqa: FBT001
    return Root(_decoded(octets, content_type), size=len(octets))


def _read_xml(octets: bytes, _content_type: str, _is_error: bool) -> Root:  # noqa: FBT001
    return Root(read_markup(octets), size=len(octets))


def _read_binary(octets: bytes, _content_type: str, _is_error: bool) -> Root:  # noqa: FBT001
    return Root({"data": base64.b64encode(octets).decode()}, size=len(octets))


_READERS: dict[str, Callable[[bytes, str, bool], Root]] = {
    "json": _read_json,
    "text": _read_text,
    "xml": _read_xml,
    "pdf": _read_binary,
}
FORMATS = frozenset(_READERS)


def _decoded(octets: bytes, content_type: str) -> str:
    """Decode as the answer says, else as UTF-8; what does not fit becomes a replacement mark."""
    charset = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(charset[1]).name if charset else "utf-8"
        return octets.decode(name, errors="replace")
    except (LookupError, UnicodeError):
        return octets.decode(errors="replace")
