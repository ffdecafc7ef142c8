"""A device's life: signed in, synced, offline, back again, revoked, signed out."""

import asyncio
import json
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from auth_providers.models import Device as KnownDevice
from auth_providers.services.apps import installation_app
from auth_providers.services.devices import revoke_device
from functions.demo.seed import FOLDER, PLACEHOLDER, STOCK_KEY
from functions.demo.service import Service
from functions.device.calls import Ran, Wanted
from functions.device.client import Device
from functions.device.portal import Portal
from functions.device.refusals import NotSignedIn, Unreachable
from functions.device.session import TOKENS
from functions.device.signing_in import by_password
from functions.models import Credential
from functions.services.archives import Files, pack_files
from functions.services.credentials import save_credential
from functions.services.publishing import publish_solution
from functions.tests.device.client.portal import ScriptedPerson, everything, rows, run
from tests.conftest import Installation, free_port
from tests.people import PASSWORD, Field

LOOPBACK = (ip_network("127.0.0.0/8"),)
LIST = """
provider: DATA_PROVIDER_REST
url: {service}/customers
useLocalCall: {is_local}
parameters:
  x-api-key: {{location: header, required: true, value: crm}}
  note: {{location: query, type: string}}
outputTransform: $.value.{{"id":$string(id), "name":name, "by":$$.by}}
records: =$
"""
CREATE = """
provider: DATA_PROVIDER_REST
method: POST
url: {service}/orders
parameters:
  id: {{location: body, type: string, required: true}}
outputTransform: $
"""
CHANGE = """
provider: DATA_PROVIDER_REST
method: POST
url: "{service}/orders/{{order_id}}/{what}"
parameters:
  order_id: {{location: path, type: string, required: true}}
"""


@pytest.fixture
def service(httpserver: HTTPServer) -> str:
    """The customer's service, which wants a key for its list and gives orders ids of its own."""
    httpserver.expect_request("/customers").respond_with_handler(list_customers)
    order = {"id": "O-77", "state": "open"}
    httpserver.expect_request("/orders", method="POST").respond_with_json(order)
    for what in ("lines", "close"):
        answer = {"id": "O-77", "state": what}
        httpserver.expect_request(f"/orders/O-77/{what}", method="POST").respond_with_json(answer)
    return str(httpserver.url_for("")).rstrip("/")


def list_customers(request: Request) -> Response:
    document = {"value": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]}
    is_known = request.headers.get("x-api-key", "").endswith("-k3y")
    return Response(json.dumps(document if is_known else {}), content_type="application/json")


@pytest.fixture
def marker() -> str:
    return f"marker{secrets.token_hex(8)}"


@pytest.fixture
def published(field: Field, service: str, marker: str) -> Field:
    """Acme's solution, with a key that devices may have."""
    field.publish(
        list_customers=LIST.format(service=service, is_local="false"),
        near_customers=LIST.format(service=service, is_local="true"),
        create_order=CREATE.format(service=service),
        add_line=CHANGE.format(service=service, what="lines"),
        close_order=CHANGE.format(service=service, what="close"),
    )
    save_credential(
        field.solution,
        key="crm",
        type=Credential.Type.API_KEY,
        secret=f"{marker}-k3y",
        allowed_origins=[service],
        available_to_devices=True,
        by=field.owner,
    )
    return with_password(field)


def with_password(field: Field) -> Field:
    """Let the technician sign in."""
    hasher = Argon2PasswordHasher()  # the installation's; that of the tests is a quick one
    field.technician.password = hasher.encode(PASSWORD, hasher.salt())
    field.technician.save()
    return field


@pytest.fixture
def device(tmp_path: Path, computer_without_keychain: None) -> Device:
    return Device(tmp_path / "device")


def sign_in(device: Device, address: str) -> None:
    client_id = installation_app().client_id

    def way(portal: Portal) -> dict[str, Any]:
        return by_password(
            portal,
            ScriptedPerson(),
            client_id=client_id,
            email="mia@acme.example",
            password=PASSWORD,
        )

    device.sign_in(address, client_id=client_id, way=way)


class TestDevice:
    def test_runs_what_the_portal_runs_and_leaves_nothing(
        self, published: Field, device: Device, marker: str
    ) -> None:
        sign_in(device, published.address)
        device.sync("field")

        proxied = run(device, "list-customers", f"note={marker}", entity="customers")
        local = run(device, "near-customers", f"note={marker}", entity="near", networks=LOOPBACK)

        assert proxied == local
        assert rows(device, "customers") == rows(device, "near") == proxied.output
        assert proxied.stored == 2
        first = device.keychain.read(TOKENS)
        device.keychain.write(TOKENS, first | {"expires_at": time.time()})
        assert run(device, "list-customers").output == proxied.output
        second = device.keychain.read(TOKENS)
        assert first["access_token"] != second["access_token"]
        hidden = [first["access_token"], first["refresh_token"], second["refresh_token"], marker]
        for secret in hidden:
            assert secret.encode() not in everything(device.home.folder)

        assert device.sign_out().untold == ""
        assert [path.name for path in device.home.folder.iterdir()] == ["lock"]
        known = KnownDevice.objects.get(app_version="jigxmgmt device")
        assert known.revoked_at is not None

    def test_has_to_sign_in_again_once_it_is_revoked(
        self, published: Field, device: Device
    ) -> None:
        sign_in(device, published.address)
        synced, _is_new = device.sync("field")
        run(device, "list-customers", entity="customers")
        known = KnownDevice.objects.get(app_version="jigxmgmt device")

        revoke_device(known, by=published.technician, now=timezone.now())

        with pytest.raises(NotSignedIn, match="Sign in again"):
            run(device, "list-customers")
        assert device.keychain.read(synced.id) is None
        sign_in(device, published.address)
        device.sync("field")
        assert len(rows(device, "customers")) == 2
        assert run(device, "near-customers", networks=LOOPBACK).status == "ok"


class TestWithoutThePortal:
    def test_runs_a_local_function_and_asks_nobody(
        self, installation: Installation, published: Field, device: Device
    ) -> None:
        port = free_port()
        with installation.web(port=str(port)) as address:
            sign_in(device, address)
            device.sync("field")

        with HTTPServer(host="127.0.0.1", port=port) as nobody:
            became = run(device, "near-customers", entity="near", networks=LOOPBACK)

            assert (became.stored, nobody.log) == (2, [])
        assert [row["name"] for row in rows(device, "near")] == ["Ada", "Bob"]

    def test_sends_what_waited_in_order_and_once(
        self,
        installation: Installation,
        published: Field,
        device: Device,
        httpserver: HTTPServer,
    ) -> None:
        port = free_port()
        with installation.web(port=str(port)) as address:
            sign_in(device, address)
            device.sync("field")
        row = {"id": "temp-1", "state": "new"}
        with device.storage(device.synced("field")) as storage:
            storage.store({}, entity="orders", records=[row], operations=[], parameters={})

        became = [
            run(device, "create-order", "id=temp-1", entity="orders"),
            run(device, "add-line", "order_id=temp-1", entity="orders"),
            run(device, "close-order", "order_id=temp-1", entity="orders"),
        ]
        with pytest.raises(Unreachable):
            run(device, "list-customers")

        assert (became, httpserver.log) == ([Ran("queued")] * 3, [])
        with (
            installation.web(port=str(port)),
            device.calls(device.synced("field")) as calls,
        ):
            assert len(calls.queue.send(calls.sender.deliver).delivered) == 3
            assert calls.queue.send(calls.sender.deliver).delivered == []
            assert calls.run(Wanted("list-customers")).status == "ok"
        called = [request.path for request, _answer in httpserver.log]
        assert called == ["/orders", "/orders/O-77/lines", "/orders/O-77/close", "/customers"]
        assert rows(device, "orders") == [{"id": "O-77", "state": "close"}]


@pytest.fixture
def demo_service() -> Iterator[str]:
    """The demo's own service, on a loop and a thread of its own."""
    loop, ready = asyncio.new_event_loop(), queue.Queue[int]()

    async def serve(stopping: asyncio.Event) -> None:
        runner = web.AppRunner(Service(key="demo-k3y").application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.put(runner.addresses[0][1])
        await stopping.wait()
        await runner.cleanup()

    stopping = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(stopping),))
    thread.start()
    yield f"http://127.0.0.1:{ready.get()}"
    loop.call_soon_threadsafe(stopping.set)
    thread.join()
    loop.close()


def demo_files(service: str, *, is_local: bool) -> Files:
    """Return the demo's folder with every function on the server, or every one on the device."""
    line = b"useLocalCall: true\n"
    files = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in FOLDER.rglob("*")
        if path.is_file()
    }
    return {
        path: text.replace(line, b"").replace(PLACEHOLDER, service.encode())
        + (line if is_local and path.endswith(".jigx") and path != "index.jigx" else b"")
        for path, text in files.items()
    }


class TestDemoFunction:
    @pytest.mark.parametrize(
        ("function", "pairs"),
        [
            ("list-customers", ()),
            ("list-orders", ()),
            ("list-stock", ()),
            ("check-stock", ()),
            ("list-tasks", ()),
            ("create-note", ("customer_id=7", "text=Ring twice")),
        ],
    )
    def test_gives_the_same_run_by_the_portal_and_here(
        self, field: Field, device: Device, demo_service: str, function: str, pairs: tuple[str, ...]
    ) -> None:
        with_password(field)
        save_credential(
            field.solution,
            key=STOCK_KEY,
            type=Credential.Type.API_KEY,
            secret="demo-k3y",
            allowed_origins=[demo_service],
            available_to_devices=True,
            by=field.owner,
        )
        sign_in(device, field.address)
        became = []
        for is_local in (False, True):
            archive = pack_files(demo_files(demo_service, is_local=is_local))
            publish_solution(field.solution, archive=archive, by=field.owner)
            device.sync("field")
            ran = run(device, function, *pairs, entity=f"at{is_local}", networks=LOOPBACK)
            stored = rows(device, f"at{is_local}")
            became.append(json.dumps([ran.output, stored]).replace('"id": "2"', '"id": "1"'))

        assert became[0] == became[1]
        assert len(became[0]) > 50
