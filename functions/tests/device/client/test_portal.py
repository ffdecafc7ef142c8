import pytest
from werkzeug import Response

from functions.device.portal import Portal, checked_address
from functions.device.refusals import Refused, Unreachable, Unusable
from functions.tests.device.client.portal import FakePortal, problem
from tests.conftest import free_port


class TestAddress:
    @pytest.mark.parametrize(
        "address",
        [
            "http://portal.example",
            "http://10.0.0.1:8000",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "portal.example",
            "https://",
            "https://mia:secret@portal.example",
            "https://portal.example/?next=1",
            "https://portal.example:port",
        ],
    )
    def test_is_refused_where_secrets_would_travel_in_clear(self, address: str) -> None:
        with pytest.raises(Unusable):
            Portal(address)

    @pytest.mark.parametrize(
        "address", ["https://portal.example", "http://127.0.0.1:8000", "http://[::1]:8000"]
    )
    def test_is_https_or_this_computer(self, address: str) -> None:
        assert checked_address(f"{address}/") == address


class TestPortal:
    def test_follows_no_redirect(self, portal: FakePortal) -> None:
        portal.answer("/old", Response(status=307, headers={"Location": "/new"}))

        with pytest.raises(Refused, match="elsewhere"):
            Portal(portal.address).request("POST", "/old", token="secret", json={})

        assert portal.paths() == ["/old"]

    def test_says_what_a_problem_says_with_its_fields(self, portal: FakePortal) -> None:
        faults = [{"pointer": "/parameters/limit", "detail": "This must be a number."}]
        portal.answer("/refuse", problem(422, "parameter_type", "Some are.", errors=faults))

        with pytest.raises(Refused) as refusal:
            Portal(portal.address).request("POST", "/refuse", json={})

        assert refusal.value.detail == "Some are. limit: This must be a number."
        assert (refusal.value.status, refusal.value.code) == (422, "parameter_type")

    def test_takes_no_page_for_a_portal(self, portal: FakePortal) -> None:
        portal.answer("/page", Response("<h1>Hello</h1>", content_type="text/html"))

        with pytest.raises(Refused, match="not a portal"):
            Portal(portal.address).post("/page", {})

    def test_takes_no_answer_that_nests_without_an_end(self, portal: FakePortal) -> None:
        deep = "[" * 100_000 + "]" * 100_000
        portal.answer("/deep", Response(deep, content_type="application/json"))

        with pytest.raises(Refused, match="not a portal"):
            Portal(portal.address).post("/deep", {})

    def test_takes_nothing_for_granted(self, portal: FakePortal) -> None:
        portal.answer("/half", {"results": [{}]})

        said = Portal(portal.address).post("/half", {})

        with pytest.raises(Refused, match="not a portal"):
            said["next"]
        with pytest.raises(Refused, match="not a portal"):
            said["results"][0]["id"]

    def test_says_that_nobody_answers_without_the_path(self) -> None:
        with pytest.raises(Unreachable) as refusal:
            Portal(f"http://127.0.0.1:{free_port()}").request("GET", "/with-a-secret")

        assert "secret" not in refusal.value.detail
        assert refusal.value.__cause__ is refusal.value.__context__ is None
