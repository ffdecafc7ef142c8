"""Nothing of a call is kept: a marker goes through every path, then is looked for everywhere."""

import re
import secrets
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_httpserver import HTTPServer
from redis import Redis
from werkzeug import Request, Response

from tests.conftest import Installation, answers, wait_until
from tests.people import Field

DEFINITION = """
provider: DATA_PROVIDER_REST
method: POST
url: {service}/{path}
parameters:
  note: {{location: body, type: string, required: true}}
  x-api-key: {{location: header, required: true, value: crm}}
error:
  - when: =@ctx.response.status = 409
    title: Taken
    description: =@ctx.response.body.reason
"""


LONGER_THAN_PATIENCE = 2.5


@pytest.fixture
def marker() -> str:
    return f"marker{secrets.token_hex(8)}"


class TestMarker:
    def test_is_found_nowhere(
        self, installation: Installation, field: Field, httpserver: HTTPServer, marker: str
    ) -> None:
        service = httpserver.url_for("").rstrip("/")
        self.arrange(field, httpserver, service, marker)

        assert self.success(field, marker)["output"] == {"row": f"{marker}row"}
        assert self.handled_error(field, marker)["error"]["description"] == f"{marker}reason"
        assert self.timeout(field, marker)["error"]["name"] == "UpstreamTimeout"
        assert self.repeated_key(field, marker) == "already_ran"
        assert self.full_queue(installation, field, marker) == "queue_full"
        assert self.killed_worker(installation, field, httpserver, marker) == "call_timeout"

        places = dict(everywhere(installation))
        assert [place for place, content in places.items() if marker.encode() in content] == []
        # The search itself can find: what is kept on purpose is there.
        assert any(b"create-note" in content for content in places.values())

    def arrange(self, field: Field, httpserver: HTTPServer, service: str, marker: str) -> None:
        httpserver.expect_request("/ok").respond_with_json({"row": f"{marker}row"})
        httpserver.expect_request("/taken").respond_with_json(
            {"reason": f"{marker}reason"}, status=409
        )
        self.held, self.released = threading.Event(), threading.Event()
        httpserver.expect_request("/slow").respond_with_handler(self.wait)
        names = {
            "create_note": "ok",
            "take_note": "taken",
            "wait_note": "slow",
            "hold_note": "endless",
        }
        field.publish(
            **{name: DEFINITION.format(service=service, path=path) for name, path in names.items()}
        )
        field.save_api_key("crm", f"{marker}secret", service)

    def wait(self, request: Request) -> Response:
        """Answer later than the worker's patience."""
        self.released.wait(LONGER_THAN_PATIENCE)
        return Response("{}", content_type="application/json")

    def success(self, field: Field, marker: str) -> dict[str, object]:
        document: dict[str, object] = field.call("create-note", note=f"{marker}note").json()
        return document

    def handled_error(self, field: Field, marker: str) -> dict[str, dict[str, object]]:
        document: dict[str, dict[str, object]] = field.call(
            "take-note", note=f"{marker}note"
        ).json()
        return document

    def timeout(self, field: Field, marker: str) -> dict[str, dict[str, object]]:
        document: dict[str, dict[str, object]] = field.call(
            "wait-note", note=f"{marker}note"
        ).json()
        return document

    def repeated_key(self, field: Field, marker: str) -> object:
        field.call("create-note", key=f"{marker}key", note=f"{marker}note")
        return field.call("create-note", key=f"{marker}key", note=f"{marker}note").json()["code"]

    def full_queue(self, installation: Installation, field: Field, marker: str) -> object:
        usual = field.address
        with installation.web(LANE_QUEUE_LENGTH="0") as field.address:
            answer = field.call("create-note", note=f"{marker}note")
        field.address = usual
        return answer.json()["code"]

    def killed_worker(
        self, installation: Installation, field: Field, httpserver: HTTPServer, marker: str
    ) -> object:
        """Kill a worker while the service makes it wait, on a lane that has no other."""
        apart = {"REDIS_URL": installation.broker_url + "?db=1", "LANE_CALL_SECONDS": "3"}
        usual = field.address
        httpserver.expect_request("/endless").respond_with_handler(self.hold)
        with (
            installation.web(**apart) as field.address,
            installation.worker(**apart) as worker,
            ThreadPoolExecutor(1) as phone,
        ):
            wait_until(lambda: answers(f"{field.address}/readyz", 200))
            call = phone.submit(field.call, "hold-note", note=f"{marker}note")
            assert self.held.wait(10)
            worker.send_signal(signal.SIGKILL)
            answer = call.result()
            self.released.set()
        field.address = usual
        return answer.json()["code"]

    def hold(self, request: Request) -> Response:
        """Answer only when the test says so."""
        self.held.set()
        self.released.wait(20)
        return Response("{}", content_type="application/json")


def everywhere(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """Yield all that is kept, and the broker's whole memory, by the name of the place."""
    if Path("/proc").is_dir():
        yield "broker's memory", memory_of(installation.broker_pid)
    for number in (0, 1):
        broker = Redis.from_url(installation.broker_url, db=number)
        yield (
            f"broker's database {number}",
            repr([broker.dump(name) for name in broker.scan_iter()]).encode(),
        )
        broker.close()
    yield "log", installation.log.read_bytes()
    for path in Path(settings.DATA_DIR).rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (a name of our own)
            yield table, repr(cursor.fetchall()).encode()


def memory_of(pid: int) -> bytes:
    """Return what a process holds in the memory that it may write to."""
    found = []
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in maps:
            bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if bounds:
                start, end = (int(bound, 16) for bound in bounds.groups())
                memory.seek(start)
                found.append(memory.read(end - start))
    return b"".join(found)
