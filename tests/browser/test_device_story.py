"""A device signs in through a real browser: at the portal, and at an organization's provider."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.services.apps import OWN_REDIRECT_URL, installation_app
from auth_providers.services.configuration_fields import ConfigurationFields
from auth_providers.services.configuration_secrets import put_client_secret
from auth_providers.tests.factories import OAuthConfigurationFactory
from functions.device.client import Device
from functions.device.loopback import DONE
from functions.device.refusals import Refused
from functions.device.signing_in import by_browser, by_single_sign_on, standing_of_request
from functions.services.oauth_credentials import save_oauth_credential
from functions.tests.device.client.portal import run
from orgs.tests.factories import DomainFactory
from tests.browser.conftest import type_of_browser
from tests.conftest import Installation
from tests.oidc.provider import RealProvider
from tests.people import Field, make_field

DOMAIN = "acme.example"
NEWCOMER = f"nora.new@{DOMAIN}"
LOOPBACK = (ip_network("127.0.0.0/8"),)
WHO_AM_I = """
provider: DATA_PROVIDER_REST
url: {issuer}/me
useLocalCall: {is_local}
parameters:
  accessToken: {{location: header, required: true, value: crm}}
outputTransform: email
"""


@dataclass
class BrowsingPerson:
    """Somebody with Chromium, who allows what they are asked there and answers in order."""

    page: Page
    allow: str = "Allow"
    answers: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str:
        return self.answers.pop(0)

    def choose(self, question: str, options: Sequence[str]) -> int:
        raise AssertionError("There is one way only.")

    def agrees(self, question: str) -> bool:
        return self.answers.pop(0) == "y"

    def visit(self, url: str) -> None:
        """Go through the pages, until the browser is back at the device's own."""
        self.page.goto(url)
        back = self.page.get_by_text(DONE)
        going_on = self.page.get_by_role("button", name="Continue")
        allow = self.page.get_by_role("button", name=self.allow)
        while not back.is_visible():
            expect(back.or_(going_on).or_(allow)).to_be_visible()
            for button in (going_on, allow):
                if button.is_visible():
                    button.click()


@pytest.fixture
def acme(installation: Installation, transactional_db: None) -> Field:
    """Acme, which has proved its domain."""
    acme = make_field(installation.address)
    DomainFactory.create(organization=acme.organization, name=DOMAIN, proved=True)
    return acme


@pytest.fixture
def device(tmp_path: Path, computer_without_keychain: None) -> Device:
    return Device(tmp_path / "device")


def configure(acme: Field, provider: RealProvider) -> None:
    """Let Acme's people sign in at the provider, and in whom somebody has let in."""
    client = provider.register_client(OWN_REDIRECT_URL, authentication="client_secret_basic")
    configuration: OAuthConfiguration = OAuthConfigurationFactory.build(
        organization=acme.organization,
        issuer=provider.issuer,
        client_id=client.client_id,
        client_authentication=client.authentication,
        redirect_urls=[OWN_REDIRECT_URL],
    )
    put_client_secret(configuration, client.client_secret, by=acme.owner, now=timezone.now())
    configuration.save()
    configuration.domains.create(pattern=DOMAIN)
    single_sign_on = SingleSignOn.objects.create(organization=acme.organization, is_enabled=True)
    single_sign_on.configurations.add(configuration)


def publish(acme: Field, provider: RealProvider) -> None:
    """Publish functions that send each person's own token of the provider to it."""
    client = provider.register_client(OWN_REDIRECT_URL, authentication="client_secret_basic")
    save_oauth_credential(
        acme.solution,
        key="crm",
        fields=ConfigurationFields(
            issuer=provider.issuer,
            client_id=client.client_id,
            client_authentication=client.authentication,
            redirect_urls=(OWN_REDIRECT_URL,),
            scopes="openid email offline_access",
        ),
        client_secret=client.client_secret,
        allowed_origins=[provider.issuer],
        by=acme.owner,
        now=timezone.now(),
    )
    acme.publish(
        who_am_i=WHO_AM_I.format(issuer=provider.issuer, is_local="false"),
        who_am_i_here=WHO_AM_I.format(issuer=provider.issuer, is_local="true"),
    )


def approve(page: Page) -> None:
    page.goto("/join-requests")
    page.get_by_role("link", name="Nora New").click()
    page.get_by_label("Field").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved").first).to_be_visible()


class TestDevice:
    def test_signs_in_at_the_portal(
        self, acme: Field, device: Device, visit: type_of_browser
    ) -> None:
        client_id = installation_app().client_id
        person = BrowsingPerson(visit(user=acme.technician), allow="Sign in")

        device.sign_in(
            acme.address,
            client_id=client_id,
            way=lambda portal: by_browser(portal, person, client_id=client_id),
        )

        assert device.account().user["email"] == acme.technician.email

    def test_asks_to_join_is_let_in_and_uses_its_person_s_account(
        self, acme: Field, device: Device, real_provider: RealProvider, visit: type_of_browser
    ) -> None:
        configure(acme, real_provider)
        publish(acme, real_provider)
        person = BrowsingPerson(visit(), answers=["y", "It's Nora."])

        with pytest.raises(Refused, match="You asked to join Acme"):
            self.sign_in(device, acme, person)
        assert standing_of_request(device.keychain) == "Your request to join Acme is pending."
        approve(visit(user=acme.owner))
        assert standing_of_request(device.keychain) == "Your request to join Acme is approved."
        self.sign_in(device, acme, person)

        synced, _is_new = device.sync("field")
        with pytest.raises(Refused, match="`device connect field crm`"):
            run(device, "who-am-i")
        assert device.connect(synced, "crm", person=person) == "connected"
        assert run(device, "who-am-i").output == NEWCOMER
        with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
            local = thread.submit(run, device, "who-am-i-here", networks=LOOPBACK)
            assert local.result().output == NEWCOMER
        assert real_provider.issuer in device.sign_out().end_session_url

    def sign_in(self, device: Device, acme: Field, person: BrowsingPerson) -> None:
        client_id = installation_app().client_id
        device.sign_in(
            acme.address,
            client_id=client_id,
            way=lambda portal: by_single_sign_on(
                portal, person, client_id=client_id, email=NEWCOMER, keychain=device.keychain
            ),
        )
