"""The process that a solution's JavaScript runs in: no files, no network, no environment.

Run as a file, with one end of a socket as standard input. One byte says that it is ready. Each
message is four bytes of length and JSON: `open` begins one evaluation with runtimes of its own and
has no answer, `call` calls an exported function in it, `exports` lists them.
"""

import contextlib
import json
import resource
import socket
import struct
import time
from typing import Any

import quickjs

# A native loop can't be interrupted from inside: past this the system ends the process, although
# whoever started it may be gone.
_SPARE_SECONDS = 2
# The runtimes of all scripts of one evaluation, and Python's own address space of some 100 MB.
_MOST_BYTES = 384 * 1024 * 1024
# Even a script that breaks out of its engine opens nothing here, and starts nothing.
_NOTHING = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CORE")
# Without memory the engine forgets the jobs that wait, and nothing tells of it.
_MOST_JOBS = 20_000
_LENGTH = struct.Struct("!I")
READY = b"+"

# Texts go in and out as JSON, since the library hands over plain values only. What a script does
# to these functions it does to itself.
# A script's notes to its author are let pass, and go nowhere: they would hold values.
_BEFORE = """
globalThis.module = {exports: {}};
globalThis.exports = module.exports;
globalThis.console = new Proxy({}, {get: () => () => {}});
"""
_AFTER = """
import * as ownExports$ from "<input>";
{
  const parse = JSON.parse, write = JSON.stringify;
  const own = () => {
    const value = ownExports$.default;
    return {...(typeof value === "object" ? value : {}), ...module.exports, ...ownExports$};
  };
  let settled;
  const answer = (value) => write(value === undefined ? {} : {v: value});
  const keep = (value) => { settled = answer(value); };
  const refuse = (error) => {
    settled = error instanceof InternalError ? '{"exhausted":true}' : '{"threw":true}';
  };
  globalThis.listExports$ = () =>
    write(Object.keys(own()).filter((name) => typeof own()[name] === "function"));
  globalThis.callExport$ = (name, text) => {
    const called = Object.hasOwn(own(), name) ? own()[name] : undefined;
    if (typeof called !== "function") return '{"unknown":true}';
    const value = called(...parse(text));
    if (typeof value?.then !== "function") return answer(value);
    settled = undefined;
    value.then(keep, refuse);
    return "";
  };
  globalThis.readSettled$ = () => settled ?? '{"threw":true}';
}
"""


class Bound(Exception):
    """The script went on for too long."""


class Broken(Exception):
    """A file that is no module, or that throws as it loads."""


class Room:
    """One evaluation's scripts, by file; each has a runtime of its own, made when it is called."""

    def __init__(self, sources: dict[str, str], *, memory: int, stack: int) -> None:
        self._sources = sources
        self._memory = memory
        self._stack = stack
        self._contexts: dict[str, quickjs.Context] = {}

    def call(self, file: str, name: str, arguments: str, *, seconds: float) -> str:
        context = self._context(file, seconds)
        until = time.process_time() + seconds
        answer: str = context.get("callExport$")(name, arguments)
        if answer:
            return answer
        for _job in range(_MOST_JOBS):
            if not context.execute_pending_job():
                return str(context.get("readSettled$")())
            if time.process_time() >= until:
                raise Bound
        raise Bound

    def exports(self, file: str, *, seconds: float) -> str:
        return str(self._context(file, seconds).get("listExports$")())

    def _context(self, file: str, seconds: float) -> quickjs.Context:
        if file not in self._contexts:
            self._contexts[file] = self._loaded(self._sources[file], seconds)
        self._contexts[file].set_time_limit(seconds)
        return self._contexts[file]

    def _loaded(self, source: str, seconds: float) -> quickjs.Context:
        context = quickjs.Context()
        context.set_memory_limit(self._memory)
        context.set_max_stack_size(self._stack)
        context.set_time_limit(seconds)
        began = time.process_time()
        context.eval(_BEFORE)
        try:
            context.module(f"{source}\n{_AFTER}")
        except quickjs.JSException as error:
            if _is_bound(error):
                raise
            raise Broken from None
        # What a module throws as it loads ends in a promise, also that its time was over.
        if context.eval("typeof callExport$ !== 'function'"):
            if time.process_time() - began >= seconds:
                raise Bound
            raise Broken
        return context


def _is_bound(error: quickjs.JSException) -> bool:
    """Tell what the engine ends from what the script throws; without memory there is no text."""
    bounds = ("InternalError: interrupted", "InternalError: out of memory", "null")
    return isinstance(error, quickjs.StackOverflow) or str(error).startswith(bounds)


def _answer(room: Room, message: dict[str, Any]) -> str:
    seconds = message["seconds"]
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + _SPARE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    try:
        if message["act"] == "exports":
            return room.exports(message["file"], seconds=seconds)
        return room.call(message["file"], message["name"], message["arguments"], seconds=seconds)
    except Broken:
        return '{"broken":true}'
    except Bound:
        return '{"exhausted":true}'
    except quickjs.JSException as error:
        return '{"exhausted":true}' if _is_bound(error) else '{"threw":true}'


def _receive(connection: socket.socket) -> bytes | None:
    header = connection.recv(_LENGTH.size, socket.MSG_WAITALL)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    return connection.recv(length, socket.MSG_WAITALL)


def _give_up_the_machine() -> None:
    for name in _NOTHING:
        resource.setrlimit(getattr(resource, name), (0, 0))
    with contextlib.suppress(ValueError, OSError):  # not every system bounds it
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))


def main() -> None:
    """Answer until the other end is closed."""
    connection = socket.socket(fileno=0)
    _give_up_the_machine()
    connection.sendall(READY)
    room = Room({}, memory=0, stack=0)
    while (received := _receive(connection)) is not None:
        message = json.loads(received)
        if message["act"] == "open":
            room = Room(message["sources"], memory=message["memory"], stack=message["stack"])
            continue
        answer = _answer(room, message).encode()
        connection.sendall(_LENGTH.pack(len(answer)) + answer)


if __name__ == "__main__":
    main()
