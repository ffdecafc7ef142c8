"""Every page, at a desk and on a phone, in light and dark: no fault that axe knows of."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import type_of_browser
from tests.people import Field

RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
ENTRANCE = ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/nothing-here")
# 1280 pixels at 400 % are as wide as these.
NARROWEST = 320


def pages_of(field: Field) -> Iterator[str]:
    yield from ("/", "/solutions", "/functions", "/functions?search=nothing", "/calls")
    yield f"/solutions/{field.solution.pk}"
    yield f"/solutions/{field.solution.pk}/functions/list-customers"
    yield f"/calls/{field.organization.calls.latest('started_at').pk}"
    yield from ("/my-devices", "/accounts/2fa/", "/accounts/sessions/")
    yield "/accounts/password/change/"


def faults_of(page: Page) -> list[dict[str, Any]]:
    violations = Axe().run(page, options=RULES).response["violations"]
    return [
        {"rule": fault["id"], "nodes": [node["html"] for node in fault["nodes"]]}
        for fault in violations
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
class TestAccessibility:
    def test_of_the_pages_behind_sign_in(
        self, open_browser: type_of_browser, field: Field, width: int, scheme: str
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, user=field.owner, viewport=size, color_scheme=scheme)

        for address in pages_of(field):
            page.goto(address)

            assert faults_of(page) == [], address

    def test_of_the_entrance(
        self, open_browser: type_of_browser, field: Field, width: int, scheme: str
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, viewport=size, color_scheme=scheme)

        for address in ENTRANCE:
            page.goto(address)

            assert faults_of(page) == [], address


class TestReflow:
    def test_nothing_is_wider_than_the_page(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, viewport={"width": NARROWEST, "height": 640})

        for address in (*pages_of(field), *ENTRANCE):
            page.goto(address)

            assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST, address
