"""The test sign-in: away in a new tab, back with what the provider says of the tester."""

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.models import LinkedIdentity, OAuthConfiguration, SingleSignOn, TestSignIn
from auth_providers.services.arrivals import callback_url
from auth_providers.services.test_sign_ins import shown_claims
from auth_providers.tests.arriving import address_of, arrive, come_back
from auth_providers.tests.hostile import Provider, state_of
from orgs.models import AuditEvent, Membership, User
from orgs.tests.factories import DomainFactory, MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(
        admin=True, organization__name="Acme", user__email="mia@acme.example"
    )


@pytest.fixture
def configuration(provider: Provider, admin: Membership) -> OAuthConfiguration:
    configuration = provider.configure(admin.organization, redirect_urls=[callback_url()])
    configuration.domains.create(pattern="*.example")
    return configuration


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    client.force_login(admin.user)
    return client


def begin(browser: Client, configuration: OAuthConfiguration) -> str:
    return address_of(browser.post(reverse("single-sign-on-test-begin", args=[configuration.pk])))


class TestTestSignIn:
    def test_ends_on_a_page_with_the_claims_and_what_would_be_done(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        DomainFactory.create(organization=configuration.organization, proved=True)
        address = begin(browser, configuration)

        answer = come_back(browser, provider, address, groups=["field", "<b>admins</b>"], x_id="7")

        url = reverse("single-sign-on-test", args=[configuration.pk])
        assert answer.headers["Location"] == url
        page = browser.get(url)
        assert read_page(page).headings == ["Test sign-in"]
        text = page.content.decode()
        assert "field, &lt;b&gt;admins&lt;/b&gt;" in text
        assert "*.example" in text
        assert "Link the account at the provider to the account here" in text
        assert "x_id" in text
        assert browser.get(reverse("single-sign-on")).content.decode().count("mia@acme.example")

    def test_makes_nothing_and_keeps_that_it_passed(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        address = begin(browser, configuration)

        come_back(browser, provider, address, sub="new", email="new@acme.example")

        test = TestSignIn.objects.get()
        assert (test.refusal, test.revision) == ("", configuration.revision)
        assert test.claims["sub"] == "new"
        assert not LinkedIdentity.objects.exists()
        assert not User.objects.filter(email="new@acme.example").exists()
        assert AuditEvent.objects.get(act="single_sign_on.test").changes == {}

    @pytest.mark.parametrize(
        ("claims", "code", "advice"),
        [
            ({"aud": "another"}, "id_token_aud", "Copy the client id again"),
            ({"exp": 1}, "id_token_expired", "check the clocks"),
        ],
    )
    def test_tells_what_was_wrong_and_what_helps(
        self,
        browser: Client,
        provider: Provider,
        configuration: OAuthConfiguration,
        claims: dict[str, object],
        code: str,
        advice: str,
    ) -> None:
        answer = come_back(browser, provider, begin(browser, configuration), **claims)

        page = browser.get(answer.headers["Location"]).content.decode()
        assert code in page
        assert advice in page
        assert TestSignIn.objects.get().refusal == code

    def test_takes_a_no_of_the_provider_for_a_result(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        state = state_of(begin(browser, configuration))

        arrive(browser, state=state, error="<script>")

        assert TestSignIn.objects.get().refusal == "provider_error"

    def test_comes_back_to_the_session_that_left(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        address = begin(browser, configuration)
        other = MembershipFactory.create(organization=configuration.organization, admin=True)
        browser.force_login(other.user)

        answer = come_back(browser, provider, address)
        browser.logout()
        signed_out = come_back(browser, provider, address)

        for refused in (answer, signed_out):
            assert refused.headers["Location"] == "/sign-in/ended?reason=transaction_unknown"
        assert not TestSignIn.objects.exists()

    def test_takes_the_redirect_url_of_the_console(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        OAuthConfiguration.objects.update(redirect_urls=[])

        url = reverse("single-sign-on-test-begin", args=[configuration.pk])
        page = browser.post(url, follow=True)

        assert f"Add {callback_url()} to the redirect URLs" in page.content.decode()

    def test_is_for_who_sets_up_the_organization(
        self, client: Client, configuration: OAuthConfiguration
    ) -> None:
        client.force_login(
            MembershipFactory.create(organization=configuration.organization, creator=True).user
        )
        for page in ("single-sign-on-test-begin", "single-sign-on-test"):
            assert client.post(reverse(page, args=[configuration.pk])).status_code == 404


class TestShownClaims:
    def test_are_bounded(self) -> None:
        shown = shown_claims(
            {
                "sub": "x" * 5000,
                "groups": ["g" * 5000] * 500,
                "roles": {"deep": ["y"] * 5000},
                **{f"claim{number}": number for number in range(500)},
            }
        )

        assert sum(len(value) for value in shown.values()) < 4000

    def test_leave_out_what_has_no_name_in_the_list(self) -> None:
        assert shown_claims({"nonce": "secret", "email_verified": True}) == {
            "email_verified": "true",
            "others": "nonce",
        }


class TestSettingsPage:
    def test_says_the_next_step_while_there_is_nothing(self, browser: Client) -> None:
        page = browser.get(reverse("single-sign-on"))

        read_page(page)
        assert "No provider yet" in page.content.decode()

    def test_saves_what_is_chosen(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        come_back(browser, provider, begin(browser, configuration))
        wanted = {"is_enabled": "on", "configurations": [configuration.pk], "creates_members": "on"}

        page = browser.post(reverse("single-sign-on"), wanted, follow=True)

        read_page(page)
        assert "Single sign-on is saved." in page.content.decode()
        settings = SingleSignOn.objects.get()
        assert settings.is_enabled
        assert settings.creates_as is not None

    def test_keeps_what_was_chosen_beside_what_is_wrong(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        wanted = {"is_enabled": "on", "configurations": [configuration.pk]}

        page = browser.post(reverse("single-sign-on"), wanted)

        assert page.status_code == 422
        read_page(page)
        assert "yourself first, as it is now." in page.content.decode()
        assert 'name="is_enabled" role="switch" id="id_is_enabled" checked' in (
            page.content.decode()
        )

    def test_stays_on_when_something_else_is_saved(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        settings = SingleSignOn.objects.create(
            organization=configuration.organization, is_enabled=True
        )
        settings.configurations.add(configuration)

        browser.post(reverse("single-sign-on"), {"configurations": [configuration.pk]})

        assert SingleSignOn.objects.get().is_enabled

    def test_turns_it_off_by_the_organizations_name(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        SingleSignOn.objects.create(organization=configuration.organization, is_enabled=True)
        url = reverse("single-sign-on-disable")

        assert browser.post(url, {"typed": "Other"}).status_code == 422
        assert browser.post(url, {"typed": "Acme"}).status_code == 302
        assert not SingleSignOn.objects.get().is_enabled
