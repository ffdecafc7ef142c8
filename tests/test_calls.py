"""The main job through every part: phone, web server, broker, worker, the customer's service."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from functions.models import CallRecord
from functions.services.credentials import remove_credential
from tests.conftest import Installation, wait_until
from tests.people import Field

LIST = """
provider: DATA_PROVIDER_REST
method: GET
url: {service}/customers
parameters:
  region: {{location: query, type: string, required: true}}
  x-api-key: {{location: credential, required: true, value: crm}}
outputTransform: |
  $.value.{{"id": $string(id), "name": name}}
"""
CREATE = """
provider: DATA_PROVIDER_REST
method: POST
url: {service}/customers
parameters:
  name: {{location: body, type: string, required: true}}
"""


@pytest.fixture
def service(httpserver: HTTPServer) -> str:
    return httpserver.url_for("").rstrip("/")


class TestCall:
    def test_brings_the_rows_home(self, field: Field, httpserver: HTTPServer, service: str) -> None:
        httpserver.expect_request(
            "/customers", query_string={"region": "EU"}, headers={"x-api-key": "s3cret-key"}
        ).respond_with_json({"value": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}]})
        field.publish(list_customers=LIST.format(service=service))
        field.save_api_key("crm", "s3cret-key", service)

        answer = field.call("list-customers", region="EU")

        assert answer.status_code == 200, answer.text
        document = answer.json()
        rows = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Ben"}]
        assert (document["status"], document["output"], document["records"]) == ("ok", rows, rows)
        assert document["upstream"] == {"status": 200, "pages": 1}
        assert document["version"] == 1
        assert answer.headers["X-Correlation-Id"] == document["correlation_id"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_leaves_a_row_without_values(
        self, field: Field, httpserver: HTTPServer, service: str
    ) -> None:
        httpserver.expect_request("/customers").respond_with_json({"value": []})
        field.publish(list_customers=LIST.format(service=service))
        field.save_api_key("crm", "s3cret-key", service)

        document = field.call("list-customers", region="EU").json()

        wait_until(lambda: CallRecord.objects.exists())
        record = CallRecord.objects.get()
        assert str(record.pk) == document["correlation_id"]
        assert (record.user, record.status, record.source) == (field.technician, "OK", "DEVICE")
        assert (record.function_name, record.version) == ("list-customers", 1)
        assert record.response_bytes > 0

    def test_stops_using_a_credential_with_the_next_call(
        self, field: Field, httpserver: HTTPServer, service: str
    ) -> None:
        httpserver.expect_request("/customers").respond_with_json({"value": []})
        field.publish(list_customers=LIST.format(service=service))
        field.save_api_key("crm", "s3cret-key", service)
        assert field.call("list-customers", region="EU").json()["status"] == "ok"

        remove_credential(field.solution, key="crm", by=field.owner)

        assert field.call("list-customers", region="EU").json()["error"]["name"] == (
            "CredentialMissing"
        )

    def test_sends_a_secret_to_its_origins_only(
        self, field: Field, httpserver: HTTPServer, service: str
    ) -> None:
        field.publish(list_customers=LIST.format(service=service))
        field.save_api_key("crm", "s3cret-key", "https://api.example.com")

        answer = field.call("list-customers", region="EU").json()

        assert answer["error"]["name"] == "CredentialOriginRefused"
        assert httpserver.log == []

    def test_masks_a_secret_that_comes_back_and_flags_it(
        self, field: Field, httpserver: HTTPServer, service: str
    ) -> None:
        rows = {"value": [{"id": 1, "name": "Ann, s3cret-key"}]}
        httpserver.expect_request("/customers").respond_with_json(rows)
        field.publish(list_customers=LIST.format(service=service))
        field.save_api_key("crm", "s3cret-key", service)

        answer = field.call("list-customers", region="EU")

        assert answer.json()["output"] == {"id": "1", "name": "Ann, ***"}
        wait_until(lambda: CallRecord.objects.exists())
        assert CallRecord.objects.get().echoed_secret

    def test_serves_many_at_once(self, field: Field, httpserver: HTTPServer, service: str) -> None:
        def echo(request: Request) -> Response:
            return Response(f'{{"n": {request.args["n"]}}}', content_type="application/json")

        httpserver.expect_request("/echo").respond_with_handler(echo)
        definition = f"""
provider: DATA_PROVIDER_REST
url: {service}/echo
parameters:
  n: {{location: query, type: int, required: true}}
"""
        field.publish(echo=definition)

        with ThreadPoolExecutor(16) as phones:
            answers = list(phones.map(lambda n: field.call("echo", n=n).json(), range(64)))

        assert [answer["output"]["n"] for answer in answers] == list(range(64))


class TestIdempotencyKey:
    def test_runs_a_call_once(self, field: Field, httpserver: HTTPServer, service: str) -> None:
        httpserver.expect_request("/customers").respond_with_json({"id": 7}, status=201)
        field.publish(create_customer=CREATE.format(service=service))
        first = field.call("create-customer", key="k1", name="Ann").json()

        repeated = field.call("create-customer", key="k1", name="Ann")

        assert repeated.status_code == 409
        problem = repeated.json()
        assert problem["code"] == "already_ran"
        assert (problem["status"], problem["call_status"]) == (409, "ok")
        assert problem["correlation_id"] == first["correlation_id"]
        assert len(httpserver.log) == 1

    def test_runs_a_race_once(self, field: Field, httpserver: HTTPServer, service: str) -> None:
        httpserver.expect_request("/customers").respond_with_json({"id": 7}, status=201)
        field.publish(create_customer=CREATE.format(service=service))
        key = str(uuid.uuid4())

        with ThreadPoolExecutor(8) as phones:
            calls = phones.map(
                lambda _: field.call("create-customer", key=key, name="Ann"), range(8)
            )
            codes = sorted(answer.status_code for answer in calls)

        assert codes == [200] + [409] * 7
        assert len(httpserver.log) == 1

    def test_says_so_while_the_first_still_runs(
        self, field: Field, httpserver: HTTPServer, service: str
    ) -> None:
        began, release = threading.Event(), threading.Event()

        def hold(request: Request) -> Response:
            began.set()
            release.wait(10)
            return Response('{"id": 7}', content_type="application/json")

        httpserver.expect_request("/customers").respond_with_handler(hold)
        field.publish(create_customer=CREATE.format(service=service))

        with ThreadPoolExecutor(1) as phone:
            first = phone.submit(field.call, "create-customer", key="k1", name="Ann")
            assert began.wait(10)
            repeated = field.call("create-customer", key="k1", name="Ann")
            release.set()

        assert (repeated.status_code, repeated.json()["code"]) == (409, "still_running")
        assert first.result().json()["status"] == "ok"

    def test_refuses_another_body(self, field: Field, httpserver: HTTPServer, service: str) -> None:
        httpserver.expect_request("/customers").respond_with_json({"id": 7}, status=201)
        field.publish(create_customer=CREATE.format(service=service))
        field.call("create-customer", key="k1", name="Ann")

        answer = field.call("create-customer", key="k1", name="Ben")

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


class TestWorkers:
    def test_says_so_when_there_is_none(self, installation: Installation, field: Field) -> None:
        field.publish(echo="provider: DATA_PROVIDER_REST\nurl: http://127.0.0.1:9/\n")
        elsewhere = {"REDIS_URL": installation.broker_url + "?db=1"}

        with installation.web(**elsewhere) as field.address:
            answer = field.call("echo")

        assert (answer.status_code, answer.json()["code"]) == (503, "no_worker")
        assert answer.headers["Retry-After"]
