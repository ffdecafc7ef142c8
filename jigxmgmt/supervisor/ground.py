"""What must hold before anything is started: a folder of our own, a free port, a whole TLS pair."""

import errno
import fcntl
import os
import socket
import ssl
import time
from pathlib import Path

# How long the parts of an installation that was killed may take to follow it.
STRAGGLERS_SECONDS = 10.0
PORTS = range(65536)
BACKLOG = 2048


class Unfit(Exception):
    """Why nothing was started, as one sentence for the person who tried."""


def claim_folder(folder: Path) -> int:
    """Make the folder private and lock it; return the open lock, which holds until it is closed.

    Raises Unfit when it can't be written or another installation runs in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        sentence = f"{folder} can't be written ({error.strerror}); set DATA_DIR to one that can."
        raise Unfit(sentence) from error
    if not _lock_in_time(lock):
        os.close(lock)
        raise Unfit(f"jigxmgmt is already running on {folder}; stop it, or set another DATA_DIR.")
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d" % os.getpid(), 0)
    return lock


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises Unfit."""
    if port not in PORTS:  # the resolver would take it modulo 65536
        raise Unfit(f"{port} is not a port; one is 0 to {PORTS[-1]}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Unfit(_why_not(error, host, port)) from error
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What it accepts inherits this. The web server takes the socket by its number, can't tell
        # that it is TCP, and would leave each answer waiting 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Unfit(_why_not(error, host, port)) from error
    return listener


def listen_where_before(memory: Path) -> socket.socket:
    """Return a socket that listens on loopback, on the port of the last time if it is free."""
    try:
        port = int(memory.read_text())
        return listen("127.0.0.1", port)
    except (OSError, ValueError, OverflowError, Unfit):
        listener = listen("127.0.0.1", 0)
    memory.write_text(f"{listener.getsockname()[1]}\n")
    return listener


def check_tls(certificate: Path | None, key: Path | None) -> None:
    """Raise Unfit unless both files, or neither, are given, and they fit each other."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise Unfit("Give --tls-cert and --tls-key together.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError among them
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise Unfit(f"{certificate} and {key} can't be used for TLS ({reason}).") from error


def _lock_in_time(lock: int) -> bool:
    """Lock at once, or wait for the stragglers of a holder that was killed."""
    deadline = time.monotonic() + STRAGGLERS_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _holder_lives(lock) or time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        else:
            return True


def _holder_lives(lock: int) -> bool:
    holder = os.pread(lock, 20, 0)
    if not holder.isdigit():  # it has only just locked
        return True
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken; stop what listens there, or give another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that you don't have; give another with --port."
    return f"Can't listen on {host} ({error.strerror})."
