"""The page of a SQL function: what it runs, where, and how its values are bound."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from functions.tests.console.conftest import Acme
from functions.tests.factories import save_server
from orgs.models import Organization
from orgs.services.support_access import SupportAccess, set_support_access
from orgs.tests.factories import UserFactory
from orgs.tests.pages import read_page

QUERY = """\
provider: DATA_PROVIDER_SQL
method: query
connection: erp
query: |
  -- <script>alert(1)</script>
  SELECT id FROM dbo.Orders WHERE region = @region
parameters:
  region: {type: string, required: true, value: crm}
  since: {type: date}
  x-key: {type: string}
"""
PROCEDURE = """\
provider: DATA_PROVIDER_SQL
method: execute
connection: erp
procedure: dbo.ReserveStock
parameters:
  photo: {type: file, encoding: binary}
  lines: {type: array}
  reservation: {type: number, location: output}
"""
MOST_QUERIES = 20

type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]


@pytest.fixture
def acme(acme: Acme) -> Acme:
    acme.publish(list_orders=QUERY, reserve_stock=PROCEDURE)
    return acme


def page_of(browser: Client, acme: Acme, name: str) -> str:
    answer = browser.get(reverse("function", args=[acme.solution.pk, name]))
    assert answer.status_code == 200
    read_page(answer)
    return answer.content.decode().split("<main")[1]


class TestStatement:
    def test_stands_beside_its_connection(
        self, browser: Client, acme: Acme, django_assert_max_num_queries: type_of_bound
    ) -> None:
        save_server(acme.solution, by=acme.owner)

        with django_assert_max_num_queries(MOST_QUERIES):
            page = page_of(browser, acme, "list-orders")

        assert '<span class="code-key">@region</span>' in page
        assert reverse("solution-connection", args=[acme.solution.pk, "erp"]) in page
        assert "No such connection yet" not in page

    def test_of_a_procedure_is_its_name(self, browser: Client, acme: Acme) -> None:
        page = page_of(browser, acme, "reserve-stock")

        assert 'aria-label="Procedure, T-SQL"' in page
        assert "dbo.ReserveStock" in page

    def test_leads_to_a_connection_that_is_not_there_yet(self, browser: Client, acme: Acme) -> None:
        page = page_of(browser, acme, "list-orders")

        assert "No such connection yet" in page
        new = reverse("solution-connection-new", args=[acme.solution.pk])
        assert f"{new}?name=erp" in page

    def test_leads_nobody_to_what_they_may_not_open(self, client: Client, acme: Acme) -> None:
        now = timezone.now()
        reads = SupportAccess(Organization.SupportAccess.READ, now + timedelta(hours=1))
        set_support_access(acme.organization, support=reads, by=acme.owner, now=now)
        client.force_login(UserFactory.create(is_staff=True))

        for _ in range(2):  # without the connection, and with it
            page = page_of(client, acme, "list-orders")

            assert "erp" in page
            assert "/connections/" not in page
            save_server(acme.solution, by=acme.owner)

    def test_is_not_html(self, browser: Client, acme: Acme) -> None:
        assert "<script>alert" not in page_of(browser, acme, "list-orders")

    def test_is_not_there_for_a_stranger(self, stranger: Client, acme: Acme) -> None:
        address = reverse("function", args=[acme.solution.pk, "list-orders"])

        assert stranger.get(address).status_code == 404

    def test_is_nothing_of_a_web_services(self, browser: Client, acme: Acme) -> None:
        acme.publish(near="provider: DATA_PROVIDER_REST\nurl: https://crm.example.com\n")

        assert "Bound as" not in page_of(browser, acme, "near")


class TestParameters:
    def test_say_what_they_are_bound_as(self, browser: Client, acme: Acme) -> None:
        query = page_of(browser, acme, "list-orders")
        procedure = page_of(browser, acme, "reserve-stock")

        for words in ("nvarchar(4000)", "as its value is", "not bound"):
            assert words in query
        for words in ("varbinary(max)", "decimal(38,10)", "as JSON"):
            assert words in procedure

    def test_name_no_credential(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", "s3cret-value")

        page = page_of(browser, acme, "list-orders")

        assert 'name="parameter-region"' in page
        assert 'name="parameter-since"' in page
        assert "s3cret-value" not in page


class TestList:
    def test_says_what_is_done(self, browser: Client, acme: Acme) -> None:
        page = browser.get("/functions").content.decode()

        assert ">query</span>" in page
        assert ">execute</span>" in page
