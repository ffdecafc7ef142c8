"""Connecting an account from the console: to the provider, and back with its answer."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client, RequestFactory

from auth_providers.console.consents import send_to_consent
from auth_providers.models import OAuthConfiguration, OutsideGrant
from auth_providers.services.arrivals import CallbackUnregistered, callback_url
from auth_providers.tests.hostile import Provider, nonce_of, state_of
from jigxmgmt.errors import NotAllowed
from orgs.models import SolutionMember
from orgs.tests.factories import SolutionMemberFactory

pytestmark = pytest.mark.django_db
BACK = "/profile/connections"


@pytest.fixture
def mia() -> SolutionMember:
    return SolutionMemberFactory.create()


@pytest.fixture
def browser(mia: SolutionMember, client: Client) -> Client:
    client.force_login(mia.membership.user)
    return client


@pytest.fixture
def configuration(provider: Provider, mia: SolutionMember) -> OAuthConfiguration:
    return provider.configure(mia.solution.organization, redirect_urls=[callback_url()])


def send(browser: Client, mia: SolutionMember, configuration: OAuthConfiguration) -> str:
    """Press *Connect*, and return where the browser is sent."""
    request = RequestFactory().post("/connect")
    request.user, request.session = mia.membership.user, browser.session
    answer = send_to_consent(
        request,  # type: ignore[arg-type]
        configuration,
        solution=mia.solution,
        credential_key="crm",
        back=BACK,
    )
    browser.cookies.update(answer.cookies)
    page = answer.content.decode()
    return page.partition('content="0;url=')[2].partition('"')[0].replace("&amp;", "&")


def come_back(browser: Client, url: str, **answer: str) -> str:
    """Return what the page says that the browser is led to."""
    returned = browser.get("/sign-in/callback", {"state": state_of(url), **answer})
    assert returned.headers["Location"] == BACK
    return " ".join(str(message) for message in get_messages(returned.wsgi_request))


def consent(provider: Provider, url: str) -> str:
    return provider.code_for({"sub": "mia"}, nonce=nonce_of(url))


class TestConnect:
    def test_keeps_the_consent_and_says_so(
        self,
        browser: Client,
        provider: Provider,
        mia: SolutionMember,
        configuration: OAuthConfiguration,
    ) -> None:
        url = send(browser, mia, configuration)

        said = come_back(browser, url, code=consent(provider, url))

        assert said == f"{configuration} is connected to {mia.solution}."
        assert OutsideGrant.objects.get().user == mia.membership.user

    def test_says_that_the_person_did_not_allow_it(
        self, browser: Client, mia: SolutionMember, configuration: OAuthConfiguration
    ) -> None:
        url = send(browser, mia, configuration)

        said = come_back(browser, url, error="access_denied")

        assert said == f"{configuration} is not connected: it did not give its consent."

    def test_is_good_for_one_return(
        self,
        browser: Client,
        provider: Provider,
        mia: SolutionMember,
        configuration: OAuthConfiguration,
    ) -> None:
        url = send(browser, mia, configuration)
        come_back(browser, url, code=consent(provider, url))

        said = come_back(browser, url, code=consent(provider, url))

        assert "begun elsewhere" in said

    def test_ends_in_the_browser_that_began(
        self, provider: Provider, mia: SolutionMember, configuration: OAuthConfiguration
    ) -> None:
        url = send(Client(), mia, configuration)
        another = Client()
        another.force_login(mia.membership.user)

        come_back(another, url, code=consent(provider, url))

        assert not OutsideGrant.objects.exists()

    def test_takes_a_configuration_with_the_console_s_address(
        self, browser: Client, provider: Provider, mia: SolutionMember
    ) -> None:
        configuration = provider.configure(mia.solution.organization)

        with pytest.raises(CallbackUnregistered):
            send(browser, mia, configuration)

    def test_is_not_a_stranger_s(
        self, browser: Client, mia: SolutionMember, configuration: OAuthConfiguration
    ) -> None:
        mia.delete()

        with pytest.raises(NotAllowed):
            send(browser, mia, configuration)
