"""A way to one vetted address for a driver that connects by itself, and that can be cut.

The driver can't be told from which of our addresses to go; it waits for ever for a server that
keeps silent in the TLS handshake, or that ignores a cancellation; and once signed in, it goes to
whatever address the server sends it ([MS-TDS] 2.2.7.9, type 20). So it connects to loopback, and
what goes on from there is ours.
"""

import selectors
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 262_144
LOOPBACK = "127.0.0.1"
# More than a server has to say while somebody signs in.
FEW_BYTES = 1_000_000


class Relay:
    """Carries one connection of the driver, made to `port` on loopback, until one side ends it."""

    def __init__(self, outer: socket.socket) -> None:
        self._outer = outer
        self._inner: socket.socket | None = None
        self._left = FEW_BYTES
        self._listener = socket.create_server((LOOPBACK, 0), backlog=1)
        self.port: int = self._listener.getsockname()[1]
        # A byte on it wakes the thread; a closed socket would not, everywhere.
        self._woken, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @classmethod
    def connect(cls, address: str, port: int, *, bind_address: str | None, seconds: float) -> Self:
        """Connect outward first; raises OSError as a socket does, TimeoutError among them."""
        source = (bind_address, 0) if bind_address else None
        outer = socket.create_connection((address, port), seconds, source)
        outer.settimeout(None)
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return cls(outer)

    def expect(self, most_bytes: int) -> None:
        """Let so many bytes come from now on; a server that sends more is cut off."""
        self._left = most_bytes

    @property
    def is_exhausted(self) -> bool:
        return self._left < 0

    @property
    def is_in_use(self) -> bool:
        """Answer whether a driver that is idle is still connected here, and not sent elsewhere.

        It hangs up here before it signs in elsewhere, so no answer comes too early; and one that
        says anything while it is idle is saying goodbye.
        """
        if self._inner is None:
            return False
        try:
            self._inner.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:  # closed on our side
            return False
        return False

    def close(self) -> None:
        """End the connection, whoever waits for it; may be called from any thread, and again."""
        with suppress(OSError):
            self._waker.send(b"\0")
        for connected in (self._outer, self._inner):
            if connected is not None:
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        with self._outer, self._listener, self._woken, self._waker, suppress(OSError):
            if self._woken in _ready([self._listener, self._woken]):
                return
            self._inner, _ = self._listener.accept()
            self._listener.close()
            with self._inner as inner:
                inner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(inner)

    def _carry(self, inner: socket.socket) -> None:
        other = {inner: self._outer, self._outer: inner}
        room = memoryview(bytearray(_CHUNK_BYTES))
        while True:
            ready = _ready([inner, self._outer, self._woken])
            if self._woken in ready:
                return
            for source in ready:
                length = source.recv_into(room)
                if source is self._outer:
                    self._left -= length
                if not length or self.is_exhausted:
                    return
                other[source].sendall(room[:length])


def _ready(ends: Iterable[socket.socket]) -> list[socket.socket]:
    """Wait until one of them has something; a worker has more of them than `select` can name."""
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ, end)
        return [key.data for key, _ in selector.select()]
