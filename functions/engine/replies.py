"""What a service answered, read as the definition's format says."""

import base64
import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from functions.engine.credentials import Wallet
from functions.engine.evaluation import NO_BODY
from functions.engine.expressions import NotJson, Root
from functions.engine.failures import BadResponse
from functions.engine.markup import read_markup

if TYPE_CHECKING:
    from jigxmgmt import outbound

# Those that services use. A service may name any codec of Python's, and some take time by the
# square of what they read.
_TEXT_CODECS = (
    *("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "cp125", "koi8", "mac"),
    *("shift_jis", "euc", "gb", "big5", "iso2022"),
)
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
    headers = wallet.held_back(response.headers_by_name)
    shown = {
        "ok": 200 <= response.status < 300,
        "status": response.status,
        "statusText": wallet.held_back(response.reason),
        "headers": headers,
    }
    answer = _Answer(response.body, headers.get("content-type", ""), wallet)
    body = _read_body(answer, form, is_error=response.status >= 400)
    return Reply(response.status, headers, shown, body)


@dataclass(frozen=True, slots=True, repr=False)
class _Answer:
    """A body as it came; no reader of it returns a secret."""

    octets: bytes
    content_type: str
    wallet: Wallet

    @property
    def size(self) -> int:
        return len(self.octets)

    @property
    def text(self) -> str:
        """Decode as the answer says, else as UTF-8; what does not fit becomes a mark."""
        charset = _CHARSET.search(self.content_type)
        try:
            name = codecs.lookup(charset[1]).name if charset else "utf-8"
            name = name if name.startswith(_TEXT_CODECS) else "utf-8"
            text = self.octets.decode(name, errors="replace")
        except (LookupError, UnicodeError):
            text = self.octets.decode(errors="replace")
        return cast(str, self.wallet.held_back(text))


def _read_body(answer: _Answer, form: str, *, is_error: bool) -> Root:
    if is_error and form == "pdf":  # what a service says of an error is no file
        form = "json"
    if not answer.octets.strip(b" \t\r\n") and form != "pdf":
        return NO_BODY
    try:
        root = _READERS[form](answer)
        if is_error:
            _ = root.value  # now, while another form can be chosen
    except (BadResponse, NotJson):
        if not is_error:
            raise
        return _read_text(answer)
    return root


def _read_json(answer: _Answer) -> Root:
    return Root(text=answer.text.removeprefix("\ufeff"))


def _read_text(answer: _Answer) -> Root:
    return Root(answer.text, size=answer.size)


def _read_xml(answer: _Answer) -> Root:
    return Root(answer.wallet.held_back(read_markup(answer.octets)), size=answer.size)


def _read_binary(answer: _Answer) -> Root:
    octets = answer.wallet.held_back_octets(answer.octets)
    return Root({"data": base64.b64encode(octets).decode()}, size=answer.size)


_READERS: dict[str, Callable[[_Answer], Root]] = {
    "json": _read_json,
    "text": _read_text,
    "xml": _read_xml,
    "pdf": _read_binary,
}
FORMATS = frozenset(_READERS)
