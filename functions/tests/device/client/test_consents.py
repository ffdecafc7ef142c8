import json

import pytest
from werkzeug import Request, Response

from functions.device.client import Device
from functions.device.refusals import Refused, Unusable
from functions.tests.device.client.portal import (
    SOLUTION,
    FakePortal,
    ScriptedPerson,
    come_back,
    problem,
)

BEGIN = f"/api/v1/solutions/{SOLUTION}/credentials/crm/authorizations"


class TestConnect:
    def test_brings_back_what_the_provider_answers(
        self, device: Device, portal: FakePortal
    ) -> None:
        def begin(request: Request) -> Response:
            back = f"redirect_uri={request.json['redirect_uri']}&state=st4te"
            document = {
                "transaction_id": "t1",
                "state": "st4te",
                "authorization_url": f"https://id.example/authorize?{back}",
            }
            return Response(json.dumps(document), status=201, content_type="application/json")

        portal.answer(BEGIN, begin)
        portal.answer(f"{BEGIN}/t1/complete", {"state": "CONNECTED"})
        synced, _is_new = device.sync("field")
        person = ScriptedPerson(browse=lambda url: come_back(url, code="c0de"))

        assert device.connect(synced, "crm", person=person) == "connected"

        begun, given = portal.heard[-2], portal.heard[-1].json
        assert (given["state"], given["code"]) == ("st4te", "c0de")
        assert len(given["code_verifier"]) >= 43
        assert begun.json["code_challenge_method"] == "S256"
        assert begun.headers["Idempotency-Key"]

    def test_says_what_to_register(self, device: Device, portal: FakePortal) -> None:
        portal.answer(BEGIN, problem(422, "redirect_uri_unregistered", "The app has it not."))
        synced, _is_new = device.sync("field")

        with pytest.raises(Refused, match="Register http"):
            device.connect(synced, "crm", person=ScriptedPerson())

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "mailto:a@b"])
    def test_opens_no_more_than_web_pages(
        self, device: Device, portal: FakePortal, url: str
    ) -> None:
        begun = {"transaction_id": "t1", "state": "s", "authorization_url": url}
        portal.answer(BEGIN, begun)
        synced, _is_new = device.sync("field")
        person = ScriptedPerson()

        with pytest.raises(Unusable, match="no web page"):
            device.connect(synced, "crm", person=person)

        assert person.visited == []
