"""Somebody writes a function: a mistake at its line, a suggestion, a save, and the way back."""

import re

from playwright.sync_api import Page, expect

from functions.services.editing import read_file
from tests.browser.conftest import type_of_browser
from tests.browser.test_accessibility import faults_of
from tests.people import Field

PATH = "functions/list-customers.jigx"


def live_text(field: Field) -> str:
    field.solution.refresh_from_db()
    return read_file(field.solution, PATH, version=field.solution.version)


def write(page: Page, text: str) -> None:
    """Type at the end of the text, without the help of brackets that close themselves."""
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def choose(page: Page, words: str) -> None:
    page.locator(".cm-completionLabel").get_by_text(words, exact=True).click()


def remembered(page: Page) -> list[str]:
    """Return what the tab keeps of inputs."""
    kept: dict[str, str] = page.evaluate("({...sessionStorage})")
    return [value for key, value in kept.items() if key.startswith("inputs:")]


class TestEditor:
    def test_leads_from_a_mistake_to_a_version_and_back(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(f"/solutions/{field.solution.pk}/functions/list-customers")
        page.get_by_role("link", name="Edit").click()
        text = page.get_by_role("textbox", name="Definition")
        expect(page.get_by_text("Nothing to complain of.")).to_be_visible()
        before = live_text(field)

        text.focus()
        write(page, "form")
        choose(page, "format")
        choose(page, "xml")
        write(page, "l")

        line = len(before.splitlines()) + 1
        problem = page.get_by_role("list", name="What the check found").get_by_role("listitem")
        expect(problem).to_contain_text(f"Line {line}")
        expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
        assert faults_of(page) == []

        page.get_by_role("button", name=f"Line {line}").click()
        expect(text).to_be_focused()
        page.keyboard.press("Control+End")
        page.keyboard.press("Backspace")
        expect(page.get_by_text("Nothing to complain of.")).to_be_visible()
        page.keyboard.press("Control+s")
        expect(page.get_by_text("Saved. Version 2 is live.")).to_be_visible()
        assert live_text(field) == f"{before}format: xml"

        page.get_by_role("link", name="What changed").click()
        expect(page.locator("ins")).to_contain_text("format: xml")
        page.get_by_role("link", name="Back to version 1").click()
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_text("Version 1 is live again, as version 3.")).to_be_visible()
        assert live_text(field) == before

    def test_suggests_what_the_place_takes(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(f"/solutions/{field.solution.pk}/files")
        page.get_by_role("textbox", name="Definition").focus()

        write(page, "crm.example.com/{")
        expect(page.get_by_role("option")).to_have_count(0)
        page.keyboard.type("id}\nparameters:\nid:\nloc")
        choose(page, "location")
        choose(page, "path")
        page.keyboard.type("\nval")
        choose(page, "value")
        choose(page, "crm")
        page.keyboard.press("Enter")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.type("when: =$exists(@ctx.par")
        choose(page, "parameters")
        page.keyboard.type(".i")
        choose(page, "id")

        box = page.locator("textarea[data-editor]")
        expect(box).to_have_value(
            re.compile(
                r"/\{id\}\nparameters:\n  id:\n    location: path\n    value: crm\n"
                r"when: =\$exists\(@ctx\.parameters\.id\)$"
            )
        )

    def test_lets_the_keyboard_out(self, open_browser: type_of_browser, field: Field) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(f"/solutions/{field.solution.pk}/files/{PATH}")
        text = page.get_by_role("textbox", name="Definition")
        text.focus()

        page.keyboard.press("Tab")
        expect(text).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")

        expect(text).not_to_be_focused()

    def test_is_a_text_box_without_javascript(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner, java_script_enabled=False)
        page.goto(f"/solutions/{field.solution.pk}/files/{PATH}")
        text = page.get_by_label("Definition")

        text.fill(text.input_value().replace("GET", "NONE"))
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Line 2")).to_be_visible()
        text.fill(text.input_value().replace("NONE", "POST"))
        page.get_by_role("button", name="Save").click()

        expect(page.get_by_text("Saved. Version 2 is live.")).to_be_visible()


class TestInputs:
    def test_stay_in_the_tab_until_they_are_forgotten(
        self, open_browser: type_of_browser, field: Field
    ) -> None:
        page = open_browser(field, user=field.owner)
        address = f"/solutions/{field.solution.pk}/functions/list-customers"
        page.goto(address)
        region = page.get_by_label("region")
        region.fill("EU-marker")

        page.goto("/functions")
        page.go_back()
        expect(region).to_have_value("EU-marker")
        page.get_by_role("button", name="Forget inputs").click()
        expect(region).to_have_value("")
        page.goto("/functions")
        page.go_back()

        expect(region).to_have_value("")
        assert remembered(page) == []

    def test_end_with_sign_out(self, open_browser: type_of_browser, field: Field) -> None:
        page = open_browser(field, user=field.owner)
        page.goto(f"/solutions/{field.solution.pk}/functions/list-customers")
        page.get_by_label("region").fill("EU-marker")
        assert remembered(page) == ['{"parameter-region":"EU-marker"}']

        page.get_by_label(re.compile("Your account")).click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

        assert remembered(page) == []
        page.go_back()
        expect(page.get_by_label("region")).to_have_count(0)
