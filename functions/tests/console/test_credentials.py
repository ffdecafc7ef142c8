"""A solution's credentials in the console."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth_providers.models import OAuthConfiguration
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from functions.models import Credential
from functions.services.oauth_credentials import save_oauth_alias
from functions.tests.console.conftest import Acme
from orgs.models import SolutionMember
from orgs.tests.pages import read_page

SECRET = "s3cret-marker"
CALLBACK = "http://127.0.0.1:8000/sign-in/callback"


def list_of(acme: Acme) -> str:
    return reverse("solution-credentials", args=[acme.solution.pk])


def new(acme: Acme, type: str = "api_key") -> str:
    return reverse("solution-credential-new", args=[acme.solution.pk]) + f"?type={type}"


def page_of(acme: Acme, act: str = "solution-credential", key: str = "crm") -> str:
    return reverse(act, args=[acme.solution.pk, key])


def save_alias(acme: Acme, key: str = "crm") -> OAuthConfiguration:
    configuration = OAuthConfigurationFactory.create(
        organization=acme.organization,
        name="Graph",
        redirect_urls=[CALLBACK],
        issuer="",
        authorization_endpoint="https://login.example/authorize",
        token_endpoint="https://login.example/token",
    )
    save_oauth_alias(
        acme.solution,
        key=key,
        configuration_id=configuration.pk,
        allowed_origins=["https://crm.example.com"],
        by=acme.owner,
    )
    return configuration


class TestList:
    def test_says_what_functions_lack(self, browser: Client, acme: Acme) -> None:
        answer = browser.get(list_of(acme))

        read_page(answer)
        assert answer.context["missing"] == []  # a header that may as well hold a text
        assert "No credentials" in answer.content.decode()

    def test_shows_all_but_secrets(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)

        answer = browser.get(list_of(acme))

        read_page(answer)
        text = answer.content.decode()
        assert "https://crm.example.com" in text
        assert "1 function" in text
        assert SECRET not in text

    def test_counts_who_is_connected(self, browser: Client, acme: Acme) -> None:
        configuration = save_alias(acme)
        for member in SolutionMember.objects.filter(solution=acme.solution):
            connected(member, configuration=configuration)

        (row,) = browser.get(list_of(acme)).context["rows"]

        assert row.connected == SolutionMember.objects.filter(solution=acme.solution).count() > 1

    def test_asks_the_database_no_more_for_more(
        self, browser: Client, acme: Acme, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(6):
            acme.save_secret(f"key{number}", SECRET)
        save_alias(acme)
        browser.get(list_of(acme))

        with django_assert_max_num_queries(25):
            browser.get(list_of(acme))

    def test_is_nothing_to_who_only_runs_the_solution(self, acme: Acme) -> None:
        SolutionMember.objects.filter(membership__user=acme.creator).update(role="USER")
        browser = Client()
        browser.force_login(acme.creator)

        assert browser.get(list_of(acme)).status_code == 404

    def test_is_nothing_to_a_stranger(self, stranger: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)

        for path in (list_of(acme), new(acme), page_of(acme)):
            assert stranger.get(path).status_code == 404


class TestNew:
    def test_proposes_where_its_functions_send(self, browser: Client, acme: Acme) -> None:
        answer = browser.get(new(acme) + "&key=crm")

        read_page(answer)
        assert answer.context["form"]["allowed_origins"].value() == "https://crm.example.com"

    @pytest.mark.parametrize(
        ("type", "typed"),
        [
            ("api_key", {"value": SECRET}),
            ("secret", {"value": SECRET}),
            ("basic_auth", {"username": "mia", "password": SECRET}),
        ],
    )
    def test_seals_what_was_typed(
        self, browser: Client, acme: Acme, type: str, typed: dict[str, str]
    ) -> None:
        origins = {"key": "crm", "allowed_origins": "https://a.example\r\nhttps://b.example"}

        answer = browser.post(new(acme, type), origins | typed)

        assert answer.headers["Location"] == list_of(acme)
        saved = Credential.objects.get()
        assert (saved.type, saved.has_secret, saved.available_to_devices) == (type, True, False)
        assert saved.allowed_origins == ["https://a.example", "https://b.example"]

    def test_points_at_what_is_refused_and_repeats_no_secret(
        self, browser: Client, acme: Acme
    ) -> None:
        typed = {"key": "crm", "username": "a:b", "password": SECRET, "allowed_origins": "http://a"}

        answer = browser.post(new(acme, "basic_auth"), typed)

        read_page(answer)
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"username", "allowed_origins"}
        assert SECRET not in answer.content.decode()
        assert not Credential.objects.exists()

    def test_takes_no_place_of_another(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)

        answer = browser.post(new(acme), {"key": "crm", "value": "other"})

        assert list(answer.context["form"].errors) == ["key"]

    def test_gives_nothing_to_devices_without_the_right_to(self, acme: Acme) -> None:
        browser = Client()
        browser.force_login(acme.creator)

        browser.post(new(acme), {"key": "crm", "value": SECRET, "available_to_devices": "on"})

        assert not Credential.objects.get().available_to_devices

    def test_points_to_a_configuration_of_the_organization(
        self, browser: Client, acme: Acme
    ) -> None:
        mine = OAuthConfigurationFactory.create(organization=acme.organization)
        theirs = OAuthConfigurationFactory.create()

        refused = browser.post(
            new(acme, "oauth_alias"), {"key": "graph", "configuration_id": theirs.pk}
        )
        browser.post(new(acme, "oauth_alias"), {"key": "graph", "configuration_id": mine.pk})

        assert refused.status_code == 422
        assert Credential.objects.get().configuration == mine

    def test_keeps_a_client_of_its_own(self, browser: Client, acme: Acme) -> None:
        shown = browser.get(new(acme, "oauth"))
        typed = {
            "key": "graph",
            "name": "Graph",
            "configuration_type": "OPENID",
            "issuer": "https://login.example",
            "client_id": "field-app",
            "client_authentication": "client_secret_basic",
            "client_secret": SECRET,
            "scopes": "crm.read",
            "redirect_urls": shown.context["form"]["redirect_urls"].value(),
            "uses_pkce": "on",
        }

        answer = browser.post(new(acme, "oauth"), typed)
        again = browser.get(page_of(acme, key="graph"))
        changed = browser.post(
            page_of(acme, key="graph"), typed | {"scopes": "crm.write", "client_secret": ""}
        )

        read_page(shown)
        assert answer.headers["Location"] == list_of(acme)
        read_page(again)
        assert SECRET not in again.content.decode()
        assert changed.status_code == 302
        configuration = Credential.objects.get().configuration
        assert configuration is not None
        assert (configuration.scopes, configuration.has_secret) == ("crm.write", True)


class TestOne:
    def test_is_saved_anew(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)
        shown = browser.get(page_of(acme))

        answer = browser.post(page_of(acme), {"value": "new", "allowed_origins": ""})

        read_page(shown)
        assert answer.headers["Location"] == page_of(acme)
        assert Credential.objects.get().allowed_origins == []

    def test_asks_for_the_secret_with_each_change(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)

        answer = browser.post(page_of(acme), {"allowed_origins": "https://evil.example"})

        assert list(answer.context["form"].errors) == ["value"]
        assert Credential.objects.get().allowed_origins == ["https://crm.example.com"]

    def test_is_removed_by_its_name(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)
        remove = page_of(acme, "solution-credential-remove")

        mistyped = browser.post(remove, {"typed": "cmr"})
        browser.post(remove, {"typed": "crm"})

        assert mistyped.status_code == 422
        assert not Credential.objects.exists()

    def test_shows_who_is_connected(self, browser: Client, acme: Acme) -> None:
        configuration = save_alias(acme)
        member = SolutionMember.objects.get(membership__user=acme.technician)
        connected(member, configuration=configuration)

        answer = browser.get(page_of(acme))

        read_page(answer)
        text = answer.content.decode()
        assert "mia@acme.example" in text
        assert "access-1" not in text
        assert "refresh-1" not in text


class TestConnect:
    def test_leads_to_the_provider_and_back(
        self, browser: Client, acme: Acme, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = CALLBACK.removesuffix("/sign-in/callback")
        save_alias(acme)

        answer = browser.post(
            page_of(acme, "solution-credential-connect"), {"function": "list-customers"}
        )

        read_page(answer)
        url = answer.context["url"]
        assert url.startswith("https://login.example/authorize?")
        assert parse_qs(urlsplit(url).query)["redirect_uri"] == [CALLBACK]

    @pytest.mark.parametrize("function", ["a/b", "gone", ""])
    def test_comes_back_to_no_page_that_is_not_there(
        self, browser: Client, acme: Acme, function: str, settings: Settings
    ) -> None:
        settings.PUBLIC_URL = "https://elsewhere.example"  # where its provider leads nobody back
        save_alias(acme)

        answer = browser.post(page_of(acme, "solution-credential-connect"), {"function": function})

        assert answer.headers["Location"] == page_of(acme)

    def test_is_asked_for_before_a_function_is_tried(self, browser: Client, acme: Acme) -> None:
        configuration = save_alias(acme)
        function = reverse("function", args=[acme.solution.pk, "list-customers"])
        before = browser.get(function)

        member = SolutionMember.objects.get(membership__user=acme.owner)
        connected(member, configuration=configuration)
        after = browser.get(function)

        read_page(before)
        assert before.context["unconnected"] == ["crm"]
        assert "Connect first" in before.content.decode()
        assert after.context["unconnected"] == []

    def test_is_nothing_that_a_secret_takes(self, browser: Client, acme: Acme) -> None:
        acme.save_secret("crm", SECRET)

        assert browser.post(page_of(acme, "solution-credential-connect")).status_code == 404
