"""The console's pages of OAuth configurations."""

import json
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.services.configuration_secrets import client_secret_of
from auth_providers.tests.factories import OAuthConfigurationFactory
from auth_providers.tests.hostile import Provider
from orgs.models import Membership, Picture
from orgs.tests.factories import DomainFactory, MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

NEW = "/oauth-configurations/new?type=OKTA"
SECRET = "s3cret-of-the-client"
TYPED = {
    "name": "Company account",
    "key": "company",
    "type": "OKTA",
    "login_hint": "",
    "issuer": "https://acme.okta.example",
    "client_id": "portal",
    "client_authentication": "client_secret_basic",
    "client_secret": SECRET,
    "redirect_urls": "https://console.example/sign-in/callback\n\ncom.acme.app:/callback",
    "domains": "acme.example\n*",
    "scopes": "openid  email",
    "additional_parameters": "prompt=select_account",
    "uses_pkce": "on",
    "uses_nonce": "on",
    "act": "save",
}


@pytest.fixture
def owner() -> Membership:
    owner: Membership = MembershipFactory.create(owner=True)
    DomainFactory.create(organization=owner.organization, name="acme.example", proved=True)
    return owner


@pytest.fixture
def browser(client: Client, owner: Membership) -> Client:
    client.force_login(owner.user)
    return client


@pytest.fixture
def configuration(owner: Membership) -> OAuthConfiguration:
    return OAuthConfigurationFactory.create(organization=owner.organization, name="Company")


def page_of(configuration: OAuthConfiguration) -> str:
    return f"/oauth-configurations/{configuration.pk}"


def words_of(response: Any) -> str:
    read_page(response)
    return unescape(response.content.decode())


class TestList:
    def test_offers_the_kinds_of_providers_while_there_is_none(self, browser: Client) -> None:
        words = words_of(browser.get("/oauth-configurations"))

        assert "No OAuth configurations yet" in words
        for kind in ("ENTRA", "OKTA", "AUTH0", "OPENID"):
            assert f"new?type={kind}" in words

    def test_shows_any_number_with_as_many_queries(
        self,
        browser: Client,
        owner: Membership,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for one in OAuthConfigurationFactory.create_batch(5, organization=owner.organization):
            one.domains.create(pattern="acme.example")
            one.domains.create(pattern="*")

        with django_assert_max_num_queries(13):
            words = words_of(browser.get("/oauth-configurations"))

        assert words.count("Proved") == words.count("Own apps only") == 5

    @pytest.mark.parametrize("role", ["creator", "user"])
    def test_is_for_owners_and_admins(
        self, client: Client, configuration: OAuthConfiguration, role: str
    ) -> None:
        member = MembershipFactory.create(
            organization=configuration.organization, role=role.upper()
        )
        client.force_login(member.user)

        for path in ("/oauth-configurations", NEW, page_of(configuration)):
            assert client.get(path).status_code == 403


class TestNew:
    def test_asks_for_the_kind_first(self, browser: Client) -> None:
        assert "Which provider is it?" in words_of(browser.get("/oauth-configurations/new"))

    @pytest.mark.parametrize(
        ("kind", "label"),
        [
            ("ENTRA", "Directory (tenant) ID"),
            ("OKTA", "Sign-in redirect URIs"),
            ("AUTH0", "Allowed Callback URLs"),
            ("OPENID", "/.well-known/openid-configuration"),
        ],
    )
    def test_has_the_providers_own_words_beside_the_form(
        self, browser: Client, kind: str, label: str
    ) -> None:
        words = words_of(browser.get(f"/oauth-configurations/new?type={kind}"))

        assert label in words
        assert 'data-copy="http://127.0.0.1:8000/sign-in/callback"' in words

    def test_saves_what_was_typed(self, browser: Client) -> None:
        response = browser.post(NEW, TYPED)

        saved = OAuthConfiguration.objects.get()
        assert response.headers["Location"] == page_of(saved)
        assert client_secret_of(saved) == SECRET
        assert saved.redirect_urls == [
            "https://console.example/sign-in/callback",
            "com.acme.app:/callback",
        ]
        assert saved.scopes == "openid email"
        assert saved.additional_parameters == {"prompt": "select_account"}
        assert [one.pattern for one in saved.domains.all()] == ["*", "acme.example"]
        words = words_of(browser.get(page_of(saved)))
        assert saved.saved_by
        assert f"by Mia {saved.saved_by.last_name} · leave blank to keep" in words
        assert SECRET not in words

    def test_says_each_fault_at_its_field_and_loses_nothing(self, browser: Client) -> None:
        wrong = {"key": "!", "domains": "other.example", "additional_parameters": "state=x"}

        response = browser.post(NEW, TYPED | wrong)

        assert response.status_code == 422
        words = words_of(response)
        assert words.count('aria-invalid="true"') == 3
        assert 'value="portal"' in words
        assert "other.example is not among" in words
        assert SECRET not in words
        assert "Type the secret again" in words
        assert not OAuthConfiguration.objects.exists()

    def test_shows_the_same_as_json_and_back(self, browser: Client) -> None:
        shown = browser.post(NEW, TYPED | {"act": "switch", "name": ""})
        text = unescape(shown.content.decode().split("</textarea>")[0].rpartition(">")[2])
        written = json.loads(text)

        back = browser.post(NEW, {"json": text, "act": "switch"})

        assert shown.status_code == back.status_code == 200
        assert written["additional_parameters"] == {"prompt": "select_account"}
        assert "client_secret" not in written
        assert "com.acme.app:/callback" in words_of(back)
        assert "prompt=select_account" in back.content.decode()

    def test_warns_of_what_is_better_left_on(self, browser: Client) -> None:
        response = browser.post(NEW, {**TYPED, "uses_pkce": "", "scopes": "email", "act": "switch"})

        words = words_of(response)
        assert "Without PKCE" in words
        assert "Without the scope openid" in words


class TestJson:
    def post(self, browser: Client, configuration: OAuthConfiguration, text: str) -> Any:
        return browser.post(page_of(configuration), {"json": text, "act": "save"})

    def test_is_saved_as_a_form_is(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        shown = words_of(browser.get(f"{page_of(configuration)}?as=json"))
        text = shown.split("</textarea>")[0].rpartition(">")[2]
        changed = json.loads(text) | {"name": "Renamed", "uses_nonce": False}

        response = self.post(browser, configuration, json.dumps(changed))

        assert response.status_code == 302
        configuration.refresh_from_db()
        assert (configuration.name, configuration.uses_nonce) == ("Renamed", False)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ('{"name": ', "not JSON"),
            ("[]", "Write an object"),
            ('{"colour": "red"}', "/colour: There is no such field."),
            ('{"domains": [1]}', "/domains/0: Write a text."),
            ('{"name": "x"}', "/key: Use 2 to 100 letters"),
        ],
    )
    def test_is_refused_with_pointers(
        self, browser: Client, configuration: OAuthConfiguration, text: str, fault: str
    ) -> None:
        response = self.post(browser, configuration, text)

        assert response.status_code == 422
        words = words_of(response)
        assert fault in words
        assert text in words


class TestImport:
    def test_shows_what_differs_and_applies_it_on_request(
        self, browser: Client, provider: Provider
    ) -> None:
        typed = TYPED | {"type": "OPENID", "issuer": "", "ask": provider.issuer}

        asked = browser.post(NEW, typed | {"act": "import"})

        words = words_of(asked)
        assert "What the issuer says" in words
        assert f"{provider.issuer}/token" in words
        found = asked.content.decode().partition('name="found" value="')[2].partition('"')[0]
        applied = browser.post(NEW, typed | {"act": "apply", "found": unescape(found)})
        assert f'value="{provider.issuer}/token"' in words_of(applied)
        assert 'value="Company account"' in applied.content.decode()
        assert not OAuthConfiguration.objects.exists()

    @pytest.mark.parametrize("ask", ["http://127.0.0.1:1", "not a url", ""])
    def test_says_at_its_field_what_went_wrong(self, browser: Client, ask: str) -> None:
        typed = TYPED | {"type": "OPENID", "issuer": "", "ask": ask, "act": "import"}

        response = browser.post(NEW, typed)

        assert response.status_code == 422
        assert words_of(response).count('aria-invalid="true"') == 1

    def test_takes_nothing_else_for_what_was_found(self, browser: Client) -> None:
        for found in ("", "[1]", '{"colour": "red"}'):
            response = browser.post(NEW, TYPED | {"act": "apply", "found": found})

            assert response.status_code == 422
            read_page(response)


class TestOne:
    def test_is_removed_by_its_name(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        address = f"{page_of(configuration)}/remove"
        read_page(browser.get(address))

        assert browser.post(address, {"name": "Another"}).status_code == 422
        assert browser.post(address, {"name": "Company"}).url == "/oauth-configurations"  # type: ignore[attr-defined]
        assert not OAuthConfiguration.objects.exists()

    def test_stays_while_it_is_used(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        sign_on = SingleSignOn.objects.create(organization=configuration.organization)
        sign_on.configurations.add(configuration)
        address = f"{page_of(configuration)}/remove"

        refused = browser.post(address, {"name": "Company"})

        assert refused.status_code == 422
        assert "Single sign-on of the organization" in words_of(refused)
        assert OAuthConfiguration.objects.exists()

    def test_has_an_image_that_everybody_may_see(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        drawn = BytesIO()
        Image.new("RGB", (40, 20)).save(drawn, "PNG")
        drawn.name, address = "logo.png", f"{page_of(configuration)}/image"
        drawn.seek(0)

        browser.post(address, {"picture": drawn})

        picture = Picture.objects.get()
        assert Client().get(reverse("picture", args=[picture.pk])).status_code == 200
        assert str(picture.pk) in words_of(browser.get(page_of(configuration)))
        browser.post(address, {"remove": "1"})
        assert not Picture.objects.exists()

    def test_is_not_there_for_another_organization(self, browser: Client) -> None:
        foreign = OAuthConfigurationFactory.create()

        for path in ("", "/image", "/remove"):
            assert browser.get(page_of(foreign) + path).status_code == 404
            assert browser.post(page_of(foreign) + path).status_code == 404
