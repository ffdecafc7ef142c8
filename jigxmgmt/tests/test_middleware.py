"""What every request passes."""

import asyncio
import uuid

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path

from jigxmgmt.middleware import CONTENT_SECURITY_POLICY, came_privately
from jigxmgmt.origin import current_origin

pytestmark = pytest.mark.urls(__name__)


def tell_origin(request: HttpRequest) -> HttpResponse:
    origin = current_origin()
    return HttpResponse(f"{origin.address} {origin.correlation_id}")


async def tell_origin_later(request: HttpRequest) -> HttpResponse:
    return tell_origin(request)


urlpatterns = [
    path(prefix + "x", tell_origin)
    for prefix in ("", "api/", "solutions/", "accounts/", "staff/", "static/")
]
urlpatterns.append(path("api/later", tell_origin_later))

FAR = "203.0.113.7"


class TestRememberOrigin:
    def test_gives_audit_events_the_request_s_address_and_id(self, client: Client) -> None:
        answer = client.get("/api/x", REMOTE_ADDR="127.0.0.5")

        assert answer.content.decode() == f"127.0.0.5 {answer['X-Correlation-Id']}"

    def test_gives_each_request_its_own_id(self, client: Client) -> None:
        ids = {uuid.UUID(client.get("/api/x")["X-Correlation-Id"]) for _ in range(3)}

        assert len(ids) == 3

    def test_takes_no_id_from_the_caller(self, client: Client) -> None:
        answer = client.get("/api/x", headers={"X-Correlation-Id": "mine"})

        assert answer["X-Correlation-Id"] != "mine"

    def test_reaches_an_asynchronous_view(self) -> None:
        answer = asyncio.run(AsyncClient().get("/api/later"))

        assert answer.content.decode().endswith(answer["X-Correlation-Id"])


class TestRequirePrivateWay:
    @pytest.mark.parametrize("path", ["/x", "/solutions/x", "/accounts/x", "/staff/x"])
    def test_refuses_plain_http_from_afar(self, client: Client, path: str) -> None:
        answer = client.get(path, REMOTE_ADDR=FAR)

        assert answer.status_code == 403
        assert answer.content.startswith(b"tls_required")

    def test_refuses_by_problem_under_api(self, client: Client) -> None:
        answer = client.get("/api/x", REMOTE_ADDR=FAR)

        assert (answer.status_code, answer.json()["code"]) == (403, "tls_required")
        assert answer.json()["correlation_id"] == answer["X-Correlation-Id"]

    def test_lets_https_and_loopback_through(self, client: Client) -> None:
        assert client.get("/api/x", REMOTE_ADDR=FAR, secure=True).status_code == 200
        assert client.get("/api/x", REMOTE_ADDR="127.0.0.1").status_code == 200

    def test_leaves_what_has_no_secrets_alone(self, client: Client) -> None:
        assert client.get("/static/x", REMOTE_ADDR=FAR).status_code == 200


class TestCamePrivately:
    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", ""])
    def test_knows_this_machine(self, peer: str) -> None:
        assert came_privately(RequestFactory().get("/", REMOTE_ADDR=peer))

    @pytest.mark.parametrize("peer", [FAR, "10.0.0.1", "localhost", "::2", "::ffff:10.0.0.1"])
    def test_knows_others(self, peer: str) -> None:
        assert not came_privately(RequestFactory().get("/", REMOTE_ADDR=peer))

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
    def test_believes_no_proxy_that_nobody_declared(self, header: str) -> None:
        request = RequestFactory().get(
            "/",
            REMOTE_ADDR="127.0.0.1",
            headers={header: "127.0.0.1", "X-Forwarded-Proto": "https"},
        )

        assert not came_privately(request)


class TestRefuseNullCharacters:
    @pytest.mark.parametrize("address", ["/api/x%00", "/api/x?name=a%00b"])
    def test_answers_by_problem_under_api(self, client: Client, address: str) -> None:
        answer = client.get(address)

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    @pytest.mark.parametrize("address", ["/x%00", "/x?name=%00"])
    def test_answers_in_words_elsewhere(self, client: Client, address: str) -> None:
        answer = client.get(address)

        assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain")

    def test_takes_a_percent_sign_before_zeros_for_what_it_is(self, client: Client) -> None:
        assert client.get("/x?rate=%2500").status_code == 200


class TestContentSecurityPolicy:
    def test_lets_pages_load_what_we_serve(self, client: Client) -> None:
        answer = client.get("/x")

        assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert answer["X-Frame-Options"] == "DENY"
        assert "camera=()" in answer["Permissions-Policy"]


class TestRefuseNullsInCookies:
    @pytest.mark.parametrize(
        "headers", [{"Cookie": 'sessionid="abc\\000def"'}, {"Cookie": "sessionid=abc%00"}]
    )
    def test_refuses_a_cookie_with_one(self, client: Client, headers: dict[str, str]) -> None:
        assert client.get("/x", headers=headers).status_code == 400
