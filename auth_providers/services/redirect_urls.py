"""Where a browser may be sent back to with a code."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid

LOOPBACK = frozenset({"127.0.0.1", "::1"})
# RFC 8252 7.1: a scheme of one's own is a reversed domain name, so it has a dot.
OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class RedirectUrlUnusable(Invalid):
    code = "redirect_url_invalid"


def check_redirect_urls(urls: Sequence[str]) -> None:
    """Raise RedirectUrlUnusable unless there is one at least, and each can be used."""
    if faults := redirect_url_faults(urls):
        raise RedirectUrlUnusable(_("Some redirect URLs can't be used."), faults=faults)


def redirect_url_faults(urls: Sequence[str]) -> list[FieldFault]:
    """Return what is wrong with redirect URLs, each at its place in `redirect_urls`."""
    if not urls:
        return [FieldFault("/redirect_urls", _("Give at least one."), RedirectUrlUnusable.code)]
    return [
        FieldFault(
            f"/redirect_urls/{index}",
            _("%(url)s: %(fault)s") % {"url": url[:100], "fault": fault},
            RedirectUrlUnusable.code,
        )
        for index, url in enumerate(urls)
        if (fault := _fault_of(url))
    ]


def _fault_of(url: str) -> str | None:
    """Say what is wrong with a redirect URL (RFC 6749 3.1.2, RFC 8252 7), if anything."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (parsing it is the check)
    except ValueError:
        return _("This is not a URL.")
    if (
        "#" in url
        or "@" in parts.netloc
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        return _("It may not have a fragment, a user name, spaces or other than ASCII characters.")
    return (
        None
        if _is_safe(parts)
        else _("Use https, a loopback address, or a scheme with a dot in it.")
    )


def _is_safe(parts: SplitResult) -> bool:
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    return bool(OWN_SCHEME.fullmatch(parts.scheme))
