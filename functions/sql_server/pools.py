"""The idle sessions of one database, kept by one worker: bounded, checked, never a stranger's."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from functions.engine.failures import UpstreamUnreachable
from functions.sql_server.sessions import Session

# One that was idle for longer is asked for a sign of life; much longer, and it is closed.
_FRESH_SECONDS, _IDLE_SECONDS, _LIFE_SECONDS = 5, 60, 1800


class _Kept:
    __slots__ = ("opened_at", "session", "used_at")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.opened_at = self.used_at = time.monotonic()

    def is_over(self, now: float) -> bool:
        return now - self.used_at > _IDLE_SECONDS or now - self.opened_at > _LIFE_SECONDS


class Overdue(Protocol):
    def cut(self) -> None: ...


class Pool:
    """For all threads; as many sessions are open as there are threads that use it, and no more."""

    def __init__(self) -> None:
        self._idle: list[_Kept] = []
        self._lock = threading.Lock()
        self._lent = 0
        self._is_closed = False
        # Those that nobody waits for any more, and that a server may still hold.
        self.overdue: set[Overdue] = set()

    @property
    def is_in_use(self) -> bool:
        return self._lent > 0

    @contextmanager
    def session(
        self, open_session: Callable[[], Session], *, note: Callable[[Session], None]
    ) -> Iterator[Session]:
        """Lend a session. One that anything went wrong in is closed, since nobody knows its state.

        `note` is told of each that is about to be used. Raises what opening does.
        """
        with self._counted():
            kept = self._take(note) or _Kept(open_session())
            note(kept.session)
            with self._closed_on_failure(kept):
                yield kept.session
                kept.session.renew()
            self._give_back(kept)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._lent += 1
        try:
            yield
        finally:
            with self._lock:
                self._lent -= 1

    @contextmanager
    def _closed_on_failure(self, kept: _Kept) -> Iterator[None]:
        try:
            yield
        except UpstreamUnreachable:
            kept.session.close()
            self._close_idle()  # after a failover the others have nobody to talk to either
            raise
        except BaseException:
            kept.session.close()
            raise

    def _take(self, note: Callable[[Session], None]) -> _Kept | None:
        """Return the one that was used last and still lives."""
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return None
            note(kept.session)
            now = time.monotonic()
            is_fresh = now - kept.used_at <= _FRESH_SECONDS
            if not kept.is_over(now) and (is_fresh or kept.session.is_alive()):
                return kept
            kept.session.close()

    def _give_back(self, kept: _Kept) -> None:
        kept.used_at = time.monotonic()
        with self._lock:
            if not self._is_closed:
                self._idle.append(kept)
                return
        kept.session.close()

    def sweep(self) -> bool:
        """Close what was idle for long; true while any is left."""
        now = time.monotonic()
        with self._lock:
            over = [kept for kept in self._idle if kept.is_over(now)]
            self._idle = [kept for kept in self._idle if kept not in over]
        for kept in over:
            kept.session.close()
        return bool(self._idle)

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.session.close()

    def close(self) -> None:
        """Close all that is idle, and what is lent as soon as it comes back."""
        self._is_closed = True
        for run in list(self.overdue):
            run.cut()
        self._close_idle()
