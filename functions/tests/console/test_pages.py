"""Every page: what it shows, to whom, at what price."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from auth_providers.models import Device
from auth_providers.services.apps import installation_app
from functions.console.calls import PAGE_SIZE
from functions.models import CallRecord
from functions.tests.console.conftest import Acme
from functions.tests.factories import CallRecordFactory
from orgs.models import Solution
from orgs.services.organizations import found_organization
from orgs.tests.pages import read_page

MOST_QUERIES = 20
type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]


@pytest.fixture
def busy(acme: Acme) -> Acme:
    """Acme on a day with calls of every kind, a credential, and many functions."""
    acme.publish(
        list_customers=LIST,
        **{f"function_{number}": LIST for number in range(30)},
    )
    acme.save_secret("crm", "s3cret-value")
    for status in CallRecord.Status.values:
        for minutes in range(0, 200, 20):
            acme.log_call(status=status, started_at=timezone.now() - timedelta(minutes=minutes))
    return acme


WITH_CREDENTIALS = """\
provider: DATA_PROVIDER_REST
url: https://crm.example.com/customers
parameters:
  region: {location: query}
  since: {location: query, type: string, value: =$now()}
  accessToken: {location: header, type: string, value: crm}
  basicAuth: {location: header}
  x-key: {location: secret, value: vault}
  signature: {location: header, type: oauth, value: API_KEY}
"""
LIST = "provider: DATA_PROVIDER_REST\nurl: https://crm.example.com/customers\n"


def pages_of(acme: Acme) -> Iterator[str]:
    yield from ("/", "/solutions", "/functions", "/calls")
    yield f"/solutions/{acme.solution.pk}"
    yield f"/solutions/{acme.solution.pk}/functions/list-customers"
    yield f"/calls/{acme.organization.calls.first().pk}"  # type: ignore[union-attr]


class TestEveryPage:
    def test_is_sound_and_asks_the_database_a_bounded_number_of_questions(
        self, browser: Client, busy: Acme, django_assert_max_num_queries: type_of_bound
    ) -> None:
        for address in pages_of(busy):
            with django_assert_max_num_queries(MOST_QUERIES):
                response = browser.get(address)

            assert response.status_code == 200, address
            read_page(response)

    def test_is_not_there_for_a_stranger(self, stranger: Client, busy: Acme) -> None:
        for address in list(pages_of(busy))[4:]:
            assert stranger.get(address).status_code == 404, address

    def test_tells_a_stranger_nothing_in_its_lists(self, stranger: Client, busy: Acme) -> None:
        for address in list(pages_of(busy))[:5]:
            page = stranger.get(address).content.decode()

            assert "list-customers" not in page
            assert "Field" not in page

    def test_sends_somebody_unknown_to_sign_in(self, client: Client, busy: Acme) -> None:
        for address in pages_of(busy):
            response = client.get(address)

            assert response.headers["Location"] == f"/accounts/login/?next={address}"

    def test_is_not_for_who_only_uses_the_app(self, client: Client, busy: Acme) -> None:
        client.force_login(busy.technician)

        for address in pages_of(busy):
            assert client.get(address).status_code == 403, address

    def test_never_shows_a_secret(self, browser: Client, busy: Acme) -> None:
        for address in pages_of(busy):
            assert b"s3cret-value" not in browser.get(address).content


class TestOverview:
    def test_says_what_is_still_to_set_up(self, browser: Client, acme: Acme) -> None:
        page = browser.get("/").content.decode()

        assert "1 of 4 done" in page
        assert "Add a credential" in page
        assert "No calls yet" in page

    def test_says_no_more_of_it_once_all_is_done(self, browser: Client, acme: Acme) -> None:
        acme.log_call()
        acme.save_secret("crm", "s3cret-value")
        Device.objects.create(
            user=acme.technician,
            app=installation_app(),
            expires_at=timezone.now() + timedelta(days=1),
        )

        assert "Set-up" not in browser.get("/").content.decode()


class TestSolutions:
    def test_counts_live_functions_and_people(self, browser: Client, acme: Acme) -> None:
        acme.publish(open_orders=LIST)
        Solution.objects.create(organization=acme.organization, name="empty", title="Empty")

        shown = browser.get("/solutions").context["solutions"]

        counts = {solution.name: (solution.functions, solution.people) for solution in shown}
        assert counts == {"field": (1, 3), "empty": (0, 0)}

    def test_multiplies_no_functions_by_people(
        self, browser: Client, acme: Acme, django_assert_max_num_queries: type_of_bound
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES) as queries:
            browser.get("/solutions")

        statements = [query["sql"] for query in queries]
        (counting,) = (sql for sql in statements if "functions_functiondefinition" in sql)
        assert "OUTER JOIN" not in counting

    def test_shows_a_creator_their_own_only(self, client: Client, acme: Acme) -> None:
        client.force_login(acme.creator)
        acme.solution.members.filter(membership__user=acme.creator).delete()

        assert "No solutions yet" in client.get("/solutions").content.decode()
        assert client.get(f"/solutions/{acme.solution.pk}").status_code == 404

    def test_shows_who_saved_a_credential_and_where_it_goes(
        self, browser: Client, acme: Acme
    ) -> None:
        acme.save_secret("crm", "s3cret-value")

        page = browser.get(f"/solutions/{acme.solution.pk}").content.decode()

        assert "https://crm.example.com" in page
        assert "Olga" in page

    def test_shows_the_organization_of_the_solution_that_is_open(
        self, browser: Client, acme: Acme
    ) -> None:
        found_organization("Aardvark", owner=acme.owner)

        page = browser.get(f"/solutions/{acme.solution.pk}").content.decode()

        assert "Organization: Acme" in page

    def test_says_which_addresses_to_let_through(
        self, browser: Client, acme: Acme, settings: Settings
    ) -> None:
        settings.EGRESS_ADDRESSES = ["203.0.113.7"]

        page = browser.get(f"/solutions/{acme.solution.pk}").content.decode()

        assert 'data-copy="203.0.113.7"' in page


class TestFunctions:
    def test_finds_by_a_part_of_the_name(self, browser: Client, acme: Acme) -> None:
        page = browser.get("/functions?search=CUSTOM").content.decode()

        assert "list-customers" in page
        assert "nearby-sites" not in page

    def test_narrows_to_a_solution(self, browser: Client, acme: Acme) -> None:
        here = browser.get(f"/functions?solution={acme.solution.pk}").content.decode()
        elsewhere = browser.get(f"/functions?solution={uuid.uuid4()}").content.decode()

        assert "list-customers" in here
        assert "Nothing found" in elsewhere

    def test_shows_only_what_is_live(self, browser: Client, acme: Acme) -> None:
        acme.publish(open_orders=LIST)

        page = browser.get("/functions").content.decode()

        assert "open-orders" in page
        assert "list-customers" not in page


class TestFunction:
    def test_shows_the_definition_as_it_was_published(self, browser: Client, acme: Acme) -> None:
        response = browser.get(f"/solutions/{acme.solution.pk}/functions/list-customers")

        page = response.content.decode()
        assert "One page is enough." in page
        assert '<span class="code-key">provider</span>' in page

    def test_names_the_credential_and_asks_for_no_value_of_it(
        self, browser: Client, acme: Acme
    ) -> None:
        acme.save_secret("crm", "s3cret-value")

        response = browser.get(f"/solutions/{acme.solution.pk}/functions/list-customers")

        page = response.content.decode()
        assert 'name="parameter-region"' in page
        assert 'name="parameter-x-api-key"' not in page

    def test_asks_for_no_token_or_password_of_a_service(self, browser: Client, acme: Acme) -> None:
        acme.publish(list_customers=WITH_CREDENTIALS)

        response = browser.get(f"/solutions/{acme.solution.pk}/functions/list-customers")

        asked = list(response.context["form"].fields)
        assert asked == ["region", "since"]
        shown = {parameter.name: parameter for parameter in response.context["parameters"]}
        assert {name: one.credential for name, one in shown.items() if one.credential} == {
            "accessToken": "crm",
            "basicAuth": "basicAuth",
            "x-key": "vault",
            "signature": "API_KEY",
        }
        assert shown["since"].default == "=$now()"

    def test_counts_the_day(self, browser: Client, acme: Acme) -> None:
        for status in ("OK", "OK", "OK", "ERROR"):
            acme.log_call(status=status)
        acme.log_call(started_at=timezone.now() - timedelta(days=2))

        response = browser.get(f"/solutions/{acme.solution.pk}/functions/list-customers")

        assert "25.0 %" in response.content.decode()

    def test_is_gone_with_the_version_that_had_it(self, browser: Client, acme: Acme) -> None:
        acme.publish(open_orders=LIST)

        response = browser.get(f"/solutions/{acme.solution.pk}/functions/list-customers")

        assert response.status_code == 404


class TestCalls:
    def test_narrows_by_status_function_and_correlation_id(
        self, browser: Client, acme: Acme
    ) -> None:
        failed = acme.log_call("list-customers", status="ERROR", error_name="UpstreamError")
        fine = acme.log_call("open-orders")

        for query, shown, hidden in (
            ("status=ERROR", failed, fine),
            ("function=open", fine, failed),
            (f"correlation={failed.pk}", failed, fine),
            (f"solution={acme.solution.pk}&status=OK", fine, failed),
        ):
            page = browser.get(f"/calls?{query}").content.decode()

            assert f"/calls/{shown.pk}" in page, query
            assert f"/calls/{hidden.pk}" not in page, query

    @pytest.mark.parametrize(
        "query", ["correlation=nonsense", "solution=1", "before=x", "status=x"]
    )
    def test_stands_words_that_mean_nothing(self, browser: Client, acme: Acme, query: str) -> None:
        assert browser.get(f"/calls?{query}").status_code == 200

    def test_goes_on_where_the_page_before_ended(self, browser: Client, acme: Acme) -> None:
        moment = timezone.now()
        rows = [acme.log_call(started_at=moment) for _ in range(PAGE_SIZE + 3)]

        first = browser.get("/calls").content.decode()
        boundary = first.split("before=")[1].split('"')[0]
        second = browser.get(f"/calls?before={boundary}").content.decode()

        for row in rows:
            assert (f"/calls/{row.pk}" in first) != (f"/calls/{row.pk}" in second)

    def test_shows_a_creator_the_calls_of_their_solutions(self, client: Client, acme: Acme) -> None:
        client.force_login(acme.creator)
        call = acme.log_call()
        assert client.get(f"/calls/{call.pk}").status_code == 200

        acme.solution.members.filter(membership__user=acme.creator).delete()

        assert client.get(f"/calls/{call.pk}").status_code == 404
        assert str(call.pk) not in client.get("/calls").content.decode()

    def test_says_which_service_sent_a_secret_back(self, browser: Client, acme: Acme) -> None:
        quiet = CallRecordFactory.create(solution=acme.solution)
        loud = CallRecordFactory.create(solution=acme.solution, echoed_secret=True)

        listed, page, other = (
            browser.get(path).content.decode()
            for path in ("/calls", f"/calls/{loud.pk}", f"/calls/{quiet.pk}")
        )

        assert listed.count("Sent a secret back") == 1
        assert "The service sent a secret back" in page
        assert "secret back" not in other

    def test_shows_a_call_whose_person_is_gone(self, browser: Client, acme: Acme) -> None:
        call = acme.log_call(user=None, status="NO_REPLY", error_name="call_timeout")

        page = browser.get(f"/calls/{call.pk}").content.decode()

        assert "Somebody who is gone" in page
        assert "call_timeout" in page


class TestJump:
    def test_goes_to_a_call_by_its_correlation_id(self, browser: Client, acme: Acme) -> None:
        call = acme.log_call()

        assert browser.get(f"/jump?to={call.pk}").headers["Location"] == f"/calls/{call.pk}"

    def test_goes_to_a_solution_by_its_id(self, browser: Client, acme: Acme) -> None:
        address = f"/solutions/{acme.solution.pk}"

        assert browser.get(f"/jump?to={acme.solution.pk}").headers["Location"] == address

    @pytest.mark.parametrize(
        ("words", "name"), [("Nearby-Sites", "nearby-sites"), ("openorders", "openOrders")]
    )
    def test_goes_to_a_function_by_its_whole_name(
        self, browser: Client, acme: Acme, words: str, name: str
    ) -> None:
        acme.publish(nearby_sites=LIST, orders=f"functionId: openOrders\n{LIST}")
        address = f"/solutions/{acme.solution.pk}/functions/{name}"

        assert browser.get(f"/jump?to={words}").headers["Location"] == address

    def test_searches_for_everything_else(self, browser: Client, acme: Acme) -> None:
        response = browser.get("/jump?to=a%26b&page=2")

        assert response.headers["Location"] == "/functions?search=a%26b"

    def test_leads_a_stranger_nowhere(self, stranger: Client, acme: Acme) -> None:
        call = acme.log_call()

        response = stranger.get(f"/jump?to={call.pk}")

        assert response.headers["Location"] == f"/functions?search={call.pk}"
