"""A real browser before a real installation. Without Chromium these tests fail, they never skip."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from auth_providers.models import Device
from auth_providers.services.apps import installation_app
from functions.models import CallRecord
from orgs.models import User
from tests.conftest import Installation
from tests.people import Field, make_field

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Nothing here takes long; a page that does not come is a failure soon.
LONGEST_WAIT_MS = 15_000
LIST_CUSTOMERS = """\
provider: DATA_PROVIDER_REST
method: GET
# The key of the saved credential stands in for the secret.
url: {service}/customers
parameters:
  region: {{location: query, type: string, required: true}}
  limit: {{location: query, type: int, value: 100}}
  archived: {{location: query, type: boolean}}
  filter: {{location: query, type: object}}
  x-api-key: {{location: header, required: true, value: crm}}
outputTransform: |
  $.value.{{"id": $string(id), "name": name}}
"""
ORDERS = """\
provider: DATA_PROVIDER_SQL
method: query
connection: orders
query: |
  -- The newest first.
  SELECT id, total FROM dbo.Orders WHERE region = @region ORDER BY placed_at DESC
parameters:
  region: {type: string, value: EU}
  since: {type: date}
"""

type_of_browser = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while Playwright's loop runs here, no other test may have its own."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if program is None:
        pytest.fail("There is no Chromium here: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's own loop runs in this thread, which Django takes for an asynchronous caller.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            yield browser
            browser.close()


@pytest.fixture
def field(installation: Installation, transactional_db: None) -> Field:
    """An organization on a usual day: functions, a credential, a device, calls of each kind."""
    field = make_field(installation.address)
    field.publish(
        list_customers=LIST_CUSTOMERS.format(service="https://crm.example.com"),
        nearby_sites="{provider: DATA_PROVIDER_REST, url: 'https://a.example', useLocalCall: true}",
        list_orders=ORDERS,
    )
    field.save_api_key("crm", "s3cret-key", "https://crm.example.com")
    expires_at = timezone.now() + timedelta(days=1)
    Device.objects.create(
        user=field.owner, app=installation_app(), name="Phone", expires_at=expires_at
    )
    for status in CallRecord.Status.values:
        CallRecord.objects.create(
            organization=field.organization,
            solution=field.solution,
            user=field.technician,
            function_name="list-customers",
            version=1,
            source=CallRecord.Source.DEVICE,
            status=status,
            error_name="UpstreamError" if status == "ERROR" else "",
            total_ms=120,
            upstream_ms=110,
        )
    return field


@pytest.fixture
def visit(chromium: Browser, installation: Installation) -> Iterator[type_of_browser]:
    """Return a maker of pages, signed in or not; at the end none of them may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A refusal that is shown on the page is logged by the browser, and is none of our faults.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_page(*, user: User | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=installation.address, **options)
        contexts.append(context)
        context.set_default_timeout(LONGEST_WAIT_MS)
        if user:
            context.add_cookies([_session_of(user, installation.address)])  # type: ignore[list-item]
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_browser(visit: type_of_browser) -> type_of_browser:
    """Return a maker of pages before an organization on a usual day."""

    def open_page(field: Field, **options: Any) -> Page:
        return visit(**options)

    return open_page


def _session_of(user: User, address: str) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    host = urlsplit(address).hostname or ""
    return {
        "name": "sessionid",
        "value": client.session.session_key or "",
        "domain": host,
        "path": "/",
    }
