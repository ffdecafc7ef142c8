"""A person's account at an outside service, from consent to call: and nothing of it in clear."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.configuration_fields import ConfigurationFields
from functions.services.oauth_credentials import save_oauth_credential
from tests.conftest import Installation
from tests.people import Field
from tests.test_markers import everywhere

REDIRECT = "http://127.0.0.1/callback"
ON_SERVER = """
provider: DATA_PROVIDER_REST
url: {service}/rows
parameters:
  accessToken: {{location: header, required: true, value: crm}}
"""
ON_DEVICE = ON_SERVER + "useLocalCall: true\n"
FOR_US = """
provider: DATA_PROVIDER_REST
url: {service}/whoami
parameters:
  accessToken: {{location: header, value: jigx}}
"""


@dataclass
class Outside:
    """A provider whose access tokens end at once, and a service that takes the third alone."""

    marker: str
    grants: list[dict[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def token(self, request: Request) -> Response:
        self.grants.append(request.form.to_dict())
        number = len(self.grants)
        return _json(
            {
                "access_token": f"{self.marker}access{number}",
                "refresh_token": f"{self.marker}refresh{number}",
                "token_type": "Bearer",
                "expires_in": 1 if number == 1 else 3600,
            }
        )

    def rows(self, request: Request) -> Response:
        said = request.headers["Authorization"]
        self.heard.append(said)
        return _json({"said": said}, status=200 if said.endswith("access3") else 401)

    def whoami(self, request: Request) -> Response:
        self.heard.append(request.headers["Authorization"])
        return _json({"said": request.headers["Authorization"]})


def _json(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/json")


@pytest.fixture
def outside(httpserver: HTTPServer) -> Outside:
    outside = Outside(f"marker{secrets.token_hex(8)}")
    for name in ("token", "rows", "whoami"):
        httpserver.expect_request(f"/{name}").respond_with_handler(getattr(outside, name))
    return outside


class TestOutsideAccount:
    def test_is_used_by_calls_and_found_nowhere(
        self, installation: Installation, field: Field, httpserver: HTTPServer, outside: Outside
    ) -> None:
        service = httpserver.url_for("").rstrip("/")
        self.arrange(field, service, outside)

        before = field.call("list-rows").json()
        self.connect(field, outside)
        during = field.call("list-rows").json()
        given = self.post(field, "token").json()

        assert before["error"]["name"] == "OAuthCredentialsMissingError"
        assert before["error"]["details"] == {"credential": "crm"}
        assert during["output"] == {"said": "Bearer ***"}, during
        assert outside.heard == [f"Bearer {outside.marker}access{n}" for n in (2, 3)]
        assert [grant["grant_type"] for grant in outside.grants] == [
            "authorization_code",
            "refresh_token",
            "refresh_token",
        ]
        assert given["access_token"] == f"{outside.marker}access3"
        places = dict(everywhere(installation))
        found = [place for place, content in places.items() if outside.marker.encode() in content]
        assert found == []

    def test_tells_a_service_who_calls_by_a_token_of_ours(
        self, field: Field, httpserver: HTTPServer, outside: Outside
    ) -> None:
        service = httpserver.url_for("").rstrip("/")
        self.arrange(field, service, outside)

        answer = field.call("who-am-i").json()

        (said,) = outside.heard
        assert answer["output"] == {"said": "Bearer ***"}
        refused = requests.get(
            f"{field.address}/api/v1/me", headers={"Authorization": said}, timeout=10
        )
        assert refused.status_code == 401

    def arrange(self, field: Field, service: str, outside: Outside) -> None:
        definitions = {"list_rows": ON_SERVER, "near_rows": ON_DEVICE, "who_am_i": FOR_US}
        field.publish(**{name: text.format(service=service) for name, text in definitions.items()})
        save_oauth_credential(
            field.solution,
            key="crm",
            fields=ConfigurationFields(
                client_id="field-app",
                authorization_endpoint=f"{service}/authorize",
                token_endpoint=f"{service}/token",
                redirect_urls=(REDIRECT,),
            ),
            client_secret=f"{outside.marker}client",
            allowed_origins=[service],
            by=field.owner,
            now=timezone.now(),
        )

    def connect(self, field: Field, outside: Outside) -> None:
        verifier = new_verifier()
        asked = {"redirect_uri": REDIRECT, "code_challenge": challenge_of(verifier)}
        begun = self.post(field, "authorizations", asked).json()
        answer = {
            "state": begun["state"],
            "code": f"{outside.marker}code",
            "code_verifier": verifier,
        }
        way = f"authorizations/{begun['transaction_id']}/complete"
        assert self.post(field, way, answer).status_code == 201

    def post(self, field: Field, way: str, body: Any = None) -> requests.Response:
        path = f"/api/v1/solutions/{field.solution.pk}/credentials/crm/{way}"
        headers = {"Authorization": f"Bearer {field.token}"}
        return requests.post(field.address + path, json=body, headers=headers, timeout=20)
