"""A solution's own JavaScript, in processes that can be killed and never serve two owners.

The JavaScript engine bounds time, memory and stack, but not the loops inside its own functions
(`indexOf`, `sort`, …), and those hold a thread for hours: hence a process, at some 20 ms for the
first call of an owner and 0.1 ms for each later one.
"""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from functions.engine.expressions import Exhausted, Thrown

_PROGRAM = Path(__file__).with_name("script_process.py")
_LENGTH = struct.Struct("!I")
MEMORY_BYTES = 32 * 1024 * 1024
STACK_BYTES = 256 * 1024
# For the engine's own word that its time is over, before the process is killed.
_GRACE_SECONDS = 0.2
_START_SECONDS = 5.0
_PROCESSES_AT_REST = 8


class _Hung(Exception):
    """The process is gone, or does not answer in time."""


class _Process:
    """One child, started with nothing of ours but a socket; raises _Hung where there is no room."""

    def __init__(self) -> None:
        try:
            self._connection, its = socket.socketpair()
        except OSError:
            raise _Hung from None
        try:
            with its:
                self._child = _started(its)
        except OSError:
            self._connection.close()
            raise _Hung from None
        try:
            self._receive(1, time.monotonic() + _START_SECONDS)
        except _Hung:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def tell(self, message: Mapping[str, Any], *, seconds: float) -> None:
        """Send; raises _Hung."""
        written = orjson.dumps(message, default=lambda _function: None)
        self._connection.settimeout(max(seconds, 0.001))
        try:
            self._connection.sendall(_LENGTH.pack(len(written)) + written)
        except OSError:
            raise _Hung from None

    def ask(self, message: Mapping[str, Any], *, seconds: float, most: int) -> bytes:
        """Send, and return the answer of at most so many bytes; raises _Hung or Exhausted."""
        until = time.monotonic() + seconds + _GRACE_SECONDS
        self.tell(message, seconds=seconds)
        (length,) = _LENGTH.unpack(self._receive(_LENGTH.size, until))
        if length > most:
            raise Exhausted
        return self._receive(length, until)

    def _receive(self, count: int, until: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            self._connection.settimeout(max(until - time.monotonic(), 0.001))
            try:
                piece = self._connection.recv(count - len(received))
            except OSError:
                raise _Hung from None
            if not piece:
                raise _Hung
            received += piece
        return bytes(received)

    def kill(self) -> None:
        self._connection.close()
        self._child.kill()
        self._child.wait()


def _started(connection: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", str(_PROGRAM)],
        stdin=connection.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
    )


class ScriptProcesses:
    """Lends processes, each to one owner for its life; safe between threads."""

    def __init__(self, *, at_rest: int = _PROCESSES_AT_REST) -> None:
        self._at_rest = at_rest
        self._resting: list[tuple[str, _Process]] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def of(self, owner: str) -> "OwnScripts":
        return OwnScripts(self, owner)

    def take(self, owner: str) -> _Process:
        with self._lock:
            for index in range(len(self._resting) - 1, -1, -1):
                if self._resting[index][0] == owner:
                    process = self._resting.pop(index)[1]
                    if process.is_running:
                        return process
                    process.kill()  # the system ended it meanwhile
        return _Process()

    def give_back(self, owner: str, process: _Process) -> None:
        """Keep a process for its owner's next call; the longest at rest makes room."""
        with self._lock:
            self._resting.append((owner, process))
            most = 0 if self._is_closed else self._at_rest
            leaving = [self._resting.pop(0) for _ in range(len(self._resting) - most)]
        for _owner, left in leaving:
            left.kill()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            resting, self._resting = self._resting, []
        for _owner, process in resting:
            process.kill()


@dataclass(frozen=True, slots=True)
class OwnScripts:
    """The processes that serve one owner: an organization, or the only user of a device."""

    processes: ScriptProcesses
    owner: str

    def open(self, sources: Mapping[str, str], *, seconds: float, most: int) -> "ScriptSession":
        return ScriptSession(self, sources, seconds=seconds, most=most)


class ScriptSession:
    """The scripts of one evaluation; a process is taken by the first call."""

    def __init__(
        self, own: OwnScripts, sources: Mapping[str, str], *, seconds: float, most: int
    ) -> None:
        self._own = own
        self._sources = sources
        self._until = time.monotonic() + seconds
        self._most = most
        self._process: _Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._process is not None:
            self._own.processes.give_back(self._own.owner, self._process)

    def function(self, file: str, name: str) -> Callable[..., Any]:
        """Return an exported function as expressions call it: `{"v": …}`, or `{}` for nothing.

        It raises Exhausted, or Thrown with `script_threw`, `script_broken` or `script_unknown`.
        """

        def call(*arguments: Any) -> Any:
            return self._call(file, name, arguments)

        return call

    def exports(self, file: str) -> frozenset[str]:
        """Name the functions that a file exports. Raises Exhausted or Thrown."""
        answer = self._ask({"act": "exports", "file": file})
        names = answer if isinstance(answer, list) else ()
        return frozenset(name for name in names if isinstance(name, str))

    def _call(self, file: str, name: str, arguments: Sequence[Any]) -> Any:
        try:
            written = orjson.dumps(arguments, default=lambda _function: None).decode()
        except TypeError:  # nested too deep
            raise Thrown("script_threw") from None
        return self._ask({"act": "call", "file": file, "name": name, "arguments": written})

    def _ask(self, message: dict[str, Any]) -> Any:
        seconds = self._until - time.monotonic()
        if message["file"] not in self._sources:
            raise Thrown("script_unknown")
        if seconds <= 0:
            raise Exhausted
        try:
            if self._process is None:
                self._process = self._begun(seconds)
            message["seconds"] = seconds
            written = self._process.ask(message, seconds=seconds, most=self._most)
        except BaseException as error:  # what it answers yet would be taken for the next answer
            self._drop()
            if isinstance(error, _Hung):
                raise Exhausted from None
            raise
        try:
            answer = orjson.loads(written)
        except orjson.JSONDecodeError:  # half a character, or a script's own answer
            raise Thrown("script_threw") from None
        if isinstance(answer, dict):
            for word in ("threw", "broken", "unknown"):
                if word in answer:
                    raise Thrown(f"script_{word}")
            if "exhausted" in answer:
                raise Exhausted
        return answer

    def _begun(self, seconds: float) -> _Process:
        process = self._own.processes.take(self._own.owner)
        opening = {
            "act": "open",
            "sources": dict(self._sources),
            "memory": MEMORY_BYTES,
            "stack": STACK_BYTES,
        }
        try:
            process.tell(opening, seconds=seconds)
        except _Hung:
            process.kill()
            raise
        return process

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
