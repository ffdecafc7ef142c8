"""Registration in the browser, from the first page to the organization."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from auth_providers.console.registration import EMAIL_KEY, NAMES_KEY, PROOF_KEY
from auth_providers.tests.registering import Committing, another_than, newest_code
from orgs.models import Domain, JoinRequest, Membership, Organization, User
from orgs.tests.factories import PASSWORD, DomainFactory, MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

EMAIL = "mia@acme.example"
ASKED = {"first_name": "Mia", "last_name": "Ek", "email": EMAIL}


@pytest.fixture
def browser(client: Client, django_capture_on_commit_callbacks: Committing) -> Client:
    """A browser in which a code has been asked for."""
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/register", ASKED)
    return client


@pytest.fixture
def mia(client: Client) -> User:
    """Mia, who is signed in and of no organization."""
    mia = UserFactory.create(email=EMAIL)
    client.force_login(mia)
    return mia


def text_of(response: Any) -> str:
    return str(response.content.decode())


class TestRegister:
    def test_goes_from_the_address_to_a_session(self, browser: Client) -> None:
        coded = browser.post("/register/code", {"code": newest_code()})
        password_page = browser.get(coded.headers["Location"])
        done = browser.post("/register/password", {"password": PASSWORD})

        assert read_page(password_page).headings == ["Choose a password"]
        assert done.headers["Location"] == "/register/organization"
        page = browser.get("/register/organization")
        assert read_page(page).headings == ["Your organization"]
        assert f"Signed in as {EMAIL}" in text_of(page)
        assert User.objects.get().display_name == "Mia Ek"
        assert browser.get("/accounts/sessions/").status_code == 200
        assert not {EMAIL_KEY, NAMES_KEY, PROOF_KEY} & set(browser.session.keys())

    def test_keeps_what_was_typed_beside_what_is_wrong(self, client: Client) -> None:
        page = client.post("/register", ASKED | {"email": "mia"})

        read_page(page)
        assert page.status_code == 422
        assert 'value="Ek"' in text_of(page)
        assert "Enter a valid email address." in text_of(page)

    def test_shows_no_difference_to_who_has_an_account(
        self, client: Client, django_capture_on_commit_callbacks: Committing
    ) -> None:
        UserFactory.create(email=EMAIL)
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post("/register", ASKED)

        assert answer.headers["Location"] == "/register/code"
        assert read_page(client.get("/register/code")).headings == ["Enter the code"]
        assert newest_code() == ""

    def test_sends_who_is_signed_in_on(self, client: Client, mia: User) -> None:
        for step in ("", "/code", "/password"):
            answer = client.get(f"/register{step}")

            assert answer.headers["Location"] == "/register/organization"

    def test_begins_at_the_beginning(self, client: Client) -> None:
        for step in ("code", "password"):
            assert client.get(f"/register/{step}").headers["Location"] == "/register"
        assert client.post("/register/code/resend").headers["Location"] == "/register"

    def test_asks_no_password_before_the_code(self, browser: Client) -> None:
        answer = browser.post("/register/password", {"password": PASSWORD})

        assert answer.headers["Location"] == "/register"
        assert not User.objects.exists()


class TestCode:
    def test_may_be_filled_in_by_the_browser(self, browser: Client) -> None:
        page = text_of(browser.get("/register/code"))

        assert 'autocomplete="one-time-code"' in page
        assert 'inputmode="numeric"' in page

    def test_is_refused_beside_its_field(self, browser: Client) -> None:
        page = browser.post("/register/code", {"code": another_than(newest_code())})

        read_page(page)
        assert page.status_code == 422
        assert "The code is wrong or no longer good." in text_of(page)
        assert browser.get("/register/password").headers["Location"] == "/register"

    def test_is_sent_again(
        self, browser: Client, django_capture_on_commit_callbacks: Committing
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            page = browser.post("/register/code/resend", follow=True)

        assert "A new code is on its way" in text_of(page)
        assert len(mail.outbox) == 2
        assert browser.post("/register/code", {"code": newest_code()}).status_code == 302

    def test_moves_the_proof_to_a_session_that_nobody_knows(self, browser: Client) -> None:
        before = browser.session.session_key

        browser.post("/register/code", {"code": newest_code()})

        assert PROOF_KEY in browser.session
        assert browser.session.session_key != before
        assert before
        assert not browser.session.exists(before)


class TestPassword:
    def test_is_refused_beside_its_field_and_not_shown(self, browser: Client) -> None:
        browser.post("/register/code", {"code": newest_code()})

        page = browser.post("/register/password", {"password": "pass"})

        read_page(page)
        assert page.status_code == 422
        assert "This password is too short" in text_of(page)
        assert 'value="pass"' not in text_of(page)
        done = browser.post("/register/password", {"password": PASSWORD})
        assert done.headers["Location"] == "/register/organization"


class TestOrganization:
    def test_asks_who_it_is(self, client: Client) -> None:
        for name in ("register-organization", "register-waiting"):
            assert client.get(reverse(name)).headers["Location"].startswith("/accounts/login/")

    def test_offers_each_as_its_policy_says(self, client: Client, mia: User) -> None:
        DomainFactory.create(
            organization__name="Open", proved=True, join_policy=Domain.JoinPolicy.AUTOMATIC
        )
        DomainFactory.create(organization__name="Careful")
        DomainFactory.create(organization__name="Hidden", join_policy=Domain.JoinPolicy.OFF)

        page = client.get("/register/organization")

        read_page(page)
        assert 'aria-label="Join Open"' in text_of(page)
        assert 'aria-label="Request to join Careful"' in text_of(page)
        assert "Hidden" not in text_of(page)

    def test_lets_one_in(self, client: Client, mia: User) -> None:
        open_door = DomainFactory.create(
            organization__name="Open", proved=True, join_policy=Domain.JoinPolicy.AUTOMATIC
        ).organization

        page = client.post(reverse("register-join", args=[open_door.pk]), follow=True)

        assert read_page(page).headings == ["You are in Open"]
        assert mia.memberships.get().role == Membership.Role.USER

    def test_says_why_one_is_not_let_in(self, client: Client, mia: User) -> None:
        careful = DomainFactory.create().organization

        page = client.post(reverse("register-join", args=[careful.pk]), follow=True)

        assert "Somebody there has to let you in" in text_of(page)
        assert not mia.memberships.exists()

    def test_does_not_know_those_of_others(self, client: Client, mia: User) -> None:
        other = DomainFactory.create(name="other.example").organization

        for name in ("register-join", "register-request"):
            assert client.post(reverse(name, args=[other.pk])).status_code == 404
        assert client.get(reverse("register-joined", args=[other.pk])).status_code == 404

    def test_founds_one(self, client: Client, mia: User) -> None:
        form = text_of(client.get("/register/organization"))
        assert 'value="acme.example"' in form

        answer = client.post(
            "/register/organization",
            {"name": "Acme", "domain": "acme.example", "join_policy": "REQUEST"},
        )

        assert answer.headers["Location"] == "/"
        organization = Organization.objects.get()
        assert organization.memberships.get().role == Membership.Role.OWNER
        assert organization.domains.get().name == "acme.example"
        assert "Acme is there, and you own it." in text_of(client.get("/"))

    def test_keeps_what_was_typed_beside_a_refused_domain(self, client: Client, mia: User) -> None:
        page = client.post(
            "/register/organization",
            {"name": "Acme", "domain": "gmail.com", "join_policy": "OFF"},
        )

        read_page(page)
        assert page.status_code == 422
        assert "gmail.com is a public mail service" in text_of(page)
        assert 'value="Acme"' in text_of(page)
        assert not Organization.objects.exists()

    def test_has_no_domain_to_propose_for_public_mail(self, client: Client) -> None:
        client.force_login(UserFactory.create(email="mia@gmail.com"))

        assert "gmail.com" not in text_of(client.get("/register/organization")).split("Signed")[0]


class TestRequest:
    def test_is_sent_shown_and_withdrawn(self, client: Client, mia: User) -> None:
        careful = DomainFactory.create(organization__name="Careful").organization
        url = reverse("register-request", args=[careful.pk])
        assert read_page(client.get(url)).headings == ["Request to join Careful"]

        sent = client.post(url, {"message": "I look after the north."}, follow=True)

        asked = JoinRequest.objects.get()
        assert (asked.user, asked.message) == (mia, "I look after the north.")
        assert asked.source == JoinRequest.Source.REGISTRATION
        assert read_page(sent).headings == ["Your requests"]
        assert "Pending" in text_of(sent)
        assert reverse("register-waiting") in text_of(client.get("/register/organization"))

        page = client.post(reverse("register-withdraw", args=[asked.pk]), follow=True)

        assert "Your request to Careful is withdrawn." in text_of(page)
        asked.refresh_from_db()
        assert asked.status == JoinRequest.Status.WITHDRAWN

    def test_is_refused_while_another_waits(self, client: Client, mia: User) -> None:
        url = reverse("register-request", args=[DomainFactory.create().organization.pk])
        client.post(url, {"message": "First"})

        page = client.post(url, {"message": "Second"})

        read_page(page)
        assert page.status_code == 422
        assert "Second" in text_of(page)

    def test_of_others_is_not_there(self, client: Client, mia: User) -> None:
        careful = DomainFactory.create().organization
        client.post(reverse("register-request", args=[careful.pk]))
        client.force_login(UserFactory.create())

        answer = client.post(reverse("register-withdraw", args=[JoinRequest.objects.get().pk]))

        assert answer.status_code == 404

    def test_page_says_what_to_do_where_there_is_none(self, client: Client, mia: User) -> None:
        page = client.get("/register/waiting")

        assert read_page(page).headings == ["Your requests"]
        assert "No requests" in text_of(page)


class TestWayThere:
    def test_leads_from_the_sign_in_page(self, client: Client) -> None:
        assert 'href="/register"' in text_of(client.get("/accounts/login/"))

    def test_leads_from_the_console_for_who_has_no_organization(
        self, client: Client, mia: User
    ) -> None:
        page = client.get("/")

        assert page.status_code == 403
        assert read_page(page).headings == ["You are in no organization"]
        assert 'href="/register/organization"' in text_of(page)

    def test_is_not_shown_to_who_is_in_one(self, client: Client, mia: User) -> None:
        MembershipFactory.create(user=mia)

        assert 'href="/register/organization"' not in text_of(client.get("/"))
