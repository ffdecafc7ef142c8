"""The processes of one installation, as command lines."""

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from jigxmgmt.supervisor.broker import broker_command
from jigxmgmt.supervisor.parts import Part

# The demo service's API key; a file, since arguments are for everybody on the machine to read.
DEMO_KEY = ("--key-file", str(settings.KEY_DIR / "demo-service.key"))
# Past the longest call, a part that drains has only to tidy up.
TIDYING_SECONDS = 5
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not listened on)


@dataclass(frozen=True)
class Installation:
    """What its parts have in common. The sockets listen already, so that a port found free stays
    ours, and a request that comes while the web server starts waits in place of being refused."""

    web: socket.socket
    certificate: Path | None
    key: Path | None

    @property
    def public_url(self) -> str:
        """Return PUBLIC_URL if the operator set it, else where the web server listens."""
        return self._environment()["PUBLIC_URL"]

    def broker_part(self, server: Path) -> Part:
        return self._part("broker", *broker_command(server, path=settings.BROKER_SOCKET))

    def web_part(self) -> Part:
        seconds = int(settings.LANE_CALL_SECONDS)
        options = ["--fd", str(self.web.fileno()), "--lifespan", "off", "--log-level", "warning"]
        options += ["--no-access-log", "--no-proxy-headers", "--no-server-header"]
        options += ["--timeout-graceful-shutdown", str(seconds)]
        if self.certificate and self.key:
            options += ["--ssl-certfile", str(self.certificate), "--ssl-keyfile", str(self.key)]
        return self._python(
            "web server",
            *("uvicorn", "jigxmgmt.asgi:application", *options),
            files=(self.web.fileno(),),
            grace=seconds + TIDYING_SECONDS,
        )

    def worker_part(self) -> Part:
        # One worker has nobody to greet or to gossip with; greeting takes a second.
        return self._celery(
            *("worker", "--without-mingle", "--without-gossip"),
            grace=settings.LANE_CALL_SECONDS + 2 * TIDYING_SECONDS,
        )

    def beat_part(self) -> Part:
        return self._celery("beat")

    def demo_service_part(self, listener: socket.socket) -> Part:
        return self._python(
            "demo service",
            *("functions.demo.service", "--fd", str(listener.fileno()), *DEMO_KEY),
            files=(listener.fileno(),),
        )

    def demo_seeding_part(self, service_url: str) -> Part:
        return self._python("seeding of the demo", "functions.demo", service_url, *DEMO_KEY)

    def _celery(self, name: str, *options: str, grace: float = 10.0) -> Part:
        # Root in a container is common, and Celery's eight lines about it would be all one sees.
        command = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery"]
        command += ["-A", "jigxmgmt", "--quiet", "--skip-checks", name, *options]
        return self._part(name, *command, "--loglevel", "WARNING", grace=grace)

    def _python(
        self, name: str, *command: str, files: tuple[int, ...] = (), grace: float = 10.0
    ) -> Part:
        return self._part(name, sys.executable, "-m", *command, files=files, grace=grace)

    def _part(
        self, name: str, *command: str, files: tuple[int, ...] = (), grace: float = 10.0
    ) -> Part:
        return Part(
            name=name,
            command=command,
            environment=self._environment(),
            folder=settings.BASE_DIR,
            files=files,
            grace=grace,
        )

    def _environment(self) -> dict[str, str]:
        """Return this process's environment, with what the parts must not find out differently."""
        ours = {
            "DATA_DIR": str(settings.DATA_DIR),
            "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE),
        }
        return {"PUBLIC_URL": self._own_url()} | os.environ | ours

    def _own_url(self) -> str:
        host, port = self.web.getsockname()[:2]
        if host in EVERYWHERE:
            host = "127.0.0.1"
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
