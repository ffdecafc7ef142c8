"""Reading what a provider sends: one JSON object that can be read one way only."""

import base64
import json
import re
from typing import Any, NoReturn

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class ProviderFault(Exception):
    """A provider broke a rule; the code says which, and nothing here holds a value it sent."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DuplicateMember(ValueError):
    """A name stands twice: what one reader takes, another leaves (RFC 8259 4)."""


def parse_object(octets: bytes) -> dict[str, Any]:
    """Return the JSON object; raise DuplicateMember, or ValueError for anything else."""
    parsed = _parse(octets)
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    return parsed


def _parse(octets: bytes) -> Any:
    try:
        return json.loads(
            octets.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError:
        pass
    # Outside the except clause, whose traceback would be a thousand frames long.
    raise ValueError("nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMember("a member stands twice")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def octets_of(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 2); raise ValueError for anything else.

    Python's own decoder passes over characters that are none, so that one token had many forms.
    """
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
