"""A solution's connections in the console."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from functions.models import Connection
from functions.services.connections import secret_of
from functions.tests.console.conftest import Acme
from functions.tests.factories import PASSWORD, WITH_CONNECTION, save_server
from orgs.models import SolutionMember
from orgs.tests.pages import read_page

TYPED: dict[str, Any] = {
    "server": "sql.example.com",
    "port": "1433",
    "database": "orders",
    "sign_in": "password",
    "user_name": "reader",
    "secret": PASSWORD,
    "application_intent": "read_write",
    "connect_seconds": "15",
    "query_seconds": "30",
    "connect_retries": "1",
    "retry_seconds": "10",
}


def list_of(acme: Acme) -> str:
    return reverse("solution-connections", args=[acme.solution.pk])


def new(acme: Acme) -> str:
    return reverse("solution-connection-new", args=[acme.solution.pk])


def page_of(acme: Acme, act: str = "solution-connection", name: str = "erp") -> str:
    return reverse(act, args=[acme.solution.pk, name])


class TestList:
    def test_leads_to_the_first(self, browser: Client, acme: Acme) -> None:
        answer = browser.get(list_of(acme))

        read_page(answer)
        assert "No connections" in answer.content.decode()

    def test_says_what_functions_lack(self, browser: Client, acme: Acme) -> None:
        acme.publish(orders=WITH_CONNECTION)

        assert browser.get(list_of(acme)).context["missing"] == ["erp"]

    def test_shows_states_and_no_secret(self, browser: Client, acme: Acme) -> None:
        acme.publish(orders=WITH_CONNECTION)
        save_server(acme.solution, by=acme.owner).note_test(failed_stage="tls")
        save_server(acme.solution, by=acme.owner, name="crm", trusts_any_certificate=True)

        answer = browser.get(list_of(acme))

        read_page(answer)
        text = answer.content.decode()
        for words in ("It failed", "Encryption and certificate (TLS)", "Not tested", "1 function"):
            assert words in text
        assert "Trusts any certificate" in text
        assert PASSWORD not in text

    def test_asks_the_database_no_more_for_more(
        self, browser: Client, acme: Acme, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(6):
            save_server(acme.solution, by=acme.owner, name=f"server{number}")
        browser.get(list_of(acme))

        with django_assert_max_num_queries(20):
            browser.get(list_of(acme))

    def test_is_nothing_to_who_only_runs_the_solution(self, acme: Acme) -> None:
        SolutionMember.objects.filter(membership__user=acme.creator).update(role="USER")
        browser = Client()
        browser.force_login(acme.creator)

        assert browser.get(list_of(acme)).status_code == 404

    def test_is_nothing_to_a_stranger(self, stranger: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        for path in (list_of(acme), new(acme), page_of(acme)):
            assert stranger.get(path).status_code == 404


class TestNew:
    def test_takes_the_name_that_a_function_lacks(self, browser: Client, acme: Acme) -> None:
        acme.publish(orders=WITH_CONNECTION)

        answer = browser.get(new(acme) + "?name=erp")

        read_page(answer)
        assert answer.context["form"]["name"].value() == "erp"
        assert answer.context["uses"] == ["orders"]

    def test_saves_one(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(new(acme), TYPED | {"name": "erp", "connect_retries": "3"})

        assert answer.headers["Location"] == page_of(acme)
        connection = acme.solution.connections.get()
        assert (connection.server, connection.connect_retries) == ("sql.example.com", 3)
        assert (secret_of(connection), connection.saved_by) == (PASSWORD, acme.creator)

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"server": "tcp:sql.example.com,1433"}, "server", "the port has its own field"),
            ({"secret": ""}, "secret", "Every change asks for the secret again."),
            ({"query_seconds": "301"}, "query_seconds", "less than or equal to 300"),
            ({"sign_in": "service_principal"}, "user_name", "application (client) id"),
            ({"name": "a b"}, "name", "begin with a letter"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, browser: Client, acme: Acme, changes: dict[str, str], field: str, words: str
    ) -> None:
        answer = browser.post(new(acme), TYPED | {"name": "erp"} | changes)

        assert answer.status_code == 422
        read_page(answer)
        assert words in str(answer.context["form"].errors[field])
        assert PASSWORD not in answer.content.decode()
        assert not Connection.objects.exists()

    def test_opens_the_options_that_are_at_fault(self, browser: Client, acme: Acme) -> None:
        answer = browser.post(new(acme), TYPED | {"name": "erp", "retry_seconds": "0"})

        assert '<details class="card disclosure" open>' in answer.content.decode()

    def test_takes_a_name_once(self, browser: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        answer = browser.post(new(acme), TYPED | {"name": "erp", "server": "evil.example.com"})

        assert "name" in answer.context["form"].errors
        assert acme.solution.connections.get().server == "sql.example.com"


class TestConnection:
    def test_shows_all_but_the_secret(self, browser: Client, acme: Acme) -> None:
        acme.publish(orders=WITH_CONNECTION)
        save_server(acme.solution, by=acme.owner, trusts_any_certificate=True)

        answer = browser.get(page_of(acme))

        read_page(answer)
        text = answer.content.decode()
        for words in ("every change asks for it again", "Any certificate is trusted", "orders"):
            assert words in text
        assert PASSWORD not in text

    def test_is_saved_anew_with_its_secret_alone(self, browser: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        refused = browser.post(page_of(acme), TYPED | {"secret": "", "port": "1444"})
        taken = browser.post(page_of(acme), TYPED | {"port": "1444"})

        assert (refused.status_code, taken.status_code) == (422, 302)
        assert acme.solution.connections.get().port == 1444

    def test_shows_itself_as_the_api_takes_it(self, browser: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        answer = browser.get(page_of(acme) + "?as=json")

        read_page(answer)
        text = answer.content.decode()
        assert "&quot;server&quot;: &quot;sql.example.com&quot;" in text
        assert "data-copy=" in text
        assert PASSWORD not in text

    def test_is_not_there_under_another_name(self, browser: Client, acme: Acme) -> None:
        assert browser.get(page_of(acme, name="other")).status_code == 404


class TestRemove:
    def test_takes_the_name(self, browser: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)
        path = page_of(acme, "solution-connection-remove")

        refused = browser.post(path, {"typed": "ERP"})
        kept = acme.solution.connections.exists()
        removed = browser.post(path, {"typed": "erp"})

        read_page(refused)
        assert (refused.status_code, kept) == (422, True)
        assert removed.headers["Location"] == list_of(acme)
        assert not acme.solution.connections.exists()

    def test_is_not_for_a_stranger(self, stranger: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)
        path = page_of(acme, "solution-connection-remove")

        assert stranger.post(path, {"typed": "erp"}).status_code == 404
        assert acme.solution.connections.exists()


class TestTest:
    @pytest.mark.django_db(transaction=True)
    def test_says_that_no_worker_is_there(self, browser: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        answer = browser.post(page_of(acme, "solution-connection-test"))

        assert answer.status_code == 503
        read_page(answer)
        assert answer.context["refusal"]

    def test_is_not_there_for_a_stranger(self, stranger: Client, acme: Acme) -> None:
        save_server(acme.solution, by=acme.owner)

        assert stranger.post(page_of(acme, "solution-connection-test")).status_code == 404

    def test_takes_a_post(self, browser: Client, acme: Acme) -> None:
        assert browser.get(page_of(acme, "solution-connection-test")).status_code == 405
