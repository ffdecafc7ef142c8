from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orgs.models import Membership, Organization
from orgs.tests.factories import MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db
DETAILS = {
    "card": "details",
    "name": "Acme",
    "website": "",
    "region_label": "",
    "request_email": "",
}


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def browser(client: Client, owner: Membership) -> Client:
    client.force_login(owner.user)
    return client


class TestOrganization:
    def test_shows_every_card(self, browser: Client) -> None:
        response = browser.get("/organization")

        assert read_page(response).headings == ["Settings"]
        words = response.content.decode()
        assert "1 member loses access" in words
        assert "0 solutions go" in words

    def test_saves_the_details(self, browser: Client) -> None:
        sent = DETAILS | {"region_label": "eu-west", "website": "acme.example"}

        response = browser.post("/organization", sent)

        assert response.headers["Location"] == "/organization"
        organization = Organization.objects.get()
        assert organization.website == "https://acme.example"
        assert "Owner · eu-west" in browser.get("/organization").content.decode()

    def test_shows_a_refused_form_with_all_that_was_typed(self, browser: Client) -> None:
        sent = DETAILS | {"request_email": "nobody", "region_label": "eu-west"}

        response = browser.post("/organization", sent)

        assert response.status_code == 422
        read_page(response)
        words = response.content.decode()
        assert 'value="nobody"' in words
        assert 'value="eu-west"' in words
        assert 'aria-invalid="true"' in words
        assert Organization.objects.get().region_label == ""

    @pytest.mark.parametrize(("minutes", "status"), [("15", 302), ("", 302), ("2", 422)])
    def test_bounds_the_time_without_use(self, browser: Client, minutes: str, status: int) -> None:
        response = browser.post("/organization", {"card": "access", "idle_minutes": minutes})

        assert response.status_code == status

    def test_lets_functions_send_user_names_and_passwords(self, browser: Client) -> None:
        browser.post("/organization", {"card": "access", "allows_basic_auth": "on"})

        assert Organization.objects.get().allows_basic_auth

    def test_opens_support_for_a_day(self, browser: Client) -> None:
        sent = {"card": "support", "level": "READ", "duration": "day"}

        assert browser.post("/organization", sent).status_code == 302

        until = Organization.objects.get().support_access_until
        assert until is not None
        assert timedelta(hours=23) < until - timezone.now() <= timedelta(days=1)

    def test_says_at_the_field_that_a_time_is_too_far(self, browser: Client) -> None:
        sent = {
            "card": "support",
            "level": "READ",
            "duration": "custom",
            "until": "2999-01-01T00:00",
        }

        response = browser.post("/organization", sent)

        assert response.status_code == 422
        assert "within the next 30 days" in response.context["support_form"].errors["until"][0]

    def test_deletes_what_is_named(self, browser: Client) -> None:
        refused = browser.post("/organization", {"card": "delete", "name": "Acne"})
        assert refused.status_code == 422

        response = browser.post("/organization", {"card": "delete", "name": "Acme"})

        assert response.status_code == 302
        assert not Organization.objects.exists()

    def test_shows_an_admin_no_act_of_an_owner(self, client: Client, owner: Membership) -> None:
        admin = MembershipFactory.create(organization=owner.organization, admin=True)
        client.force_login(admin.user)

        words = client.get("/organization").content.decode()

        assert "Delete the organization" not in words
        assert "Only an owner" in words
        sent = {"card": "support", "level": "READ", "duration": "day"}
        assert client.post("/organization", sent).status_code == 403

    def test_is_not_for_creators_nor_in_their_sidebar(
        self, client: Client, owner: Membership
    ) -> None:
        creator = MembershipFactory.create(organization=owner.organization, creator=True)
        client.force_login(creator.user)

        assert client.get("/organization").status_code == 403
        words = client.get("/roles").content.decode()
        assert 'href="/organization"' not in words
        assert 'href="/domains"' not in words
