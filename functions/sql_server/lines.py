"""The sockets under a driver, so that a server that never lets go can be let go of.

A driver waits for as long as a server keeps silent: in the TLS handshake, or after it was told to
cancel. Nothing in it ends that wait but the end of its connection, and it tells nobody its socket;
so the socket is found among those of the process by where it leads. Where the system does not list
them, a thread that a server holds stays held.
"""

import os
import socket
import stat
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from functions.engine.failures import UpstreamTimeout

_OPEN_FILES = next(
    (path for path in map(Path, ("/proc/self/fd", "/dev/fd")) if path.is_dir()), None
)

# One after another to the same place: then the socket that leads there and is not known yet is the
# one that is being opened.
_opening: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
_known: set[tuple[str, int]] = set()  # by our own end, which no two of them share


class Line:
    """One connection's socket; cutting it makes whoever waits for it return at once."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._name = _name_of(end)
        _known.add(self._name)

    def cut(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        _known.discard(self._name)
        self._socket.close()


class Opening:
    """A connection that a driver is about to make to one of these addresses."""

    def __init__(self, addresses: Sequence[str], port: int) -> None:
        self._addresses = frozenset(addresses)
        self._port = port

    def cut(self) -> None:
        """End it, however far it is."""
        for end in self._ends():
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def line(self) -> Line | None:
        """Return the line of the connection that was made."""
        lines = [Line(end) for end in self._ends()]
        for more in lines[1:]:  # somebody else's
            more.close()
        return lines[0] if lines else None

    def _ends(self) -> Iterator[socket.socket]:
        for end in _sockets():
            with suppress(OSError):
                host, port = end.getpeername()[:2]
                if host in self._addresses and port == self._port and _name_of(end) not in _known:
                    yield end
                    continue
            end.close()


@contextmanager
def opening(addresses: Sequence[str], port: int, *, seconds: float) -> Iterator[Opening]:
    """Wait for one's turn at this place. Raises UpstreamTimeout."""
    turn = _opening[(min(addresses), port)]
    if not turn.acquire(timeout=max(0, seconds)):
        raise UpstreamTimeout("The database did not answer in time.")
    try:
        yield Opening(addresses, port)
    finally:
        turn.release()


def _name_of(end: socket.socket) -> tuple[str, int]:
    host, port = end.getsockname()[:2]
    return host, port


def _sockets() -> Iterator[socket.socket]:
    """Yield a handle of our own to every TCP socket of the process."""
    for path in _OPEN_FILES.iterdir() if _OPEN_FILES else ():
        try:
            descriptor = os.dup(int(path.name))
        except (OSError, ValueError):  # closed meanwhile
            continue
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            continue
        end = socket.socket(fileno=descriptor)
        if end.family in (socket.AF_INET, socket.AF_INET6):
            yield end
        else:
            end.close()
