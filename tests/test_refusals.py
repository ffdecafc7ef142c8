"""Each way in which a call is refused, as a phone sees it."""

from typing import Any

import pytest
import requests
from django.utils import timezone

from auth_providers.services.apps import create_app
from auth_providers.services.issuing import issue_tokens
from auth_providers.services.personal_access_tokens import create_personal_access_token
from orgs.models import Membership, SolutionMember
from orgs.services.organizations import found_organization
from orgs.services.people import admit_member, register_person
from orgs.services.solutions import give_solution_role
from tests.conftest import Installation
from tests.people import PASSWORD, Field

DEFINITION = """
provider: DATA_PROVIDER_REST
url: http://127.0.0.1:9/
parameters:
  count: {location: query, type: int, required: true}
  note: {location: query, type: string}
"""
LOCAL = "provider: DATA_PROVIDER_REST\nurl: http://127.0.0.1:9/\nuseLocalCall: true\n"


@pytest.fixture
def field(field: Field) -> Field:
    field.publish(count=DEFINITION, local=LOCAL)
    return field


def assert_problem(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that this is a whole problem document, and return it."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert {"type", "title", "detail", "correlation_id"} <= set(problem)
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0
    return problem


class TestWho:
    def test_a_stranger(self, field: Field) -> None:
        field.token = "nobody's"

        answer = field.call("count", count=1)

        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_member_of_another_organization(self, field: Field) -> None:
        register_person("eve@other.example", password=PASSWORD)
        field.sign_in("eve@other.example")

        assert_problem(field.call("count", count=1), 404, "solution_unknown")

    def test_another_organization_s_app(self, field: Field) -> None:
        """Its person is in both, and may run this solution with an app that goes anywhere."""
        other = found_organization("Other", owner=field.technician)
        app = create_app(
            other, name="Branded", redirect_urls=["https://other.example/cb"], by=field.technician
        )
        field.token = issue_tokens(
            field.technician, app=app, description={}, now=timezone.now()
        ).access_token

        assert_problem(field.call("count", count=1), 404, "solution_unknown")

    def test_a_person_who_is_denied(self, field: Field) -> None:
        membership = field.organization.memberships.get(user=field.technician)
        give_solution_role(
            field.solution, membership=membership, role=SolutionMember.Role.DENY, by=field.owner
        )

        assert_problem(field.call("count", count=1), 404, "solution_unknown")

    def test_a_person_who_may_build_but_not_run(self, field: Field) -> None:
        editor = register_person("ed@acme.example", password=PASSWORD)
        membership = admit_member(
            editor, organization=field.organization, role=Membership.Role.CREATOR, by=field.owner
        ).membership
        give_solution_role(
            field.solution, membership=membership, role=SolutionMember.Role.EDITOR, by=field.owner
        )
        field.sign_in(editor.email)

        assert_problem(field.call("count", count=1), 403, "not_allowed")

    def test_a_person_who_was_disabled(self, field: Field) -> None:
        field.technician.is_active = False
        field.technician.save()

        assert_problem(field.call("count", count=1), 401, "unauthenticated")

    def test_a_script_where_the_organization_lets_none(self, field: Field) -> None:
        field.token = create_personal_access_token(
            field.owner, name="script", scopes=["functions:run"], by=None, now=timezone.now()
        ).secret

        assert_problem(field.call("count", count=1), 403, "scripts_not_allowed")

    def test_a_script_without_the_scope(self, field: Field) -> None:
        field.token = create_personal_access_token(
            field.owner, name="script", scopes=["solutions:read"], by=None, now=timezone.now()
        ).secret

        assert_problem(field.call("count", count=1), 403, "insufficient_scope")


class TestWhat:
    def test_an_unknown_function(self, field: Field) -> None:
        assert_problem(field.call("nothing"), 404, "function_unknown")

    def test_a_function_of_the_device(self, field: Field) -> None:
        assert_problem(field.call("local"), 422, "runs_on_device")

    def test_another_method(self, field: Field) -> None:
        path = f"{field.address}/api/v1/solutions/{field.solution.pk}/functions/count/calls"

        answer = requests.get(path, timeout=10)

        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "POST"

    def test_an_unknown_path(self, field: Field) -> None:
        answer = requests.get(f"{field.address}/api/v1/nothing", timeout=10)

        assert_problem(answer, 404, "not_found")


class TestWith:
    @pytest.mark.parametrize(
        ("parameters", "code", "pointer"),
        [
            ({}, "parameter_missing", "/parameters/count"),
            ({"count": None}, "parameter_missing", "/parameters/count"),
            ({"count": 1, "cuont": 2}, "parameter_unknown", "/parameters/cuont"),
            ({"count": "one"}, "parameter_type", "/parameters/count"),
            ({"count": 1, "note": 7}, "parameter_type", "/parameters/note"),
        ],
    )
    def test_parameters_that_do_not_fit(
        self, field: Field, parameters: dict[str, Any], code: str, pointer: str
    ) -> None:
        answer = field.call("count", {"parameters": parameters})

        problem = assert_problem(answer, 422, code)
        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
            (pointer, code)
        ]

    def test_more_faults_than_anybody_reads(self, field: Field) -> None:
        unknown = {f"unknown{number}": 1 for number in range(1000)}

        answer = field.call("count", {"parameters": {"count": 1, **unknown}})

        assert len(assert_problem(answer, 422, "parameter_unknown")["errors"]) == 20

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ([], ""),
            ({"parameters": []}, "/parameters"),
            ({"parameters": {}, "entity": 1}, "/entity"),
            ({"parameters": {}, "parameter": {}}, "/parameter"),
        ],
    )
    def test_a_body_that_is_no_call(self, field: Field, body: Any, pointer: str) -> None:
        problem = assert_problem(field.call("count", body), 422, "invalid")

        assert problem["errors"][0]["pointer"] == pointer

    def test_a_body_that_is_no_json(self, field: Field) -> None:
        answer = requests.post(
            f"{field.address}/api/v1/solutions/{field.solution.pk}/functions/count/calls",
            data=b"{",
            headers={"Authorization": f"Bearer {field.token}"},
            timeout=10,
        )

        assert_problem(answer, 400, "malformed")

    @pytest.mark.parametrize("size", [7_000_000, 30_000_000])
    def test_a_body_that_is_too_large(self, field: Field, size: int) -> None:
        answer = field.call("count", {"parameters": {"note": "x" * size}})

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("key", ["", "x" * 300])
    def test_a_key_that_is_none(self, field: Field, key: str) -> None:
        answer = requests.post(
            f"{field.address}/api/v1/solutions/{field.solution.pk}/functions/count/calls",
            json={"parameters": {"count": 1}},
            headers={"Authorization": f"Bearer {field.token}", "Idempotency-Key": key},
            timeout=10,
        )

        assert_problem(answer, 422, "idempotency_key_invalid")


class TestHow:
    def test_over_plain_http_through_a_proxy(self, field: Field) -> None:
        answer = requests.post(
            f"{field.address}/api/v1/solutions/{field.solution.pk}/functions/count/calls",
            json={},
            headers={"X-Forwarded-For": "203.0.113.7"},
            timeout=10,
        )

        assert_problem(answer, 403, "tls_required")

    def test_past_the_queue_s_bound(self, installation: Installation, field: Field) -> None:
        with installation.web(LANE_QUEUE_LENGTH="0") as field.address:
            answer = field.call("count", count=1)

        assert_problem(answer, 503, "queue_full")

    def test_past_the_organization_s_bound(self, installation: Installation, field: Field) -> None:
        with installation.web(LANE_CALLS_PER_ORGANIZATION="0") as field.address:
            answer = field.call("count", count=1)

        assert_problem(answer, 429, "too_many_calls")

    def test_without_a_broker(self, installation: Installation, field: Field) -> None:
        with installation.web(REDIS_URL="redis://127.0.0.1:9/0") as field.address:
            answer = field.call("count", count=1)

        assert_problem(answer, 503, "broker_unavailable")

    def test_signing_in_to_the_console_without_a_broker(
        self, installation: Installation, field: Field
    ) -> None:
        with installation.web(REDIS_URL="redis://127.0.0.1:9/0") as address:
            browser = requests.Session()
            browser.get(f"{address}/accounts/login/", timeout=10)
            answer = browser.post(
                f"{address}/accounts/login/",
                data={
                    "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                    "login": field.owner.email,
                    "password": PASSWORD,
                },
                timeout=10,
            )

        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
