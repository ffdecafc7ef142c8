"""The parts of an installation as processes: started, restarted when they fall, ended in order."""

import math
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from jigxmgmt.supervisor.watch import signal_group

# A part that falls this often within a minute will not get better by being started again.
FALLS = 5
FALLS_WITHIN = 60.0
FIRST_DELAY = 0.5  # doubled with each fall


class PartEnded(Exception):
    """A part ended that should have stayed, or failed at what it was started for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process: how it is started, which open files it inherits, how long its end may take."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    files: tuple[int, ...] = ()
    grace: float = 10.0


@dataclass(slots=True)
class _Process:
    """A part's watcher, the group that it watches over, and when it fell before."""

    part: Part
    watcher: subprocess.Popen[bytes]
    control: socket.socket
    group: int | None = None
    falls: list[float] = field(default_factory=list)
    due: float | None = None

    def hear(self) -> bool:
        """Take the child's id from the watcher; false when the watcher is gone."""
        try:
            line = self.control.recv(64)
        except OSError:
            line = b""
        if line:
            self.group = int(line)
        return bool(line)

    def end(self) -> None:
        """Wait for the watcher's end, and leave nothing running, however it ended."""
        self.watcher.wait()
        while self.hear():
            pass
        self.control.close()
        # Somebody may have killed the watcher itself; then nobody has ended its child.
        if self.watcher.returncode < 0 and self.group is not None:
            signal_group(self.group, signal.SIGKILL)


class Supervisor:
    """Holds the parts. Use as a context: leaving it ends them, the last one started first.

    `held` are open files that every watcher holds too, so that a lock on one lasts until the
    last of them is gone.
    """

    def __init__(self, *, held: tuple[int, ...] = (), first_delay: float = FIRST_DELAY) -> None:
        self._held = held
        self._first_delay = first_delay
        self._processes: list[_Process] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, part: Part) -> None:
        """Start a part and keep it running."""
        watcher, control = self._launch(part, output=subprocess.DEVNULL)
        process = _Process(part, watcher, control)
        self._processes.append(process)
        self._selector.register(control, selectors.EVENT_READ, process)

    def run_to_end(self, part: Part) -> str:
        """Run a command to its end and return what it printed; raises PartEnded if it failed."""
        watcher, control = self._launch(part, output=subprocess.PIPE)
        with control:
            printed, _ = watcher.communicate()
        if watcher.returncode:
            raise PartEnded(f"The {part.name} failed (exit code {watcher.returncode}).")
        return printed.decode()

    def watch(self, until: Callable[[], bool], *, every: float) -> None:
        """Restart what falls, until the condition, asked every so many seconds, holds.

        Raises PartEnded when a part keeps falling.
        """
        while not until():
            for key, _ in self._selector.select(min(every, self._seconds_to_restart())):
                process: _Process = key.data
                if not process.hear():
                    self._note_fall(process)
            self._restart_due()

    def stop(self) -> None:
        """End all parts, the last one started first, each within its grace.

        A signal meanwhile means that somebody is in a hurry: then none is waited for long.
        """
        hurry: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._forsake(hurry))
        while self._processes:
            process = self._processes[-1]
            if process.due is None and not hurry:
                process.watcher.terminate()
            process.end()
            self._processes.pop()

    def _forsake(self, hurry: list[int]) -> None:
        """Let go of every watcher; each then gives its child the short grace of an orphan."""
        hurry.append(1)
        for process in self._processes:
            process.control.close()

    def _launch(
        self, part: Part, *, output: int | IO[bytes]
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        # A session of its own: Ctrl-C in the terminal reaches `up` alone, which ends all in order.
        with theirs:
            watcher = subprocess.Popen(  # noqa: S603
                [*self._watch_command(theirs.fileno(), part), "--", *part.command],
                cwd=part.folder,
                env=dict(part.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                start_new_session=True,
                pass_fds=(theirs.fileno(), *self._held, *part.files),
            )
        return watcher, ours

    def _watch_command(self, control: int, part: Part) -> list[str]:
        # Without `site`: the watcher needs no installed package, and starts in a hundredth
        # of a second.
        command = [sys.executable, "-S", "-m", "jigxmgmt.supervisor.watch"]
        command += ["--control", str(control), "--grace", str(part.grace)]
        for number in part.files:
            command += ["--pass", str(number)]
        return command

    def _note_fall(self, process: _Process) -> None:
        self._selector.unregister(process.control)
        process.end()
        now = time.monotonic()
        process.falls = [at for at in process.falls if at > now - FALLS_WITHIN] + [now]
        if len(process.falls) >= FALLS:
            code = process.watcher.returncode
            raise PartEnded(f"The {process.part.name} keeps ending (exit code {code}).")
        process.due = now + self._first_delay * 2 ** (len(process.falls) - 1)

    def _seconds_to_restart(self) -> float:
        now = time.monotonic()
        dues = [process.due - now for process in self._processes if process.due is not None]
        return max(0.0, min(dues, default=math.inf))

    def _restart_due(self) -> None:
        for process in self._processes:
            if process.due is not None and process.due <= time.monotonic():
                process.watcher, process.control = self._launch(
                    process.part, output=subprocess.DEVNULL
                )
                process.due = process.group = None
                self._selector.register(process.control, selectors.EVENT_READ, process)
