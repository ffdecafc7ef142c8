import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug import Request, Response

from functions.device.client import Device
from functions.device.refusals import NotSignedIn, Refused, Unreachable
from functions.device.session import TOKENS, Tokens
from functions.tests.device.client.portal import ME, FakePortal, hang_up, problem, tokens

REFRESH = "/oauth/token/"


def expire(device: Device) -> None:
    """Let the access token's time be over."""
    kept = device.keychain.read(TOKENS)
    device.keychain.write(TOKENS, kept | {"expires_at": time.time() - 1})


def bearers(portal: FakePortal, path: str) -> list[str]:
    return [
        request.headers["Authorization"].removeprefix("Bearer ")
        for request in portal.heard
        if request.path == path
    ]


def forms(portal: FakePortal) -> list[tuple[str, str]]:
    """Return what refresh tokens came, each with its key."""
    came = [request for request in portal.heard if request.path == REFRESH]
    return [(each.form["refresh_token"], each.headers["Idempotency-Key"]) for each in came]


class TestTokens:
    @pytest.mark.parametrize(
        "odd",
        [
            {"expires_in": "soon"},
            {"expires_in": None},
            {"access_token": "two\nlines"},
            {"access_token": "\u20ac"},
        ],
    )
    def test_are_what_a_portal_issues(self, odd: dict[str, Any]) -> None:
        with pytest.raises(Refused, match="not a portal"):
            Tokens.of_answer(tokens() | odd)


class TestSession:
    def test_renews_before_the_end(self, device: Device, portal: FakePortal) -> None:
        portal.answer(REFRESH, tokens(2))
        expire(device)

        device.session().get("/api/v1/me")
        device.session().get("/api/v1/me")

        assert bearers(portal, "/api/v1/me")[1:] == ["access-2", "access-2"]
        [(refresh_token, _key)] = forms(portal)
        assert refresh_token == "refresh-1"

    def test_renews_once_where_its_token_is_not_taken(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.answer(REFRESH, tokens(2))
        portal.answer("/api/v1/one", refuse_first)

        device.session().post("/api/v1/one", {})

        assert bearers(portal, "/api/v1/one") == ["access-1", "access-2"]

    def test_asks_for_a_lost_answer_under_the_same_key(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.server.expect_ordered_request(REFRESH).respond_with_handler(hang_up)
        portal.server.expect_ordered_request(REFRESH).respond_with_json(tokens(2))
        expire(device)

        device.session().get("/api/v1/me")

        first, second = forms(portal)
        assert first == second
        assert device.keychain.read(TOKENS)["access_token"] == "access-2"

    def test_takes_another_key_for_the_next_pair(self, device: Device, portal: FakePortal) -> None:
        for number in (2, 3):
            portal.server.expect_ordered_request(REFRESH).respond_with_json(tokens(number))
            expire(device)
            device.session().get("/api/v1/me")

        (_token, first), (_other, second) = forms(portal)
        assert first != second

    def test_renews_once_for_many_at_a_time(self, device: Device, portal: FakePortal) -> None:
        everybody = threading.Barrier(4)
        portal.answer(REFRESH, tokens(2))
        expire(device)

        def ask() -> object:
            everybody.wait()
            return Device(device.home.folder).session().get("/api/v1/me")["id"]

        with ThreadPoolExecutor(4) as processes:
            answers = [process.result() for process in [processes.submit(ask) for _ in range(4)]]

        assert answers == [ME["id"]] * 4
        assert len(forms(portal)) == 1

    def test_forgets_its_secrets_once_the_sign_in_is_over(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.keychain = [entry()]
        device.sync("field")
        portal.answer(REFRESH, Response('{"error": "invalid_grant"}', status=400))
        expire(device)

        with pytest.raises(NotSignedIn, match="Sign in again"):
            device.session().get("/api/v1/me")

        synced = device.synced("field")
        assert device.keychain.read(TOKENS) is device.keychain.read(synced.id) is None
        with pytest.raises(NotSignedIn, match="Sign in again"):
            device.session().get("/api/v1/me")

    def test_keeps_its_tokens_while_nobody_answers(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.answer(REFRESH, hang_up)
        expire(device)

        with pytest.raises(Unreachable):
            device.session().get("/api/v1/me")

        assert device.keychain.read(TOKENS)["refresh_token"] == "refresh-1"


def refuse_first(request: Request) -> Response:
    if request.headers["Authorization"] == "Bearer access-1":
        return problem(401, "unauthenticated")
    return Response("{}", content_type="application/json")


def entry() -> dict[str, object]:
    return {
        "key": "crm",
        "type": "api_key",
        "allowed_origins": [],
        "secret": {"value": "s3cret-marker"},
    }
