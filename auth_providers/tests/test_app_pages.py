"""The pages of an organization's mobile apps."""

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.models import App
from auth_providers.tests.factories import AppFactory
from orgs.models import Membership
from orgs.tests.factories import MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

ACME = {
    "name": "Acme",
    "platforms": ["ios"],
    "redirect_urls": "com.acme.app:/back\n\n https://app.acme.example/back ",
}


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True)


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    client.force_login(admin.user)
    return client


@pytest.fixture
def app(admin: Membership) -> App:
    return AppFactory.create(organization=admin.organization, name="Acme", is_first_party=False)


class TestApps:
    def test_says_the_next_step_while_there_is_none(self, browser: Client) -> None:
        answer = browser.get(reverse("apps"))

        assert reverse("app-new") in answer.content.decode()
        assert read_page(answer).headings == ["Mobile apps"]

    def test_registers_one(self, browser: Client) -> None:
        answer = browser.post(reverse("app-new"), ACME, follow=True)

        app = App.objects.get()
        assert app.redirect_urls == ["com.acme.app:/back", "https://app.acme.example/back"]
        assert app.client_id in answer.content.decode()

    def test_keeps_what_was_typed_beside_what_is_wrong(self, browser: Client) -> None:
        answer = browser.post(reverse("app-new"), ACME | {"redirect_urls": "http://acme.example/"})

        assert answer.status_code == 422
        assert "http://acme.example/: Use https" in answer.content.decode()
        assert not App.objects.exists()

    def test_changes_one(self, browser: Client, app: App) -> None:
        browser.post(reverse("app", args=[app.pk]), ACME | {"is_first_party": "on"})

        app.refresh_from_db()
        assert (app.is_first_party, app.platforms) == (True, ["ios"])

    def test_removes_one_by_its_name(self, browser: Client, app: App) -> None:
        url = reverse("app-remove", args=[app.pk])

        assert browser.post(url, {"typed": "Other"}).status_code == 422
        assert App.objects.exists()
        assert browser.post(url, {"typed": "Acme"}).status_code == 302
        assert not App.objects.exists()

    def test_hides_those_of_others(self, browser: Client) -> None:
        foreign = AppFactory.create(organization=MembershipFactory.create().organization)

        assert browser.get(reverse("app", args=[foreign.pk])).status_code == 404

    def test_is_for_owners_and_admins(self, client: Client, app: App) -> None:
        role = Membership.Role.CREATOR
        creator = MembershipFactory.create(organization=app.organization, role=role)
        client.force_login(creator.user)

        assert client.get(reverse("apps")).status_code == 403
        assert client.post(reverse("app", args=[app.pk]), ACME).status_code == 403
