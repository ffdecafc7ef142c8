"""A person's own access tokens in the console."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.console.token_forms import SCOPES
from auth_providers.models import PersonalAccessToken
from auth_providers.services.scopes import Scope
from auth_providers.services.tokens import identify
from auth_providers.tests.factories import personal_token
from orgs.models import User
from orgs.tests.factories import PASSWORD, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

CREATE = "/profile/tokens/create"


@pytest.fixture
def mia() -> User:
    return UserFactory.create()


@pytest.fixture
def browser(client: Client, mia: User) -> Client:
    """A browser of somebody who has just proved once more that it is them."""
    client.force_login(mia)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def wanted(**more: Any) -> dict[str, Any]:
    return {"name": "Nightly export", "scopes": ["solutions:read"], "key": "k1"} | more


class TestMyTokens:
    def test_say_what_each_is_and_no_secret(self, browser: Client, mia: User) -> None:
        created = personal_token(mia, scopes=["people:read"])
        personal_token(UserFactory.create())

        response = browser.get(reverse("my-tokens"))

        read_page(response)
        page = response.content.decode()
        assert page.count("Nightly export</span>") == 1
        for words in (created.token.prefix, "people:read", "Never"):
            assert words in page
        assert created.secret not in page

    def test_say_the_next_step_where_there_is_none(self, browser: Client) -> None:
        assert b"No access tokens" in browser.get(reverse("my-tokens")).content


class TestCreateToken:
    def test_shows_the_secret_once(self, browser: Client, mia: User) -> None:
        read_page(browser.get(CREATE))

        response = browser.post(CREATE, wanted())

        read_page(response)
        assert response.headers["Cache-Control"] == "no-store"
        (secret,) = set(re.findall(r"jxp_[\w-]{30,}", response.content.decode()))
        caller = identify(secret)
        assert (caller.user, set(caller.scopes)) == (mia, {"solutions:read"})
        assert secret not in browser.get(reverse("my-tokens")).content.decode()

    def test_makes_one_of_a_form_that_comes_twice(self, browser: Client) -> None:
        browser.post(CREATE, wanted())

        response = browser.post(CREATE, wanted(), follow=True)

        assert "Its secret was shown once." in response.content.decode()
        assert PersonalAccessToken.objects.count() == 1

    def test_asks_once_more_where_the_form_was_changed(self, browser: Client) -> None:
        browser.post(CREATE, wanted())

        response = browser.post(CREATE, wanted(name="Other"))

        assert response.status_code == 422
        read_page(response)
        (key,) = re.findall(r'name="key" value="([\w-]+)"', response.content.decode())
        assert 'value="Other"' in response.content.decode()
        browser.post(CREATE, wanted(name="Other", key=key))
        assert PersonalAccessToken.objects.count() == 2

    @pytest.mark.parametrize(
        ("fault", "words"),
        [({"name": ""}, "This field is required."), ({"scopes": []}, "Choose at least one.")],
    )
    def test_says_beside_the_field_what_is_wrong(
        self, browser: Client, fault: dict[str, Any], words: str
    ) -> None:
        response = browser.post(CREATE, wanted(**fault))

        assert response.status_code == 422
        read_page(response)
        assert words in response.content.decode()
        assert not PersonalAccessToken.objects.exists()

    def test_asks_who_it_is_once_more(self, client: Client, mia: User) -> None:
        client.force_login(mia)

        response = client.post(CREATE, wanted())

        assert response.headers["Location"].startswith("/accounts/reauthenticate/")
        assert not PersonalAccessToken.objects.exists()

    def test_offers_every_scope_in_words(self) -> None:
        offered = [scope for _, scopes in SCOPES for scope, _ in scopes]

        assert sorted(offered) == sorted(Scope)


class TestExtendToken:
    def test_lets_it_live_longer(self, browser: Client, mia: User) -> None:
        token = personal_token(mia, ago=timedelta(days=100)).token

        browser.post(reverse("my-token-extend", args=[token.pk]))

        before = token.expires_at
        token.refresh_from_db()
        assert token.expires_at == before + timedelta(days=14)


class TestRevokeToken:
    def test_ends_it(self, browser: Client, mia: User) -> None:
        token = personal_token(mia).token

        response = browser.post(reverse("my-token-revoke", args=[token.pk]), follow=True)

        assert "Nightly export is revoked." in response.content.decode()
        token.refresh_from_db()
        assert token.revoked_at is not None

    def test_does_not_know_those_of_others(self, browser: Client) -> None:
        token = personal_token().token

        for name in ("my-token-revoke", "my-token-extend"):
            assert browser.post(reverse(name, args=[token.pk])).status_code == 404
