"""*Try it*, as far as it goes without a worker; with one: tests/browser."""

import pytest
from django.test import Client

from functions.tests.console.conftest import Acme
from orgs.models import SolutionMember
from orgs.tests.pages import read_page


def address_of(acme: Acme, name: str = "list-customers") -> str:
    return f"/solutions/{acme.solution.pk}/functions/{name}/try"


class TestTryIt:
    def test_asks_for_what_is_missing(self, browser: Client, acme: Acme) -> None:
        response = browser.post(address_of(acme), {"parameter-limit": "many"})

        assert response.status_code == 422
        read_page(response)
        page = response.content.decode()
        assert "This field is required." in page
        assert "Enter a whole number." in page
        assert 'value="many"' in page

    def test_answers_htmx_with_the_part_alone(self, browser: Client, acme: Acme) -> None:
        response = browser.post(address_of(acme), headers={"HX-Request": "true"})

        assert response.status_code == 422
        page = response.content.decode()
        assert "<html" not in page
        assert "<c-" not in page
        assert "This field is required." in page

    def test_lets_no_cache_keep_what_was_typed(self, browser: Client, acme: Acme) -> None:
        response = browser.post(address_of(acme), {"parameter-limit": "s3cret-value"})

        assert response.headers["Cache-Control"] == "no-store"
        assert b"s3cret-value" not in browser.get(address_of(acme).removesuffix("/try")).content

    @pytest.mark.django_db(transaction=True)
    def test_says_that_no_worker_is_there(self, browser: Client, acme: Acme) -> None:
        response = browser.post(address_of(acme), {"parameter-region": "EU"})

        assert response.status_code == 503
        read_page(response)
        assert 'data-variant="destructive"' in response.content.decode()

    def test_is_not_there_for_a_stranger(self, stranger: Client, acme: Acme) -> None:
        assert stranger.post(address_of(acme), {"parameter-region": "EU"}).status_code == 404

    def test_is_not_for_a_role_that_may_not_configure(self, client: Client, acme: Acme) -> None:
        acme.solution.members.filter(membership__user=acme.creator).update(
            role=SolutionMember.Role.USER
        )
        client.force_login(acme.creator)

        assert client.post(address_of(acme), {"parameter-region": "EU"}).status_code == 404

    def test_sends_somebody_unknown_to_sign_in_and_back(self, client: Client, acme: Acme) -> None:
        sign_in = f"/accounts/login/?next={address_of(acme).removesuffix('/try')}"

        whole = client.post(address_of(acme))
        part = client.post(address_of(acme), headers={"HX-Request": "true"})

        assert whole.headers["Location"] == sign_in
        assert part.headers["HX-Redirect"] == sign_in

    def test_takes_a_post(self, browser: Client, acme: Acme) -> None:
        assert browser.get(address_of(acme)).status_code == 405

    def test_does_not_know_a_function_that_is_not_live(self, browser: Client, acme: Acme) -> None:
        assert browser.post(address_of(acme, "unknown")).status_code == 404
