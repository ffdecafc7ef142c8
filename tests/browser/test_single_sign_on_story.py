"""An organization's people come into the console by their own provider, a real one."""

import pytest
from playwright.sync_api import Page, expect

from orgs.models import Membership
from orgs.tests.factories import DomainFactory
from tests.browser.conftest import type_of_browser
from tests.conftest import Installation
from tests.oidc.provider import RealProvider, RegisteredClient
from tests.people import Field, make_field

DOMAIN = "acme.example"
NEWCOMER = f"nora.new@{DOMAIN}"


@pytest.fixture
def field(installation: Installation, transactional_db: None) -> Field:
    """Acme, which has proved its domain."""
    field = make_field(installation.address)
    DomainFactory.create(organization=field.organization, name=DOMAIN, proved=True)
    return field


@pytest.fixture
def client(real_provider: RealProvider, installation: Installation) -> RegisteredClient:
    """The console, as Acme registered it with its provider."""
    return real_provider.register_client(
        f"{installation.address}/sign-in/callback",
        authentication="client_secret_basic",
        post_logout=f"{installation.address}/accounts/login/",
    )


def configure(page: Page, provider: RealProvider, client: RegisteredClient) -> None:
    """Keep what the provider gave: the issuer tells its endpoints itself."""
    page.goto("/oauth-configurations/new?type=OPENID")
    page.locator("[name=ask]").fill(provider.issuer)
    page.get_by_role("button", name="Import from issuer").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("[name=issuer]")).to_have_value(provider.issuer)
    page.get_by_label("Name", exact=True).fill("Acme account")
    page.get_by_label("Key", exact=True).fill("acme")
    page.get_by_label("Client id").fill(client.client_id)
    page.get_by_label("Client secret").fill(client.client_secret)
    page.get_by_label("Domains").fill(DOMAIN)
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("status").first).to_contain_text("Acme account is saved.")


def enable(page: Page) -> None:
    page.goto("/single-sign-on")
    page.get_by_label("Single sign-on enabled").check()
    page.get_by_label("Acme account").check()
    page.get_by_label("Create users on first sign-in").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status").first).to_contain_text("saved")


def consent(page: Page, email: str) -> None:
    """Sign in at the provider, and let it tell us who one is."""
    expect(page.get_by_role("heading", name="Sign in to the provider")).to_be_visible()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Allow").click()


def come_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Continue with single sign-on").click()


class TestSingleSignOn:
    def test_is_configured_tested_enabled_and_used(
        self,
        field: Field,
        real_provider: RealProvider,
        client: RegisteredClient,
        visit: type_of_browser,
    ) -> None:
        admin, newcomer = visit(user=field.owner), visit()
        configure(admin, real_provider, client)

        admin.goto("/single-sign-on")
        with admin.context.expect_page() as opened:
            admin.get_by_role("button", name="Test sign-in").click()
        consent(opened.value, field.owner.email)
        expect(opened.value.get_by_text("It works")).to_be_visible()
        expect(opened.value.get_by_text(field.owner.email).first).to_be_visible()
        enable(admin)

        come_in(newcomer, NEWCOMER)
        newcomer.get_by_role("button", name="Cancel").click()
        expect(newcomer.get_by_text("you did not allow it there")).to_be_visible()
        come_in(newcomer, NEWCOMER)
        consent(newcomer, NEWCOMER)
        expect(newcomer.get_by_text(f"signed in as {NEWCOMER}")).to_be_visible()
        membership = Membership.objects.get(user__email=NEWCOMER)
        assert membership.organization == field.organization
        assert membership.role == Membership.Role.USER

        newcomer.get_by_role("button", name="Sign out").click()
        newcomer.get_by_role("link", name="Sign out at Acme account").click()
        newcomer.get_by_role("button", name="Sign out").click()
        expect(newcomer.get_by_role("heading", name="Sign in")).to_be_visible()
