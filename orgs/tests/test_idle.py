from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from orgs.models import Membership
from orgs.tests.factories import MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Membership:
    """Of two organizations, of which the shorter bound holds."""
    member = MembershipFactory.create(owner=True, organization__idle_minutes=30)
    MembershipFactory.create(user=member.user, organization__idle_minutes=10)
    return member


@pytest.fixture
def browser(client: Client, member: Membership) -> Client:
    client.force_login(member.user)
    return client


def after(minutes: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


class TestIdleSession:
    def test_ends_after_the_time_and_goes_on_where_it_was(self, browser: Client) -> None:
        browser.get("/roles")

        with after(12):
            response = browser.get("/roles?person=1")

            assert response.headers["Location"] == "/accounts/login/?next=/roles%3Fperson%3D1"
            page = browser.get(response.headers["Location"])
        assert "signed out after a time without use" in page.content.decode()

    def test_goes_on_with_use(self, browser: Client) -> None:
        for minutes in (0, 9, 18, 27):
            with after(minutes):
                assert browser.get("/roles").status_code == 200

    def test_is_not_used_by_what_a_page_asks_by_itself(self, browser: Client) -> None:
        browser.get("/roles")
        with after(8):
            browser.get("/roles", headers={"X-Background": "1"})

        with after(12):
            assert browser.get("/roles").status_code == 302

    def test_ends_for_personal_pages_and_acts_as_well(self, browser: Client) -> None:
        browser.get("/my-devices")

        with after(12):
            response = browser.post("/organizations/switch", {"organization": "any"})

        assert response.headers["Location"] == "/accounts/login/?next=/"

    @pytest.mark.parametrize("address", ["/accounts/sessions/", "/accounts/2fa/", "/invitation"])
    def test_ends_for_pages_of_the_library_as_well(self, browser: Client, address: str) -> None:
        browser.get("/my-devices")

        with after(12):
            response = browser.get(address)

        assert response.headers["Location"] == f"/accounts/login/?next={address}"

    def test_tells_a_part_of_a_page_to_open_the_entrance(self, browser: Client) -> None:
        browser.get("/roles")

        with after(12):
            response = browser.get("/roles", headers={"HX-Request": "true"})

        assert response.headers["HX-Redirect"] == "/accounts/login/?next=/"

    def test_stays_open_where_no_organization_minds(self, client: Client) -> None:
        client.force_login(MembershipFactory.create(owner=True).user)
        client.get("/roles")

        with after(60 * 24):
            page = client.get("/roles")

        assert page.status_code == 200
        assert "data-idle-minutes" not in page.content.decode()

    def test_is_not_ended_by_what_was_before_the_bound(
        self, browser: Client, member: Membership
    ) -> None:
        browser.get("/roles")
        bounded = [each.organization for each in member.user.memberships.all()]
        for organization in bounded:
            organization.idle_minutes = None
            organization.save()
        with after(12):
            browser.get("/roles")
        for organization in bounded:
            organization.idle_minutes = 10
            organization.save()

        with after(24):
            assert browser.get("/roles").status_code == 200


class TestQuestion:
    def test_stands_on_each_page(self, browser: Client) -> None:
        response = browser.get("/roles")

        read_page(response)
        assert 'data-idle-minutes="10"' in response.content.decode()

    def test_is_answered_in_time(self, browser: Client) -> None:
        browser.get("/roles")

        with after(9):
            assert browser.post("/session/keep").status_code == 204
        with after(18):
            assert browser.get("/roles").status_code == 200

    def test_is_answered_too_late(self, browser: Client) -> None:
        browser.get("/roles")

        with after(12):
            assert browser.post("/session/keep").status_code == 302

    def test_ends_the_session_unanswered(self, browser: Client) -> None:
        response = browser.post("/session/end", {"next": "/roles"})

        assert response.headers["Location"] == "/accounts/login/?next=/roles"
        assert browser.get("/roles").status_code == 302

    def test_never_leads_to_another_site(self, browser: Client) -> None:
        response = browser.post("/session/end", {"next": "https://evil.example/"})

        assert response.headers["Location"] == "/accounts/login/?next=/"
