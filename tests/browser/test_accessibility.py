"""Every page, at a desk and on a phone, in light and dark: no fault that axe knows of."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import LIST_CUSTOMERS, ORDERS, type_of_browser
from tests.browser.crowd import TOKEN, Crowd, make_crowd
from tests.people import Field

AXE = Axe().axe_script
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
# In the dark only colours are others.
COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
# Colours of buttons go over into others, from some frame on: until three have passed without any.
FINISH = """async () => {
    for (let quiet = 0; quiet < 3; quiet++) {
        await new Promise((seen) => requestAnimationFrame(seen));
        const ending = (one) => one.effect.getComputedTiming().endTime !== Infinity;
        const running = document.getAnimations().filter(ending);
        running.forEach((animation) => animation.finish());
        if (running.length) quiet = -1;
    }
}"""
ENTRANCE = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/signup/",
    "/register",
    "/nothing-here",
    "/sign-in/ended?reason=sso_refused",
)
# The link puts what it holds into the session, and leads on to a page.
INVITED = (f"/invitations/{TOKEN}", "/invitations/that-is-none")
# Forms of which an empty one is refused, with a message beside each field.
REFUSING = (
    "/people/invite",
    "/people/invite/many",
    "/solutions/new",
    "/organization",
    "/apps/new",
    "/oauth-configurations/new?type=OKTA",
)
# 1280 pixels at 400 % are as wide as these.
NARROWEST = 320


def pages_of(field: Field) -> Iterator[str]:
    yield from ("/", "/solutions", "/functions", "/functions?search=nothing", "/calls")
    yield "/language"
    yield f"/solutions/{field.solution.pk}"
    yield f"/solutions/{field.solution.pk}/functions/list-customers"
    yield f"/solutions/{field.solution.pk}/functions/list-orders"
    yield f"/calls/{field.organization.calls.latest('started_at').pk}"
    yield from ("/my-devices", "/profile/connections", "/accounts/2fa/", "/accounts/sessions/")
    yield "/accounts/password/change/"


def pages_of_people(field: Field, crowd: Crowd) -> Iterator[str]:
    yield from ("/people", "/people?search=nobody", "/people/invite", "/people/invite/many")
    yield from (f"/people/{crowd.technician.pk}", f"/people/{crowd.founder.pk}")
    yield from ("/roles", f"/roles?person={crowd.technician.pk}")
    yield from ("/invites", "/invites?search=nobody", "/invite-templates")
    yield from ("/invite-templates/de", "/invite-templates/fr")
    yield from ("/join-requests", "/join-requests?status=APPROVED", "/join-requests?status=DENIED")
    yield from (f"/join-requests/{crowd.pending.pk}", f"/join-requests/{crowd.approved.pk}")
    yield from ("/domains", f"/domains/{crowd.domain.pk}", "/organization")
    yield from pages_of_configurations(field)
    yield from ("/apps", "/apps/new", "/directory")
    yield from ("/single-sign-on", f"/single-sign-on/tests/{crowd.tested.pk}")
    yield from ("/audit-events", "/audit-events?search=nothing")
    yield from ("/profile", "/profile/tokens", "/accounts/email/", "/register/waiting")
    yield f"/profile/organizations/{crowd.founder.pk}/leave"


def pages_of_configurations(field: Field) -> Iterator[str]:
    yield from ("/oauth-configurations", "/oauth-configurations/new")
    yield "/oauth-configurations/new?type=ENTRA"
    used = field.organization.oauth_configurations.latest("created_at")
    yield from (f"/oauth-configurations/{used.pk}", f"/oauth-configurations/{used.pk}?as=json")
    yield f"/oauth-configurations/{used.pk}/remove"


def pages_of_solution(field: Field, crowd: Crowd) -> Iterator[str]:
    changed = LIST_CUSTOMERS.format(service="https://crm.example.com/v2")
    field.publish(list_customers=changed, list_orders=ORDERS)
    yield "/solutions/new"
    here = f"/solutions/{field.solution.pk}"
    yield from (f"{here}/versions", f"{here}/versions/2", f"{here}/versions/1", f"{here}/publish")
    yield from (f"{here}/files/functions/list-customers.jigx", f"{here}/files")
    for part in ("members", "members/add", "groups", "settings", "settings?as=json"):
        yield f"{here}/{part}"
    for part in ("", "/new", "/new?type=basic_auth", "/new?type=oauth", "/key/crm", "/key/graph"):
        yield f"{here}/credentials{part}"
    for part in ("", "/new", "/name/erp", "/name/erp?as=json", "/name/warehouse"):
        yield f"{here}/connections{part}"
    yield "/allow-list"
    yield from (f"{here}/groups/{crowd.group.pk}", f"{here}/copy", f"{here}/delete")


def faults_of(page: Page) -> list[dict[str, Any]]:
    """Look at the page in light, and then at its colours in the dark."""
    page.evaluate(AXE)
    return [*found_in(page, "light", RULES), *found_in(page, "dark", COLOURS)]


def found_in(page: Page, scheme: Literal["light", "dark"], rules: Any) -> list[dict[str, Any]]:
    page.emulate_media(color_scheme=scheme)
    page.evaluate(FINISH)
    violations = page.evaluate("(rules) => axe.run(document, rules)", rules)["violations"]
    return [
        {"scheme": scheme, "rule": fault["id"], "nodes": [node["html"] for node in fault["nodes"]]}
        for fault in violations
    ]


@pytest.mark.parametrize("width", [1280, 390])
class TestAccessibility:
    def test_of_the_pages_behind_sign_in(
        self, open_browser: type_of_browser, field: Field, width: int
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, user=field.owner, viewport=size)

        for address in pages_of(field):
            page.goto(address)

            assert faults_of(page) == [], address

    def test_of_the_pages_of_people(
        self, open_browser: type_of_browser, field: Field, width: int
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, user=field.owner, viewport=size)
        crowd = make_crowd(field)

        for address in (*pages_of_people(field, crowd), *pages_of_solution(field, crowd)):
            answer = page.goto(address)

            assert answer is not None
            assert answer.ok, address
            assert faults_of(page) == [], address

    def test_of_forms_that_are_refused(
        self, open_browser: type_of_browser, field: Field, width: int
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, user=field.owner, viewport=size)

        for address in (*REFUSING, f"/solutions/{field.solution.pk}/connections/new"):
            page.goto(address)
            send_empty(page)

            expect(page.locator("main .errorlist").first).to_be_visible()
            assert faults_of(page) == [], address

    def test_of_the_pages_for_everybody(
        self, open_browser: type_of_browser, field: Field, width: int
    ) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, user=field.technician, viewport=size)
        make_crowd(field)

        for address in ("/", "/profile", "/register/organization", INVITED[0]):
            page.goto(address)

            assert faults_of(page) == [], address

    def test_of_the_entrance(self, open_browser: type_of_browser, field: Field, width: int) -> None:
        size = {"width": width, "height": 860}
        page = open_browser(field, viewport=size)
        make_crowd(field)

        for address in (*ENTRANCE, *INVITED):
            page.goto(address)

            assert faults_of(page) == [], address


def send_empty(page: Page) -> None:
    """Send the page's form with nothing in it, past what the browser itself would hold back."""
    page.locator("main form.form").first.evaluate(
        """form => {
            for (const field of form.querySelectorAll("[type=text], [type=email], textarea"))
                field.value = "";
            form.noValidate = true;
            form.requestSubmit(form.querySelector("[type=submit]"));
        }"""
    )


class TestReflow:
    def test_nothing_is_wider_than_the_page(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, viewport={"width": NARROWEST, "height": 640})
        crowd = make_crowd(field)

        behind = (*pages_of_people(field, crowd), *pages_of_solution(field, crowd))
        for address in (*pages_of(field), *behind, *ENTRANCE):
            page.goto(address)

            assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST, address
