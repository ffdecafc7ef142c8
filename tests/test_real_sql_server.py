"""A call and a connection's test through every part, to the SQL Server that is named."""

import socket
from urllib.parse import unquote

import pytest
import requests

from auth_providers.services.scopes import ALL_SCOPES
from auth_providers.tests.factories import personal_token
from functions.services.connection_fields import ConnectionFields
from functions.services.connections import save_connection
from functions.tests.sql_server.test_real_server import URL, target_of_url
from orgs.services.organizations import allow_networks
from tests.people import Field

pytestmark = pytest.mark.real_sql_server

DEFINITION = """
provider: DATA_PROVIDER_SQL
method: query
connection: erp
query: |
  SELECT @n + 1 AS n, @name AS name;
  SELECT 2 AS second;
  IF @n = 13 THROW 50001, N'Not that one', 1;
parameters:
  n: {type: int, required: true}
  name: {type: string}
error:
  - when: =@ctx.error.details.number = 50001
    title: =@ctx.error.details.message
"""


@pytest.fixture
def connected(field: Field) -> Field:
    """Let the organization reach the server, and connect its solution."""
    target = target_of_url()
    address = socket.gethostbyname(target.host)
    allow_networks(field.organization, networks=["127.0.0.0/8", f"{address}/32"], by=None)
    save_connection(
        field.solution,
        name="erp",
        fields=ConnectionFields(
            server=target.host,
            port=target.port,
            database=target.database,
            user_name=unquote(URL.username or ""),
            certificate_host_name=target.certificate_name,
            trusts_any_certificate=target.trusts_any_certificate,
        ),
        secret=unquote(URL.password or ""),
        by=field.owner,
    )
    field.publish(count_on=DEFINITION)
    return field


class TestRealSqlServer:
    def test_answers_a_phone(self, connected: Field) -> None:
        name = "'; DROP TABLE people; -- é"

        document = connected.call("count-on", n=41, name=name).json()

        assert document["status"] == "ok", document
        assert document["output"] == [{"n": 42, "name": name}]

    def test_says_no_in_its_own_words(self, connected: Field) -> None:
        error = connected.call("count-on", n=13).json()["error"]

        assert (error["name"], error["title"]) == ("SqlError", "Not that one")
        assert (error["details"]["number"], error["details"]["line"]) == (50001, 3)

    def test_passes_the_test_of_its_connection(self, connected: Field) -> None:
        token = personal_token(connected.owner, scopes=ALL_SCOPES).secret
        path = f"/api/v1/solutions/{connected.solution.pk}/connections/erp/test"

        answer = requests.post(
            connected.address + path, headers={"Authorization": f"Bearer {token}"}, timeout=40
        )

        assert answer.json()["passed"], answer.text
