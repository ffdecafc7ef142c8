"""Where the work at hand came from: the address and correlation id of the request, if any.

Kept in a context variable, so that an audit event can name them without every verb
handing them down.
"""

import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origin:
    address: str | None = None
    correlation_id: uuid.UUID = field(default_factory=uuid.uuid4)


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current_origin() -> Origin:
    """Return the origin of the work at hand; outside a request, a fresh one."""
    return _current.get() or Origin()


def enter_origin(origin: Origin) -> None:
    """Make this the origin of all that follows in this request's context."""
    _current.set(origin)
