import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults

from orgs.models import Membership, Organization, User
from orgs.services.organizations import found_organization
from orgs.services.people import admit_member, register_person
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada() -> User:
    return register_person("ada@acme.example", password=PASSWORD, first_name="Ada")


@pytest.fixture
def acme(ada: User) -> Organization:
    return found_organization("Acme", owner=ada)


@pytest.fixture
def browser(client: Client, ada: User, acme: Organization) -> Client:
    """A browser in which Ada, the owner of Acme, is signed in."""
    client.force_login(ada)
    return client


class TestThreshold:
    def test_sends_somebody_unknown_to_sign_in(self, client: Client) -> None:
        response = client.get("/")

        assert response.status_code == 302
        assert response.headers["Location"] == "/accounts/login/?next=/"

    def test_tells_somebody_whose_role_is_not_for_the_console(
        self, client: Client, ada: User, acme: Organization
    ) -> None:
        mia = register_person("mia@acme.example", password=PASSWORD)
        admit_member(mia, organization=acme, role=Membership.Role.USER, by=ada)
        client.force_login(mia)

        response = client.get("/")

        assert response.status_code == 403
        assert read_page(response).headings == ["The console is not for your role"]
        assert b"mia@acme.example" in response.content
        assert reverse("account_logout").encode() in response.content

    def test_keeps_out_a_member_who_was_made_inactive(
        self, browser: Client, acme: Organization
    ) -> None:
        acme.memberships.update(is_active=False)

        assert browser.get("/").status_code == 403


class TestSwitchOrganization:
    def test_shows_the_other_organization_from_then_on(self, browser: Client, ada: User) -> None:
        zebra = found_organization("Zebra", owner=ada)
        assert "What Acme runs" in browser.get("/").content.decode()

        response = browser.post("/organizations/switch", {"organization": str(zebra.pk)})

        assert response.headers["Location"] == "/"
        assert "What Zebra runs" in browser.get("/").content.decode()

    def test_refuses_one_that_is_not_theirs(self, browser: Client) -> None:
        other = register_person("eve@other.example", password=PASSWORD)
        theirs = found_organization("Other", owner=other)

        for organization in (theirs.pk, uuid.uuid4(), "nonsense"):
            response = browser.post("/organizations/switch", {"organization": str(organization)})

            assert response.status_code == 404
        assert "What Acme runs" in browser.get("/").content.decode()

    def test_takes_a_post(self, browser: Client) -> None:
        assert browser.get("/organizations/switch").status_code == 405

    def test_sends_who_is_no_longer_signed_in_back_to_a_page(
        self, client: Client, acme: Organization
    ) -> None:
        response = client.post("/organizations/switch", {"organization": str(acme.pk)})

        assert response.headers["Location"] == "/accounts/login/?next=/"

    def test_takes_a_token_against_forgery(self, ada: User, acme: Organization) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(ada)

        response = browser.post("/organizations/switch", {"organization": str(acme.pk)})

        assert response.status_code == 403
        assert read_page(response).headings == ["Please try again"]


class TestSignInFirst:
    @pytest.mark.parametrize("address", ["/people", "/join-requests/approve"])
    def test_takes_the_whole_page_along_when_only_a_part_was_asked_for(
        self, client: Client, address: str
    ) -> None:
        response = client.post(address, headers={"HX-Request": "true"})

        assert response.status_code == 200
        assert response.headers["HX-Redirect"].startswith("/accounts/login/?next=/")


class TestChooseTheme:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_remembered_and_read_on_the_server(self, client: Client, theme: str) -> None:
        response = client.post("/theme", {"theme": theme, "next": "/accounts/login/"})

        assert response.headers["Location"] == "/accounts/login/"
        page = client.get("/accounts/login/").content.decode()
        assert f'<html lang="en" class="{theme}">' in page

    def test_goes_back_to_what_the_system_says(self, client: Client) -> None:
        client.post("/theme", {"theme": "dark"})

        client.post("/theme", {"theme": "system"})

        assert '<html lang="en" class="">' in client.get("/accounts/login/").content.decode()

    @pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "[]", "overview"])
    def test_leads_to_no_other_site_and_to_no_name(self, client: Client, page: str) -> None:
        response = client.post("/theme", {"theme": "dark", "next": page})

        assert response.headers["Location"] == "/"

    def test_shows_no_class_that_somebody_wrote_into_the_cookie(self, client: Client) -> None:
        client.cookies["theme"] = '"><script>'

        assert '<html lang="en" class="">' in client.get("/accounts/login/").content.decode()


class TestErrorPages:
    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (defaults.server_error, "Something broke"),
            (partial(defaults.permission_denied, exception=Http404()), "That is not yours to do"),
        ],
    )
    def test_say_what_happened(
        self, rf: RequestFactory, answer: Callable[[HttpRequest], HttpResponse], words: str
    ) -> None:
        request = rf.get("/")
        request.user = AnonymousUser()

        page = answer(request).content.decode()

        assert words in page
        assert "<c-" not in page

    def test_says_that_there_is_nothing(self, client: Client) -> None:
        response = client.get("/nothing-here")

        assert response.status_code == 404
        assert read_page(response).headings == ["There is nothing here"]
