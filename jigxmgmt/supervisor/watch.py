"""Run one command, and end its whole process group when told to or when nobody is left to tell.

    python -m jigxmgmt.supervisor.watch --control FD [--pass FD …] [--grace SECONDS] -- COMMAND …

SIGTERM asks for a stop with the grace given; the other end of the control socket closing (its
holder ended, however) asks for one with ORPHAN_GRACE. The child's process id goes out over the
control socket as one line; the exit status is the child's, 128 + n for signal n.
"""

import argparse
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

ORPHAN_GRACE = 3.0


class Watch:
    def __init__(self, command: Sequence[str], *, control: socket.socket, grace: float) -> None:
        self._command = list(command)
        self._control = control
        self._grace = grace
        self._is_told = False
        self._is_ending = False
        self._deadline: float | None = None
        self._selector = selectors.DefaultSelector()

    def run(self, *, passed: Sequence[int]) -> int:
        """Run the command to its end and return its exit status."""
        self._listen()
        # A group of its own, so that ending it ends all that it started. A name instead of a
        # traceback when it is not there: the status a shell would give.
        try:
            child = subprocess.Popen(self._command, process_group=0, pass_fds=passed)  # noqa: S603
        except OSError:
            return 127
        with suppress(OSError):
            self._control.sendall(b"%d\n" % child.pid)
        while child.poll() is None:
            self._wait()
            self._end_if_due(child.pid)
        signal_group(child.pid, signal.SIGKILL)  # what the child left behind
        return child.returncode if child.returncode >= 0 else 128 - child.returncode

    def _listen(self) -> None:
        """Wake for signals through a socket, so that none falls between a check and a wait."""
        self._wake, writer = socket.socketpair()
        self._wake.settimeout(0)
        writer.settimeout(0)  # a full pipe of wakings is waking enough
        signal.set_wakeup_fd(writer.detach())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._hear)
        for other in (signal.SIGINT, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._selector.register(self._control, selectors.EVENT_READ)

    def _hear(self, *_: object) -> None:
        self._is_told = True

    def _wait(self) -> None:
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        for key, _ in self._selector.select(left):
            if key.fileobj is self._wake:
                self._wake.recv(4096)
            elif not self._heard_from_parent():
                self._selector.unregister(self._control)
                self._bring_forward(ORPHAN_GRACE)

    def _heard_from_parent(self) -> bool:
        try:
            return bool(self._control.recv(64))
        except OSError:
            return False

    def _end_if_due(self, group: int) -> None:
        if self._is_told:
            self._is_told = False
            self._bring_forward(self._grace)
        if self._deadline is None:
            return
        if not self._is_ending:
            self._is_ending = True
            signal_group(group, signal.SIGTERM)
        if time.monotonic() >= self._deadline:
            signal_group(group, signal.SIGKILL)
            self._deadline = None

    def _bring_forward(self, seconds: float) -> None:
        moment = time.monotonic() + seconds
        self._deadline = moment if self._deadline is None else min(self._deadline, moment)


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal a process group, if it is still there."""
    # macOS says EPERM for a group of which only a zombie is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def main(arguments: Sequence[str]) -> int:
    """Parse the command line and run the watch."""
    parser = argparse.ArgumentParser(prog="watch")
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--pass", dest="passed", type=int, action="append", default=[])
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    # A core file would hold keys and values of calls.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=options.control)
    return Watch(options.command, control=control, grace=options.grace).run(passed=options.passed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
