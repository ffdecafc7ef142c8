"""What HTML a mail may hold. It is refused, never repaired: what was written is what is sent.

Whoever knows the link is whoever was invited, so no mail program may send it anywhere by itself.
"""

import html
import re
from html.parser import HTMLParser
from secrets import token_hex

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.mail.placeholders import WRITTEN

# Among them, those whose content one parser reads as text and another one as elements.
REFUSED_ELEMENTS = frozenset(
    {"script", "form", "iframe", "frame", "object", "embed", "applet", "base", "link"}
    | {"textarea", "xmp", "listing", "plaintext", "noembed", "noframes", "noscript", "svg", "math"}
)
URL_ATTRIBUTES = frozenset(
    {"href", "src", "srcset", "action", "formaction", "background", "poster", "data", "xlink:href"}
)
# Of a placeholder that is the whole value.
PLACES_OF_ADDRESSES = {
    "link": ("a", "href"),
    "app_store": ("a", "href"),
    "google_play": ("a", "href"),
    "logo": ("img", "src"),
}
READ_ATTRIBUTES = frozenset({"alt", "aria-label", "title"})
BREAKS = frozenset(
    {"address", "article", "blockquote", "body", "br", "center", "div", "footer", "head", "header"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "html", "li", "main", "ol", "p", "pre", "section"}
    | {"style", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul"}
)
SCHEMES = frozenset({"https", "http", "mailto", "tel", "cid"})
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
IMAGE_DATA = re.compile(r"data:image/(png|jpeg|gif|webp)[;,]", re.IGNORECASE)
# A value that would become an element's name; to the parser here it is text.
NAMES_AN_ELEMENT = re.compile(r"<[/!?]?\{\{")
# What the parser here hands on as text, where it can make nothing of it.
LIKE_AN_ELEMENT = re.compile(r"<[a-z/!?]", re.IGNORECASE)
# What browsers take out of an address before they read it (WHATWG URL, 4.4).
IGNORED_IN_URLS = re.compile(r"[\x00-\x20]+")
SPACE = " \t\n\r\f"
CSS_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.IGNORECASE | re.DOTALL)
MISPLACED = gettext_lazy(
    "A placeholder may stand in text, and in alt, title and aria-label, but {{link}} in text, after"
    " a space, or alone in the href of an <a>; so may {{app_store}} and {{google_play}}, and "
    "{{logo}} in the src of an <img>."
)


def faults_in_html(written: str) -> list[str]:
    """Return a sentence for each thing that mail programs drop, or that could harm a reader."""
    reader = _Reader()
    reader.read(written)
    if NAMES_AN_ELEMENT.search(written) or reader.placed != reader.names.keys():
        reader.faults.append(str(MISPLACED))
    return list(dict.fromkeys(reader.faults))


class _Reader(HTMLParser):
    """Reads the whole, and notes the placeholders that stand where their value may.

    Each is replaced by a mark that nobody can have written, whatever the parser decodes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.names: dict[str, str] = {}
        self.placed: set[str] = set()
        self._mark = re.compile(rf"{token_hex(16)}x\d+x")
        self._before = ""

    def read(self, written: str) -> None:
        self.feed(WRITTEN.sub(self._marked, written))
        # Not `close`, which looks at an unfinished end once for each of its characters.
        if "<" in self.rawdata or self.cdata_elem:
            self.faults.append(_("An element, or a comment, is opened and not closed."))
        self.handle_data(self.rawdata)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in REFUSED_ELEMENTS:
            self.faults.append(_("<%(tag)s> is not for mail; leave it out.") % {"tag": tag})
        for name, value in attrs:
            self._read_attribute(tag, name, value or "")
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break_at(tag)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem and self.cdata_elem != "title":  # in which Python decodes text, or not
            if self.cdata_elem == "style" and _could_tell_of_links(data):
                self.faults.append(
                    _("A style loads no other one, and chooses nothing by its href.")
                )
            return
        if LIKE_AN_ELEMENT.search(data):  # then its marks are not placed
            self._before = "<"
            return
        for found in self._mark.finditer(data):
            before = data[found.start() - 1] if found.start() else self._before
            if self.names[found[0]] != "link" or before in SPACE:
                self.placed.add(found[0])
        self._before = data[-1:] or self._before

    def _marked(self, placeholder: re.Match[str]) -> str:
        mark = self._mark.pattern.replace(r"\d+", str(len(self.names)))
        self.names[mark] = placeholder[1].strip()
        return mark

    def _break_at(self, tag: str) -> None:
        """Text that an inline element parts is read as one by what makes links of addresses."""
        if tag in BREAKS:
            self._before = ""

    def _read_attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            sentence = _("%(name)s is a script; mail programs run none.")
            self.faults.append(sentence % {"name": name})
        if name == "ping":
            self.faults.append(_("ping tells others of a link; leave it out."))
        if tag == "meta" and name == "http-equiv" and value.lower() != "content-type":
            self.faults.append(_("<meta http-equiv> is not for mail; leave it out."))
        marks = self._mark.findall(value)
        if marks:
            self.placed.update(mark for mark in marks if self._may_stand(mark, tag, name, value))
        elif name in URL_ATTRIBUTES and not _is_address(value):
            sentence = _("“%(address)s” is no address that a mail may lead to; use https.")
            self.faults.append(sentence % {"address": value.strip()[:60]})

    def _may_stand(self, mark: str, tag: str, name: str, value: str) -> bool:
        placeholder = self.names[mark]
        if value.strip(SPACE) == mark and PLACES_OF_ADDRESSES.get(placeholder) == (tag, name):
            return True
        return placeholder != "link" and name in READ_ATTRIBUTES


def _is_address(value: str) -> bool:
    address = IGNORED_IN_URLS.sub("", value)
    scheme = SCHEME.match(address)
    return not scheme or scheme[1].lower() in SCHEMES or bool(IMAGE_DATA.match(address))


def _could_tell_of_links(style: str) -> bool:
    """Answer whether it brings in rules of others, or rules that depend on where a link leads."""
    plain = CSS_ESCAPE.sub(_unescaped, html.unescape(style)).lower()
    return "@import" in plain or "href" in plain


def _unescaped(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else 0
    return chr(code) if 0 < code < 0x110000 else escape[2] or ""
