"""How the device says no. No message holds a secret, a value or a row.

DeviceRefusal
├── NotStorable      rows can't be written as a definition says
├── NotReadable      a statement may not be read by
├── NotSignedIn      nobody is signed in here, or not any more
├── NotSynced        the solution is not on this device
├── Unreachable      the portal gave no answer
├── Refused          the portal said no, or the function's service did
└── Unusable         what was given, or what this computer has, can't be used
"""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_FAULTS = 5


class DeviceRefusal(Exception):
    """A refusal: a code for programs, a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NotStorable(DeviceRefusal):
    """Nothing of this was written."""


class NotReadable(DeviceRefusal):
    """The statement is not one that may read, or ran past its bounds."""


class NoSuchTable(NotReadable):
    """The statement reads a table of which no row was ever stored."""

    def __init__(self, table: str) -> None:
        super().__init__("table_unknown", f"There is no table {table} on this device.")
        self.table = table


class NotSignedIn(DeviceRefusal):
    """There are no tokens, or they are dead."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_signed_in", detail)


class NotSynced(DeviceRefusal):
    """This device has no copy of the solution, or none that has the function."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_synced", detail)


class Unreachable(DeviceRefusal):
    """No answer came; whether the portal got the request is not known."""

    def __init__(self, detail: str) -> None:
        super().__init__("unreachable", detail)


class Unusable(DeviceRefusal):
    """A value, a file or a part of this computer."""

    def __init__(self, detail: str) -> None:
        super().__init__("unusable", detail)


class Refused(DeviceRefusal):
    """The portal's own words and code, with the status and all else that it said."""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "refused",
        status: int = 0,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.status = status
        self.members = members or {}


def refused_by(status: int, document: Any) -> Refused:
    """Read a problem document (RFC 9457), or an error of OAuth (RFC 6749 5.2)."""
    said = document if isinstance(document, Mapping) else {}
    own = said.get("detail") or said.get("error_description") or said.get("error")
    sentence = str(own or f"The portal answered {status}.")
    faults = said.get("errors")
    if isinstance(faults, Sequence) and not isinstance(faults, str):
        more = map(_fault, faults[:MOST_FAULTS])
        sentence = " ".join([sentence, *(fault for fault in more if sentence not in fault)])
    return Refused(
        sentence,
        code=str(said.get("code") or said.get("error") or "refused"),
        status=status,
        members=said,
    )


def _fault(fault: Any) -> str:
    said = fault if isinstance(fault, Mapping) else {}
    place = str(said.get("pointer", "")).removeprefix("/parameters/").removeprefix("/")
    return f"{place}: {said.get('detail', '')}"
