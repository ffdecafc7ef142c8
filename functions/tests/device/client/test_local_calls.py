import base64
import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from functions.device.client import Device
from functions.device.refusals import NotStorable, Refused
from functions.tests.device.client.portal import FakePortal, problem, rows, run

LOOPBACK = (ip_network("127.0.0.0/8"),)
TOKEN = {"accessToken": {"location": "header", "value": "crm"}}
OAUTH = {"key": "crm", "type": "oauth", "configuration": {"id": "1"}}


@pytest.fixture(scope="module")
def running_service() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def service(running_service: HTTPServer) -> HTTPServer:
    """The customer's service."""
    running_service.clear()
    return running_service


def origin_of(server: HTTPServer) -> str:
    return str(server.url_for("")).rstrip("/")


def local(server: HTTPServer, **more: Any) -> dict[str, Any]:
    """Return a function for the device."""
    return {
        "provider": "DATA_PROVIDER_REST",
        "url": f"{origin_of(server)}/customers",
        "useLocalCall": True,
        **more,
    }


class TestCallOnTheDevice:
    def test_needs_no_portal(self, device: Device, portal: FakePortal, service: HTTPServer) -> None:
        portal.functions["near"] = local(service, outputTransform="value")
        service.expect_request("/customers").respond_with_json({"value": [{"id": "1"}]})
        device.sync("field")
        before = portal.paths()

        became = run(device, "near", entity="near", networks=LOOPBACK)

        assert (became.output, became.stored) == ([{"id": "1"}], 1)
        assert rows(device, "near") == [{"id": "1"}]
        assert portal.paths() == before

    def test_sends_no_key_in_place_of_a_secret_that_is_held_back(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        header = {"x-api-key": {"location": "header", "value": "crm"}}
        portal.functions["near"] = local(service, parameters=header)
        portal.held_back = ("crm",)
        device.sync("field")

        with pytest.raises(Refused, match="crm") as refusal:
            run(device, "near", networks=LOOPBACK)

        assert (refusal.value.code, service.log) == ("CredentialMissing", [])

    def test_reaches_no_private_network_that_nobody_opened(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        portal.functions["near"] = local(service)
        device.sync("field")

        with pytest.raises(Refused, match="`--allow-network") as refusal:
            run(device, "near")

        assert (refusal.value.code, service.log) == ("AddressRefused", [])

    @pytest.mark.parametrize(
        ("type", "secret", "parameter", "header"),
        [
            ("api_key", {"value": "k3y"}, "x-api-key", ("x-api-key", "k3y")),
            ("secret", {"value": "k3y"}, "accessToken", ("Authorization", "Bearer k3y")),
            (
                "basic_auth",
                {"username": "mia", "password": "pa:ss"},
                "basicAuth",
                ("Authorization", f"Basic {base64.b64encode(b'mia:pa:ss').decode()}"),
            ),
        ],
    )
    def test_sends_the_keychain_s_secrets(
        self,
        device: Device,
        portal: FakePortal,
        service: HTTPServer,
        type: str,
        secret: dict[str, str],
        parameter: str,
        header: tuple[str, str],
    ) -> None:
        portal.functions["near"] = local(
            service, parameters={parameter: {"location": "header", "value": "crm"}}
        )
        entry = {"key": "crm", "type": type, "secret": secret}
        portal.keychain = [entry | {"allowed_origins": [origin_of(service)]}]
        service.expect_request("/customers").respond_with_json({})
        device.sync("field")

        run(device, "near", networks=LOOPBACK)

        name, value = header
        assert service.log[0][0].headers[name] == value

    def test_sends_a_secret_nowhere_else(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        portal.functions["near"] = local(
            service, parameters={"x-api-key": {"location": "header", "value": "crm"}}
        )
        entry = {"key": "crm", "type": "api_key", "secret": {"value": "k3y"}}
        portal.keychain = [entry | {"allowed_origins": ["https://crm.example"]}]
        device.sync("field")

        with pytest.raises(Refused) as refusal:
            run(device, "near", networks=LOOPBACK)

        assert (refusal.value.code, service.log) == ("CredentialOriginRefused", [])

    def test_sends_the_person_s_own_token_and_another_where_it_is_refused(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        portal.functions["near"] = local(service, parameters=TOKEN)
        portal.keychain = [OAUTH | {"allowed_origins": [origin_of(service)]}]
        portal.answer(portal.token_path("crm"), outside_token)
        service.expect_request("/customers").respond_with_handler(refuse_the_first)
        device.sync("field")

        run(device, "near", networks=LOOPBACK)
        run(device, "near", networks=LOOPBACK)

        sent = [request.headers["Authorization"] for request, _answer in service.log]
        assert sent == ["Bearer v1", "Bearer v2", "Bearer v2"]
        asked = [each.json for each in portal.heard if each.path == portal.token_path("crm")]
        assert asked == [{}, {"refused": "v1"}]

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            ("oauth_credentials_missing", "OAuthCredentialsMissingError"),
            ("oauth_refresh_failed", "OAuthRefreshFailed"),
            ("oauth_provider_unavailable", "UpstreamUnreachable"),
            ("not_for_local_functions", "CredentialMissing"),
        ],
    )
    def test_fails_as_it_would_at_the_portal(
        self, device: Device, portal: FakePortal, service: HTTPServer, code: str, name: str
    ) -> None:
        portal.functions["near"] = local(service, parameters=TOKEN)
        portal.keychain = [OAUTH | {"allowed_origins": [origin_of(service)]}]
        portal.answer(portal.token_path("crm"), problem(409, code))
        device.sync("field")

        with pytest.raises(Refused) as refusal:
            run(device, "near", networks=LOOPBACK)

        assert refusal.value.code == name

    def test_gets_a_token_of_the_portal_s_own_for_its_origin(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        ours = {"accessToken": {"location": "header", "value": "jigx"}}
        portal.functions["near"] = local(service, parameters=ours)
        token = {"access_token": "0urs", "expires_in": 300, "version": ""}
        portal.answer(portal.token_path("jigx"), token)
        service.expect_request("/customers").respond_with_json({})
        device.sync("field")

        run(device, "near", networks=LOOPBACK)

        assert service.log[0][0].headers["Authorization"] == "Bearer 0urs"
        assert portal.heard[-1].json == {"origin": origin_of(service)}

    def test_tells_of_each_page(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        going_on = {"when": "=$.next", "url": "=$.next"}
        portal.functions["near"] = local(service, continuation=going_on, records="=$.rows")
        more = f"{origin_of(service)}/more"
        service.expect_request("/customers").respond_with_json({"rows": [1], "next": more})
        service.expect_request("/more").respond_with_json({"rows": [2]})
        device.sync("field")
        told: list[int] = []

        run(device, "near", networks=LOOPBACK, tell=told.append)

        assert told == [1, 2]

    def test_calls_the_solution_s_scripts(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        portal.functions["near"] = local(service, outputTransform="$names.loud(name)")
        script = "export function loud(name) { return name.toUpperCase(); }"
        portal.files = {"scripts/expressions/names.js": script}
        service.expect_request("/customers").respond_with_json({"name": "Ada"})
        device.sync("field")

        assert run(device, "near", networks=LOOPBACK).output == "ADA"

    def test_knows_who_calls_and_what_is_synced(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        known = "=[@ctx.user.email, @ctx.solution.name, @ctx.organization.name, @ctx.entity]"
        portal.functions["near"] = local(service, output=known)
        service.expect_request("/customers").respond_with_json([])
        device.sync("field")

        became = run(device, "near", networks=LOOPBACK, entity="near")

        assert became.output == ["mia@acme.example", "field", "Acme", "near"]

    def test_keeps_what_its_handler_says_of_an_error(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        row = '={"id": @ctx.commandId, "call": @ctx.correlationId, "status": @ctx.response.status}'
        kept = {"type": "operation.upsert-merge", "records": row, "timestamp": "=$now()"}
        portal.functions["near"] = local(service, error=[{"title": "Away", "operations": [kept]}])
        service.expect_request("/customers").respond_with_data("", status=503)
        device.sync("field")

        for _again in range(2):
            with pytest.raises(Refused, match="Away"):
                run(device, "near", networks=LOOPBACK, entity="customers")

        first, second = rows(device, "customers_error")
        assert first["id"] != second["id"]
        assert first["call"] != second["call"]
        assert first["status"] == 503

    @pytest.mark.parametrize(
        "rows_of_it",
        [
            {"records": "=$number(n)"},
            {"outputTransform": "$number(n)"},
            {"operations": [{"type": "operation.delete-insert", "records": "=$number(n)"}]},
        ],
    )
    def test_keeps_its_rows_where_new_ones_can_not_be_made(
        self,
        device: Device,
        portal: FakePortal,
        service: HTTPServer,
        rows_of_it: dict[str, Any],
    ) -> None:
        portal.functions["near"] = local(service, **rows_of_it)
        service.expect_request("/customers").respond_with_json({"n": "none"})
        device.sync("field")
        with device.storage(device.synced("field")) as storage:
            kept = [{"id": "7"}]
            storage.store({}, entity="customers", records=kept, operations=[], parameters={})

        with pytest.raises(NotStorable, match="threw"):
            run(device, "near", networks=LOOPBACK, entity="customers")

        assert rows(device, "customers") == [{"id": "7"}]

    def test_tells_of_an_error_that_can_not_be_stored(
        self, device: Device, portal: FakePortal, service: HTTPServer
    ) -> None:
        kept = {"type": "operation.upsert-merge", "records": {"no": "id"}}
        portal.functions["near"] = local(service, error=[{"title": "Away", "operations": [kept]}])
        service.expect_request("/customers").respond_with_data("", status=503)
        device.sync("field")

        with pytest.raises(Refused, match="Away"):
            run(device, "near", networks=LOOPBACK, entity="customers")


def outside_token(request: Request) -> Response:
    version = "v2" if request.json.get("refused") == "v1" else "v1"
    document = {"access_token": version, "expires_in": 3600, "version": version}
    return Response(json.dumps(document), content_type="application/json")


def refuse_the_first(request: Request) -> Response:
    return Response("{}", status=401 if request.headers["Authorization"] == "Bearer v1" else 200)
