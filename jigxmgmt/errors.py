"""How the domain says no. Every message here is safe to show to a person.

DomainError            something was refused              422
├── NotAllowed         this person may not do that        403
├── NotFound           not there, or not yours to see     404
├── Conflict           the world has already moved on     409
├── TooMuch            too large, too many, too often     413, 429
└── Unavailable        no worker, no reply, no database   503, 504
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field; the pointer is a JSON Pointer (RFC 6901) into the input."""

    pointer: str
    detail: str
    code: str
    file: str | None = None
    line: int | None = None


def pointer(*path: str | int) -> str:
    """Return the JSON Pointer of a path (RFC 6901 3)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


class DomainError(Exception):
    """A refusal: a stable code for programs, a sentence for people."""

    code = "refused"

    def __init__(self, detail: str, *, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)


class Invalid(DomainError):
    """A field of the input is at fault; each fault names it."""

    code = "invalid"


class NotAllowed(DomainError):
    code = "not_allowed"


class NotFound(DomainError):
    code = "not_found"


class Conflict(DomainError):
    code = "conflict"


class TooMuch(DomainError):
    code = "too_many_requests"
    retry_after: int | None = 1


class TooLargeAnInput(TooMuch):
    code = "too_large"
    retry_after = None


class Unavailable(DomainError):
    code = "unavailable"
    retry_after: int | None = 1
