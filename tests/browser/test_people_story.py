"""The whole story of who gets in: found an organization, invite, ask to join, approve, use."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from auth_providers.services.apps import installation_app
from functions.services.archives import pack_files
from functions.services.publishing import publish_solution
from orgs.models import Domain, Membership, Organization, User
from orgs.services.solutions import create_solution
from tests.browser.conftest import type_of_browser
from tests.conftest import Installation
from tests.mailbox import code_in, path_of_link_in, wait_for_letter

PASSWORD = "a kettle that hums in tune"
DOMAIN = "kettles.example"
FUNCTION = b"{provider: DATA_PROVIDER_REST, url: 'https://crm.example.com/customers'}"


def register(page: Page, name: str) -> None:
    """Prove the address by the code from the mail and choose a password."""
    address = f"{name.lower()}@{DOMAIN}"
    page.goto("/register")
    page.get_by_label("First name").fill(name)
    page.get_by_label("Last name").fill("Kettle")
    page.get_by_label(re.compile("e-mail", re.IGNORECASE)).fill(address)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(
        code_in(wait_for_letter(address, subject="Your code"))
    )
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Your organization")).to_be_visible()


def found(page: Page) -> Organization:
    page.get_by_label("Name", exact=True).fill("Kettles")
    page.get_by_role("button", name="Create the organization").click()
    page.get_by_role("link", name="Open the console").or_(
        page.get_by_role("heading", name="Overview")
    ).first.wait_for()
    return Organization.objects.get(name="Kettles")


def invite(page: Page, address: str) -> None:
    page.goto("/people/invite")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Role").select_option(label="Creator")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status").first).to_contain_text(address)


def accept(page: Page, address: str) -> None:
    page.goto(path_of_link_in(wait_for_letter(address, subject="Kettles")))
    page.get_by_label("First name").fill("Ines")
    page.get_by_label("Last name").fill("Kettle")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account and join").click()
    expect(page.get_by_text("Kettles").first).to_be_visible()


def ask(page: Page) -> None:
    page.get_by_role("link", name="Request to join Kettles").click()
    page.get_by_label(re.compile("Message")).fill("North region")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Pending")).to_be_visible()


def approve(page: Page, name: str) -> None:
    page.goto("/join-requests")
    page.get_by_role("link", name=f"{name} Kettle").click()
    page.get_by_label("Field service").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"{name} Kettle").first).to_be_visible()


def phone(address: str, email: str) -> dict[str, str]:
    """Sign a phone in as the app does, and return its header."""
    body = {"client_id": installation_app().client_id, "email": email, "password": PASSWORD}
    answer = requests.post(f"{address}/api/v1/auth/sign-in", json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.usefixtures("transactional_db")
class TestPeople:
    def test_found_invite_ask_approve_and_use(
        self, installation: Installation, visit: type_of_browser
    ) -> None:
        founder, invited, asking = visit(), visit(), visit()
        register(founder, "Fay")
        organization = found(founder)
        assert Domain.objects.get(organization=organization).name == DOMAIN
        owner = User.objects.get(email=f"fay@{DOMAIN}")
        solution = create_solution(organization, name="field", title="Field service", by=owner)
        archive = pack_files({"functions/list-customers.jigx": FUNCTION})
        publish_solution(solution, archive=archive, by=owner)

        invite(founder, f"ines@{DOMAIN}")
        accept(invited, f"ines@{DOMAIN}")
        register(asking, "Anna")
        ask(asking)
        approve(founder, "Anna")

        roles = dict(organization.memberships.values_list("user__first_name", "role"))
        assert roles == {
            "Fay": Membership.Role.OWNER,
            "Ines": Membership.Role.CREATOR,
            "Anna": Membership.Role.USER,
        }
        header = phone(installation.address, f"anna@{DOMAIN}")
        url = f"{installation.address}/api/v1/solutions"
        shown = requests.get(url, headers=header, timeout=20).json()["results"]
        assert [one["title"] for one in shown] == ["Field service"]
        wait_for_letter(f"anna@{DOMAIN}", subject="Kettles")
