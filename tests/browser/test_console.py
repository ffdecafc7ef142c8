"""The console in a browser: what scripts add, and that all works without them."""

import json
import re

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect
from pytest_httpserver import HTTPServer

from functions.console.functions import function_context
from functions.console.trial import show
from functions.models import FunctionDefinition
from functions.services.calls import CallAnswer
from orgs.services.organizations import allow_networks
from tests.browser.conftest import LIST_CUSTOMERS, type_of_browser
from tests.browser.test_accessibility import faults_of
from tests.conftest import wait_until
from tests.people import PASSWORD, Field

COLUMNS, ROWS = [f"column {number}" for number in range(40)], range(1_204)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def trial(field: Field, httpserver: HTTPServer) -> str:
    """The page of a function whose service answers."""
    service = httpserver.url_for("").rstrip("/")
    rows = {"value": [{"id": 1, "name": "Northwind"}, {"id": 2, "name": "Contoso"}]}
    httpserver.expect_request("/customers", headers={"x-api-key": "s3cret-key"}).respond_with_json(
        rows
    )
    allow_networks(field.organization, networks=["127.0.0.0/8"], by=None)
    field.solution.refresh_from_db()
    field.publish(list_customers=LIST_CUSTOMERS.format(service=service))
    field.save_api_key("crm", "s3cret-key", service)
    return f"/solutions/{field.solution.pk}/functions/list-customers"


def answer_of_a_database(field: Field) -> str:
    """Return what a trial of the SQL function answers, as if a server had sent two sets."""
    rows = [{"id": n, "note": None, "name": "", **dict.fromkeys(COLUMNS, "x" * 300)} for n in ROWS]
    document = {
        "correlation_id": "c",
        "status": "ok",
        "output": rows[:2],
        "error": None,
        "upstream": {"status": None, "pages": 1},
        "timing_ms": {"total": 9, "queue": 1, "upstream": 7, "transform": 1},
        "warnings": [],
        "answer": {"recordsets": [rows, [], rows[:1]], "output": {"a": None}, "rowsAffected": 2},
    }
    function = FunctionDefinition.objects.get(name="list-orders")
    context = function_context(function, user=field.owner)
    context["answer"] = show(CallAnswer("OK", json.dumps(document).encode()))
    return render_to_string("functions/_trial.html", context)


def run(page: Page, region: str) -> None:
    page.get_by_label("region").fill(region)
    page.get_by_role("button", name="Run").click()


class TestSignIn:
    def test_leads_to_the_page_that_was_asked_for(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        # The suite hashes passwords fast; the server that the browser sees takes its own way only.
        field.owner.password = Argon2PasswordHasher().encode(PASSWORD, "sixteen-of-these")
        field.owner.save()
        page = open_browser(field)
        page.goto("/calls")

        page.get_by_label("E-mail address").fill(field.owner.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()

        expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()

    def test_ends_with_sign_out(self, open_browser: type_of_browser, field: Field) -> None:
        page = open_browser(field, user=field.owner)
        page.goto("/")

        page.get_by_label(re.compile("Your account")).click()
        page.get_by_role("button", name="Sign out").click()

        page.goto("/")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


class TestTryIt:
    def test_shows_the_answer_in_place(
        self, open_browser: type_of_browser, field: Field, trial: str
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(trial)

        run(page, "EU")

        expect(page.get_by_label("Output, JSON")).to_contain_text('"name": "Northwind"')
        expect(page.locator("#announcements")).to_contain_text("HTTP 200")
        expect(page.get_by_role("heading", name="Answer:")).to_be_focused()
        expect(page.get_by_label("region")).to_have_value("EU")
        assert page.url.endswith(trial)
        assert "s3cret-key" not in page.content()
        assert faults_of(page) == []

    def test_works_without_javascript(
        self, open_browser: type_of_browser, field: Field, trial: str
    ) -> None:
        page = open_browser(field, user=field.owner, java_script_enabled=False)
        page.goto(trial)

        run(page, "EU")

        expect(page.get_by_label("Output, JSON")).to_contain_text('"name": "Northwind"')
        assert page.url.endswith("/try")

    def test_shows_a_fault_at_its_field(
        self, open_browser: type_of_browser, field: Field, trial: str
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(trial)
        page.get_by_label("filter").fill("{not json")

        run(page, "EU")

        expect(page.get_by_label("filter")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_text("Enter a valid JSON.")).to_be_visible()
        assert faults_of(page) == []

    @pytest.mark.parametrize("width", [1280, 390])
    def test_shows_tables_in_places_of_their_own(
        self, open_browser: type_of_browser, field: Field, width: int
    ) -> None:
        page = open_browser(field, user=field.owner, viewport={"width": width, "height": 860})
        answer = answer_of_a_database(field)
        page.route("**/try", lambda route: route.fulfill(body=answer, content_type="text/html"))
        page.goto(f"/solutions/{field.solution.pk}/functions/list-orders")

        run(page, "EU")

        table = page.get_by_role("region", name="Result 1 · 1,204 rows")
        expect(table).to_have_attribute("tabindex", "0")
        assert table.evaluate("place => place.scrollWidth > place.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults_of(page) == []

    def test_leads_to_the_call_by_its_correlation_id(
        self, open_browser: type_of_browser, field: Field, trial: str
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(trial)
        run(page, "EU")
        button = page.locator("#trial [data-copy]")
        expect(button).to_be_visible()
        correlation_id = button.get_attribute("data-copy")

        def arrive() -> bool:
            page.goto(f"/jump?to={correlation_id}")
            return "/calls/" in page.url

        # The log is written in batches, a moment after the answer.
        wait_until(arrive)
        expect(page.get_by_text("Where the time went")).to_be_visible()


class TestShell:
    def test_changes_its_theme_at_once_and_keeps_it(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, color_scheme="light")
        page.goto("/")
        background = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(background)
        page.get_by_label(re.compile("Your account")).click()

        with page.expect_response("**/theme"):
            page.get_by_role("button", name="Dark").click()

        dark = page.evaluate(background)
        assert dark != light
        page.reload()
        assert page.evaluate(background) == dark

    def test_follows_the_system_without_a_script(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        def background(scheme: str) -> str:
            page = open_browser(field, color_scheme=scheme)
            page.goto("/accounts/login/")
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        assert background("light") != background("dark")

    def test_opens_as_a_drawer_on_a_phone_without_a_script(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, viewport=PHONE, java_script_enabled=False)
        page.goto("/")
        link = page.get_by_role("link", name="Solutions")
        expect(link).to_be_hidden()

        page.get_by_role("button", name="Open the menu").click()
        link.click()

        expect(page.get_by_role("heading", name="Solutions", level=1)).to_be_visible()

    def test_closes_its_drawer_and_its_menus_with_escape(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, viewport=PHONE)
        page.goto("/")
        page.get_by_role("button", name="Open the menu").click()
        expect(page.get_by_role("link", name="Solutions")).to_be_visible()

        page.keyboard.press("Escape")

        expect(page.get_by_role("link", name="Solutions")).to_be_hidden()

    def test_jumps_from_the_keyboard(self, open_browser: type_of_browser, field: Field) -> None:
        page = open_browser(field, user=field.owner)
        page.goto("/")

        page.keyboard.press("Control+k")
        page.keyboard.type("nearby-sites")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="nearby-sites", level=1)).to_be_visible()

    def test_lets_the_keyboard_skip_to_the_page(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto("/")

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.locator("#page")).to_be_focused()

    def test_says_copied(self, open_browser: type_of_browser, field: Field) -> None:
        page = open_browser(
            field, user=field.owner, permissions=["clipboard-read", "clipboard-write"]
        )
        page.goto(f"/solutions/{field.solution.pk}")

        page.get_by_role("button", name="Copy the id").click()

        expect(page.get_by_role("button", name="Copied the id")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == str(field.solution.pk)

    def test_filters_as_soon_as_a_choice_changes(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto("/calls")

        page.get_by_label("Status").select_option("Error")

        expect(page).to_have_url(re.compile("status=ERROR"))
        expect(page.get_by_role("row")).to_have_count(2)
