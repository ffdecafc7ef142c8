"""A broker of the tests' own, on a private socket, persisting nothing."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jigxmgmt.supervisor.broker import answers, broker_command, find_server

LONGEST_START = 10


@dataclass(frozen=True)
class Broker:
    url: str
    pid: int


@contextlib.contextmanager
def running_broker() -> Iterator[Broker]:
    """Start a broker and end it with the block."""
    # Not pytest's own folder: a socket's path takes about a hundred bytes and no more.
    with tempfile.TemporaryDirectory(prefix="jigxmgmt-") as folder:
        path = Path(folder) / "broker.sock"
        running = subprocess.Popen(  # noqa: S603
            broker_command(find_server(), path=path), stdout=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + LONGEST_START
            while not answers(path) and time.monotonic() < until:
                time.sleep(0.01)
            yield Broker(url=f"unix://{path}", pid=running.pid)
        finally:
            running.terminate()
            running.wait(timeout=10)
