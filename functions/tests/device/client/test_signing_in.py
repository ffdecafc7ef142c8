import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug import Request, Response

from functions.device.client import Device
from functions.device.loopback import NOT_THIS_ONE, Loopback, Verifier
from functions.device.portal import Portal
from functions.device.refusals import Refused, Unreachable, Unusable
from functions.device.session import TOKENS
from functions.device.signing_in import (
    by_browser,
    by_password,
    by_single_sign_on,
    standing_of_request,
)
from functions.tests.device.client.portal import (
    ME,
    FakePortal,
    ScriptedPerson,
    come_back,
    problem,
    tokens,
)

SIGN_IN = "/api/v1/auth/sign-in"
OPTION = {
    "configuration_id": "c1",
    "title": "Acme account",
    "organization": {"id": "o1", "name": "Acme"},
}
COMPLETE = "/api/v1/sso/transactions/t1/complete"


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class TestLoopback:
    def test_takes_the_one_answer_with_the_right_state(self) -> None:
        with Loopback() as loopback:
            loopback.expect("right")
            wrong = [
                requests.get(url, timeout=5)
                for url in (
                    f"{loopback.redirect_uri}?code=1&state=wrong",
                    f"{loopback.redirect_uri}?code=1",
                    loopback.redirect_uri.replace("callback", "favicon.ico?state=right"),
                )
            ]
            right = requests.get(f"{loopback.redirect_uri}?code=2&state=right", timeout=5)
            again = requests.get(f"{loopback.redirect_uri}?code=3&state=right", timeout=5)

            assert loopback.wait() == {"code": "2", "state": "right"}
        assert [answer.status_code for answer in wrong] == [400] * 3
        assert (right.status_code, again.status_code) == (200, 400)
        assert NOT_THIS_ONE in again.text

    def test_takes_nothing_before_it_expects_something(self) -> None:
        with Loopback() as loopback:
            early = requests.get(f"{loopback.redirect_uri}?code=1&state=", timeout=5)

        assert early.status_code == 400

    def test_listens_on_loopback_alone(self) -> None:
        with Loopback() as loopback:
            parts = urlsplit(loopback.redirect_uri)

        assert (parts.hostname, parts.path) == ("127.0.0.1", "/callback")
        with pytest.raises(requests.ConnectionError):
            requests.get(loopback.redirect_uri, timeout=5)

    @pytest.mark.parametrize(
        ("error", "words"), [("access_denied", "not allowed"), ("server_error", "failed")]
    )
    def test_says_that_the_person_was_turned_away(self, error: str, words: str) -> None:
        with Loopback() as loopback:
            loopback.expect("s")
            requests.get(f"{loopback.redirect_uri}?error={error}&state=s", timeout=5)

            with pytest.raises(Refused, match=words):
                loopback.wait()

    def test_waits_for_a_while_only(self) -> None:
        with Loopback() as loopback, pytest.raises(Unreachable, match="Nobody came back"):
            loopback.wait(seconds=0.01)


class TestByPassword:
    def test_asks_for_a_code_where_one_is_wanted(self, portal: FakePortal) -> None:
        def answer(request: Request) -> Response:
            if "code" not in request.json:
                return problem(401, "code_required")
            return Response(json.dumps(tokens()), content_type="application/json")

        portal.answer(SIGN_IN, answer)

        issued = by_password(
            Portal(portal.address),
            ScriptedPerson(["123456"]),
            client_id="app",
            email="mia@acme.example",
            password="secret",
        )

        assert issued == tokens()
        given = portal.heard[-1].json
        assert (given["code"], given["password"]) == ("123456", "secret")
        assert given["device"]["app_version"] == "jigxmgmt device"


class TestByBrowser:
    def test_redeems_the_code_with_what_it_began_with(self, portal: FakePortal) -> None:
        person = ScriptedPerson(browse=lambda url: come_back(url, code="c0de"))
        portal.answer("/oauth/token/", tokens())

        issued = by_browser(Portal(portal.address), person, client_id="app")

        [url] = person.visited
        asked, form = query_of(url), portal.heard[-1].form
        assert url.startswith(f"{portal.address}/oauth/authorize/?")
        assert asked["code_challenge"] == challenge_of(form["code_verifier"])
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert (form["code"], form["grant_type"]) == ("c0de", "authorization_code")
        assert issued == tokens()

    def test_begins_each_time_with_another_verifier(self) -> None:
        assert Verifier().text != Verifier().text
        assert "text" not in repr(Verifier())


class TestBySingleSignOn:
    def sign_in(self, portal: FakePortal, person: ScriptedPerson, device: Device) -> None:
        begun = {"transaction_id": "t1", "state": "st4te"}

        def begin(request: Request) -> Response:
            back = f"redirect_uri={request.json['redirect_uri']}&state=st4te"
            document = begun | {"authorization_url": f"https://id.example/authorize?{back}"}
            return Response(json.dumps(document), content_type="application/json")

        portal.answer("/api/v1/sso/transactions", begin)
        person.browse = lambda url: come_back(url, code="c0de", iss="https://id.example")
        by_single_sign_on(
            Portal(portal.address),
            person,
            client_id="app",
            email="mia@acme.example",
            keychain=device.keychain,
        )

    def test_brings_back_what_the_provider_answers(self, portal: FakePortal, folder: Path) -> None:
        portal.answer("/api/v1/sso/discover", {"options": [OPTION], "password": True})
        portal.answer(COMPLETE, tokens())

        self.sign_in(portal, ScriptedPerson(), Device(folder))

        begun, given = portal.heard[-2].json, portal.heard[-1].json
        assert begun["configuration_id"] == "c1"
        assert begun["code_challenge"] == challenge_of(given["code_verifier"])
        assert [given[name] for name in ("state", "code", "iss")] == [
            "st4te",
            "c0de",
            "https://id.example",
        ]

    def test_lets_the_person_choose_among_several(self, portal: FakePortal, folder: Path) -> None:
        options = [OPTION, OPTION | {"configuration_id": "c2"}]
        portal.answer("/api/v1/sso/discover", {"options": options, "password": True})
        portal.answer(COMPLETE, tokens())

        self.sign_in(portal, ScriptedPerson(["1"]), Device(folder))

        assert portal.heard[-2].json["configuration_id"] == "c2"

    def test_says_that_there_is_none(self, portal: FakePortal, folder: Path) -> None:
        portal.answer("/api/v1/sso/discover", {"options": [], "password": True})

        with pytest.raises(Refused, match="with a password"):
            self.sign_in(portal, ScriptedPerson(), Device(folder))

    def test_offers_to_ask_to_join(self, portal: FakePortal, folder: Path) -> None:
        portal.answer("/api/v1/sso/discover", {"options": [OPTION], "password": True})
        offered = problem(403, "access_request_available", request_token="t0ken")
        portal.answer(COMPLETE, offered)
        portal.answer("/api/v1/organizations/o1/join-requests", {})
        standing = {"organization": {"name": "Acme"}, "status": "PENDING", "reason": ""}
        portal.answer("/api/v1/join-requests/t0ken", standing, method="GET")
        device = Device(folder)

        with pytest.raises(Refused, match="`device join-request` says where that stands"):
            self.sign_in(portal, ScriptedPerson(["y", "Please."]), device)

        assert portal.heard[-1].json == {"request_token": "t0ken", "message": "Please."}
        assert standing_of_request(device.keychain) == "Your request to join Acme is pending."

    def test_asks_for_nothing_unless_the_person_agrees(
        self, portal: FakePortal, folder: Path
    ) -> None:
        portal.answer("/api/v1/sso/discover", {"options": [OPTION], "password": True})
        offered = problem(403, "access_request_available", request_token="t0ken")
        portal.answer(COMPLETE, offered)

        with pytest.raises(Refused, match="no access to Acme yet"):
            self.sign_in(portal, ScriptedPerson(["n"]), Device(folder))

        assert portal.paths()[-1] == COMPLETE


class TestSigningIn:
    def test_refuses_a_second_person_at_a_time(self, device: Device, portal: FakePortal) -> None:
        with pytest.raises(Unusable, match="Sign out first"):
            device.sign_in(portal.address, client_id="app", way=lambda _portal: tokens(2))

    def test_refuses_a_folder_that_others_may_write_in(
        self, portal: FakePortal, folder: Path
    ) -> None:
        folder.mkdir()
        folder.chmod(0o777)

        with pytest.raises(Unusable, match="others"):
            Device(folder)

    def test_keeps_the_rows_of_the_same_person(self, device: Device, portal: FakePortal) -> None:
        device.sync("field")
        device.keychain.remove(TOKENS)  # as after a revocation

        device.sign_in(portal.address, client_id="app", way=lambda _portal: tokens(2))

        assert device.synced("field").version == 1

    def test_leaves_nothing_to_another_person_who_was_slower(
        self, portal: FakePortal, folder: Path
    ) -> None:
        device = Device(folder)

        def be_slower(_portal: Portal) -> dict[str, Any]:
            device.sign_in(portal.address, client_id="app", way=lambda _portal: tokens())
            device.sync("field")
            portal.server.clear()
            portal.answer("/api/v1/me", ME | {"id": "2"}, method="GET")
            return tokens(2)

        Device(folder).sign_in(portal.address, client_id="app", way=be_slower)

        assert device.account().user["id"] == "2"
        assert device.all_synced() == []

    def test_leaves_nothing_to_another_person(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        device.sync("field")
        device.keychain.remove(TOKENS)
        portal.server.clear()
        portal.answer("/api/v1/me", ME | {"id": "2"}, method="GET")

        device.sign_in(portal.address, client_id="app", way=lambda _portal: tokens(2))

        assert device.all_synced() == []
        assert Device(folder).account().user["id"] == "2"
        assert Device(folder).keychain.read(TOKENS)["access_token"] == "access-2"
