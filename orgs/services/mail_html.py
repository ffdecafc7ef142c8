"""What HTML a mail may hold. It is refused, never repaired: what was written is what is sent."""

import re
from html.parser import HTMLParser

from orgs.mail.placeholders import WRITTEN

REFUSED_ELEMENTS = frozenset(
    {"script", "form", "iframe", "frame", "object", "embed", "applet", "base", "link"}
)
URL_ATTRIBUTES = frozenset(
    {"href", "src", "srcset", "action", "formaction", "background", "poster", "data", "xlink:href"}
)
SCHEMES = frozenset({"https", "http", "mailto", "tel", "cid"})
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
IMAGE_DATA = re.compile(r"data:image/(png|jpeg|gif|webp)[;,]", re.IGNORECASE)
URL_PLACEHOLDER = re.compile(r"\{\{\s*(link|logo|app_store|google_play)\s*\}\}")
# A value that would become an element's name; to the parser here it is text.
NAMES_AN_ELEMENT = re.compile(r"<[/!?]?\{\{")
# What browsers take out of an address before they read it (WHATWG URL, 4.4).
IGNORED_IN_URLS = re.compile(r"[\x00-\x20]+")


def faults_in_html(html: str) -> list[str]:
    """Return a sentence for each thing that mail programs drop, or that could harm a reader."""
    reader = _Reader()
    reader.feed(html)
    # Not `close`, which looks at an unfinished end once for each of its characters.
    if "<" in reader.rawdata or reader.cdata_elem:
        reader.faults.append("An element, or a comment, is opened and not closed.")
    reader.handle_data(reader.rawdata)
    if NAMES_AN_ELEMENT.search(html) or reader.placed < len(WRITTEN.findall(html)):
        reader.faults.append(
            "A placeholder may stand in text and in the value of an attribute, nowhere else."
        )
    return list(dict.fromkeys(reader.faults))


class _Reader(HTMLParser):
    """Reads the whole, and counts the placeholders that stand where a value stays text."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.placed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in REFUSED_ELEMENTS:
            self.faults.append(f"<{tag}> is not for mail; leave it out.")
        for name, value in attrs:
            self._read_attribute(tag, name, value or "")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem not in ("script", "style"):
            self.placed += len(WRITTEN.findall(data))

    def handle_comment(self, data: str) -> None:
        self.placed += len(WRITTEN.findall(data))

    def _read_attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self.faults.append(f"{name} is a script; mail programs run none.")
        if tag == "meta" and name == "http-equiv" and value.lower() != "content-type":
            self.faults.append("<meta http-equiv> is not for mail; leave it out.")
        if name in URL_ATTRIBUTES and not _is_address(value):
            shown = value.strip()[:60]
            self.faults.append(f"“{shown}” is no address that a mail may lead to; use https.")
        if name != "style":
            self.placed += len(WRITTEN.findall(value))


def _is_address(value: str) -> bool:
    """Whatever a placeholder stands for, it must not choose the scheme, save where it is a link."""
    address = IGNORED_IN_URLS.sub("", value)
    if URL_PLACEHOLDER.match(address) or IMAGE_DATA.match(address):
        return True
    scheme = SCHEME.match(address)
    if scheme:
        return scheme[1].lower() in SCHEMES
    return "{{" not in address
