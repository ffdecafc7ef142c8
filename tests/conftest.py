"""Whole stories run against a whole installation: a real broker, worker and web server."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
from django.conf import settings
from django.db import connection
from pytest_httpserver import HTTPServer

from tests.broker import running_broker
from tests.oidc.provider import RealProvider, running_provider
from tests.people import Field, make_field
from tests.tds import Authority

LONGEST_START = 60


@dataclass(frozen=True)
class Installation:
    """Where the processes are, and how to start more of their kind."""

    address: str
    broker_url: str
    broker_pid: int
    log: Path
    environment: dict[str, str]

    @contextlib.contextmanager
    def worker(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start one more worker, beside or in place of the usual one."""
        command = [sys.executable, "-m", "celery", "-A", "jigxmgmt", "worker"]
        with _process(command, self.log, self.environment | environment) as running:
            yield running

    @contextlib.contextmanager
    def web(self, *, port: str = "", **environment: str) -> Iterator[str]:
        """Start one more web server and return its address."""
        port = port or str(free_port())
        command = [sys.executable, "-m", "uvicorn", "jigxmgmt.asgi:application"]
        command += ["--port", port, "--no-proxy-headers", "--log-level", "warning"]
        address = f"http://127.0.0.1:{port}"
        # Providers send browsers back to the first one's address, whoever of them answers.
        environment = {"PUBLIC_URL": address} | self.environment | environment
        with _process(command, self.log, environment):
            wait_until(lambda: answers(f"{address}/healthz", 200))
            yield address


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The authority of the scripted SQL Servers, which an installation trusts by its bundle."""
    return Authority()


@pytest.fixture(scope="session")
def installation(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Installation]:
    """Broker, web server and worker on the test database, for the whole run."""
    folder = tmp_path_factory.mktemp("installation")
    with running_broker() as broker:
        environment = {
            "DJANGO_SETTINGS_MODULE": "jigxmgmt.settings",
            "DATA_DIR": str(settings.DATA_DIR),
            "DATABASE_URL": database_url(),
            "REDIS_URL": broker.url,
            "EGRESS_ADDRESSES": "203.0.113.7,203.0.113.8",
            "LANE_QUEUE_SECONDS": "2",
            "LANE_CALL_SECONDS": "6",
            "LANE_SERVICE_SECONDS": "2",
            "LANE_MAX_PAGES": "20",
            "SSL_CERT_FILE": str(authority.save(folder)),
        }
        here = Installation("", broker.url, broker.pid, folder / "log", environment)
        with here.web() as address:
            environment["PUBLIC_URL"] = address
            with here.worker():
                wait_until(lambda: answers(f"{address}/readyz", 200))
                yield Installation(address, broker.url, broker.pid, here.log, environment)


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """The customer's service: threaded, so that a slow answer holds up nobody else."""
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture(scope="session")
def real_provider() -> Iterator[RealProvider]:
    """An OpenID-certified provider, for the whole run."""
    with running_provider() as provider:
        yield provider


def database_url() -> str:
    """Return the URL of the database that this run's tests use."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()


def wait_until(holds: Callable[[], bool], *, seconds: float = LONGEST_START) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            pytest.fail("The condition did not come true in time.")
        time.sleep(0.02)


def answers(url: str, status: int) -> bool:
    with contextlib.suppress(requests.ConnectionError, requests.Timeout):
        return requests.get(url, timeout=10).status_code == status
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _process(
    command: list[str], log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        running = subprocess.Popen(  # noqa: S603
            command, env=os.environ | environment, stdout=output, stderr=output
        )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(timeout=30)


@pytest.fixture
def field(installation: Installation, transactional_db: None) -> Field:
    """An organization whose technician is signed in."""
    field = make_field(installation.address)
    field.sign_in()
    return field
