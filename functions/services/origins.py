"""The origins that a secret may travel to: how they are written, and which are safe."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from auth_providers.services.private_ways import is_private_way
from jigxmgmt.errors import FieldFault
from orgs.models import Organization

# A name or address as it stands in a URL; a wildcard would match nothing.
HOST = re.compile(r"(?!.*\.\.)[a-z0-9._:-]+")


def checked_origins(
    organization: Organization, origins: Iterable[str]
) -> tuple[list[str], list[FieldFault]]:
    """Return the origins in one spelling, each once, and what is wrong with some of them."""
    normal = [normal_origin(origin) for origin in origins]
    faults = [
        FieldFault(f"/allowed_origins/{index}", sentence, "origin_invalid")
        for index, origin in enumerate(normal)
        if (sentence := _fault_of(origin, organization))
    ]
    return [origin for origin in dict.fromkeys(normal) if origin is not None], faults


def normal_origin(text: str) -> str | None:
    """Return the origin as RFC 6454 6.2 writes it, or None for what is not one.

    A name in other letters than ASCII is not one: the two standards of IDNA make different hosts
    of it, and a secret must not go to the other.
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return None
    has_more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    is_origin = parts.scheme in ("http", "https") and HOST.fullmatch(host) and port != 0
    if has_more or not is_origin:
        return None
    host = f"[{host}]" if ":" in host else host
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def _fault_of(origin: str | None, organization: Organization) -> str:
    if origin is None:
        return _("Write scheme and host, as https://api.example.com.")
    if is_private_way(origin, organization.allowed_networks):
        return ""
    return _("A secret travels over https only, save to networks that the operator allowed.")
