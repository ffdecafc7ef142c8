"""Another password, chosen by who is signed in and knows the one before."""

import pytest
from django.test import Client
from django.urls import reverse

from orgs.models import User
from orgs.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a quite different long sentence"
URL = "/accounts/password/change/"


@pytest.fixture
def mia() -> User:
    return UserFactory.create(email="mia@acme.example")


@pytest.fixture
def browser(client: Client, mia: User) -> Client:
    sign_in(client, mia)
    return client


def sign_in(browser: Client, user: User) -> None:
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


class TestChangePassword:
    def test_takes_the_old_one(self, browser: Client, mia: User) -> None:
        passwords = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

        answer = browser.post(URL, passwords)

        assert answer.context["form"].has_error("oldpassword")
        mia.refresh_from_db()
        assert mia.check_password(PASSWORD)

    def test_takes_no_weak_one(self, browser: Client, mia: User) -> None:
        passwords = {"oldpassword": PASSWORD, "password1": "sunshine1", "password2": "sunshine1"}

        answer = browser.post(URL, passwords)

        assert answer.context["form"].has_error("password1")
        mia.refresh_from_db()
        assert mia.check_password(PASSWORD)

    def test_ends_sessions_elsewhere(self, browser: Client, mia: User) -> None:
        elsewhere = Client()
        sign_in(elsewhere, mia)
        passwords = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

        browser.post(URL, passwords)

        assert elsewhere.get(reverse("profile")).status_code == 302
        assert browser.get(reverse("profile")).status_code == 200
