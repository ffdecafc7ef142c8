"""Requests from definitions and values: URL, headers, body; secrets still as placeholders.

Where the language is silent: without `inputTransform` the body is an object of the body parameters,
or their form where `Content-Type` says `application/x-www-form-urlencoded` or
`multipart/form-data`; a single body parameter of the type `file` or `image` is sent as raw bytes,
or as its base64 text with `encoding: base64`. GET and HEAD have no body. A text that
`inputTransform` gives is sent as it is where `Content-Type` is not JSON.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from functions.engine.credentials import MASK, Wallet
from functions.engine.definitions import ACCESS_TOKEN, BASIC_AUTH, FILE_TYPES, Parameters, has_blank
from functions.engine.expressions import UNDEFINED
from functions.engine.failures import BadRequest
from functions.engine.parameters import file_octets
from functions.engine.urls import encoded, query_pairs, text_of
from jigxmgmt import outbound

BODILESS = frozenset({"GET", "HEAD"})
# They frame the message or name its target: a definition copied from a tool often lists them.
UNSENT_HEADERS = outbound.CONNECTION_HEADERS | {"accept-encoding"}
_ACCEPT = {"json": "application/json", "xml": "application/xml, text/xml;q=0.9"}
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\b|text/json\b", re.IGNORECASE)
BodyKind = Literal["none", "json", "text", "file", "form", "multipart"]


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """A request before its secrets are in it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    kind: BodyKind
    body: Any

    def shown(self, wallet: Wallet) -> dict[str, Any]:
        """What expressions see as `request`: everything that came from a credential is `***`."""
        headers = {
            name.lower(): MASK if wallet.is_in(value) or name == "Authorization" else value
            for name, value in self.headers
        }
        shown = {"method": self.method, "url": wallet.blanked(self.url), "headers": headers}
        return shown if self.kind == "none" else {**shown, "body": wallet.blanked(self.body)}


def draft_headers(
    parameters: Parameters, values: Mapping[str, Any], *, form: str
) -> dict[str, tuple[str, str]]:
    """Write the header parameters, by lower-case name; null is left out."""
    headers = {"accept": ("Accept", _ACCEPT.get(form, "*/*"))}
    for parameter in parameters.values():
        value = values.get(parameter.name)
        if parameter.location != "header" or value is None:
            continue
        name, text = parameter.name, text_of(value)
        if name in (ACCESS_TOKEN, BASIC_AUTH):
            scheme = "Bearer" if name == ACCESS_TOKEN else "Basic"
            name, text = "Authorization", text if has_blank(text) else f"{scheme} {text}"
        if name.lower() not in UNSENT_HEADERS:
            headers[name.lower()] = (name, text)
    return headers


def draft_query(parameters: Parameters, values: Mapping[str, Any]) -> list[str]:
    """Write the query parameters; null is left out."""
    return [
        pair
        for parameter in parameters.values()
        if parameter.location == "query" and values.get(parameter.name) is not None
        for pair in query_pairs(parameter.name, values[parameter.name])
    ]


def draft_body(
    parameters: Parameters, values: Mapping[str, Any], transformed: Any, *, content_type: str
) -> tuple[BodyKind, Any]:
    """Choose the body's form; `transformed` is None's stand-in UNDEFINED without a transform."""
    body = transformed
    if body is UNDEFINED:
        in_body = [p for p in parameters.values() if p.location == "body" and p.name in values]
        if not in_body:
            return "none", None
        if len(in_body) == 1 and in_body[0].type in FILE_TYPES and not _is_form(content_type):
            value = values[in_body[0].name]
            if isinstance(value, str):
                return ("text" if in_body[0].encoding == "base64" else "file"), value
        body = {parameter.name: values[parameter.name] for parameter in in_body}
    if isinstance(body, Mapping) and _is_form(content_type):
        return ("form" if content_type.lower().startswith(_FORM) else "multipart"), body
    if isinstance(body, str) and content_type and _JSON.match(content_type) is None:
        return "text", body
    return "json", body


def _is_form(content_type: str) -> bool:
    return content_type.lower().startswith((_FORM, _MULTIPART))


def write_body(
    kind: BodyKind, body: Any, *, parameters: Parameters
) -> tuple[bytes | None, str | None]:
    """Write a filled body down, with the content type that it has unless one is declared.

    Raises BadRequest.
    """
    try:
        if kind == "json":
            return orjson.dumps(body), "application/json"
        if kind == "text":
            return str(body).encode(), "text/plain; charset=utf-8"
        if kind == "file":
            return file_octets(body), "application/octet-stream"
        if kind == "form":
            return urlencode(_form_fields(body)).encode(), _FORM
        if kind == "multipart":
            return _multipart(body, parameters)
    except (TypeError, ValueError):  # beyond 64 bits, half a character, or not base64
        raise BadRequest("The body can't be written down.") from None
    return None, None


def _form_fields(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, text_of(item))
        for name, value in body.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _multipart(body: Mapping[str, Any], parameters: Parameters) -> tuple[bytes, str]:
    """Write a form with files (RFC 7578)."""
    boundary = secrets.token_hex(16)
    parts = []
    for name, text in _form_fields(body):
        label = encoded(name) if re.search(r'["\r\n]', name) else name
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{label}"'
        parameter = parameters.get(name)
        if parameter is not None and parameter.type in FILE_TYPES:
            head += f'; filename="{label}"\r\nContent-Type: application/octet-stream'
            content = file_octets(text)
        else:
            content = text.encode()
        parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    closing = f"--{boundary}--\r\n".encode()
    return b"".join([*parts, closing]), f"{_MULTIPART}; boundary={boundary}"
