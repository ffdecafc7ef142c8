"""What holds for every page of the console, read from its HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Protocol


class Answer(Protocol):
    """What the test client gives back."""

    headers: Any

    @property
    def content(self) -> bytes: ...


@dataclass
class Page(HTMLParser):
    """A page as read: its headings, and what a strict content security policy would block."""

    headings: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    _in_heading: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.blocked.append(self.get_starttag_text() or tag)
        is_inert = given.get("type") == "application/json"
        if tag == "script" and "src" not in given and not is_inert:
            self.blocked.append(self.get_starttag_text() or tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "h1":
            self._in_heading = True
            self.headings.append("")

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings[-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self._in_heading = False


def read_page(response: Answer) -> Page:
    """Read a page, and fail where it is not one that we would send."""
    text = response.content.decode()
    page = Page()
    page.feed(text)
    assert "<c-" not in text, "a component came through as it was written"
    assert page.blocked == []
    assert len(page.headings) == 1
    assert page.headings[0]
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    return page
