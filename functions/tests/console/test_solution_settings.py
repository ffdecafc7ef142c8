"""A solution's settings: a title, and variables as rows or as JSON, over one object."""

import pytest
from django.test import Client

from functions.tests.console.conftest import Acme
from orgs.tests.pages import read_page


def page_of(acme: Acme) -> str:
    return f"/solutions/{acme.solution.pk}/settings"


class TestSettings:
    ROWS = {
        "title": "New title",
        "act": "save",
        "form-TOTAL_FORMS": "5",
        "form-INITIAL_FORMS": "5",
        "form-0-name": "region",
        "form-0-kind": "text",
        "form-0-value": "EU",
        "form-1-name": "limit",
        "form-1-kind": "number",
        "form-1-value": "0.5",
        "form-2-name": "debug",
        "form-2-kind": "truth",
        "form-2-value": "False",
        "form-3-name": "sites",
        "form-3-kind": "json",
        "form-3-value": '[{"id": 1}]',
        "form-4-name": "",
        "form-4-kind": "text",
        "form-4-value": "",
    }
    OBJECT = {"region": "EU", "limit": 0.5, "debug": False, "sites": [{"id": 1}]}

    def test_are_saved_from_rows_and_shown_as_they_were(self, browser: Client, acme: Acme) -> None:
        answer = browser.post(page_of(acme), self.ROWS)

        assert answer.headers["Location"] == page_of(acme)
        acme.solution.refresh_from_db()
        assert (acme.solution.title, acme.solution.custom_settings) == ("New title", self.OBJECT)
        again = browser.post(page_of(acme), self.shown(browser, acme))
        acme.solution.refresh_from_db()
        assert again.status_code == 302
        assert acme.solution.custom_settings == self.OBJECT

    def test_are_saved_from_json(self, browser: Client, acme: Acme) -> None:
        browser.post(page_of(acme), {"title": "Field", "act": "save", "json": '{"a": [1]}'})

        acme.solution.refresh_from_db()
        assert acme.solution.custom_settings == {"a": [1]}

    def test_change_between_rows_and_json_with_what_was_typed(
        self, browser: Client, acme: Acme
    ) -> None:
        as_json = browser.post(page_of(acme), self.ROWS | {"act": "switch"})
        written = as_json.context["variables"]["json"].value()
        as_rows = browser.post(page_of(acme), {"title": "Typed", "act": "switch", "json": written})

        assert (as_json.status_code, as_rows.status_code) == (200, 200)
        assert '"limit": 0.5' in written
        names = [form["name"].value() for form in as_rows.context["variables"]]
        assert names[:4] == list(self.OBJECT)
        assert 'value="Typed"' in as_rows.content.decode()
        acme.solution.refresh_from_db()
        assert acme.solution.custom_settings == {}

    @pytest.mark.parametrize(
        ("changes", "row", "field", "words"),
        [
            ({"form-1-value": "12a"}, 1, "value", "Write a number"),
            ({"form-1-value": "NaN"}, 1, "value", "Write a number"),
            ({"form-2-value": "perhaps"}, 2, "value", "true or false"),
            ({"form-3-value": "{"}, 3, "value", "not JSON"),
            ({"form-3-value": "[" * 2000}, 3, "value", "not JSON"),
            ({"form-0-name": ""}, 0, "name", "Give it a name"),
            ({"form-1-name": "region"}, 1, "name", "Another row"),
        ],
    )
    def test_say_at_the_row_what_is_wrong_and_keep_what_was_typed(
        self,
        browser: Client,
        acme: Acme,
        changes: dict[str, str],
        row: int,
        field: str,
        words: str,
    ) -> None:
        answer = browser.post(page_of(acme), self.ROWS | changes)

        assert answer.status_code == 422
        forms = list(answer.context["variables"])
        assert words in forms[row].errors[field][0]
        assert forms[0]["value"].value() == "EU"
        read_page(answer)
        acme.solution.refresh_from_db()
        assert acme.solution.custom_settings == {}

    @pytest.mark.parametrize(
        "written", ["", "{", "[1]", '{" ": 1}', '{"a": "' + "x" * 17_000 + '"}']
    )
    def test_hold_json_to_the_same_rules(self, browser: Client, acme: Acme, written: str) -> None:
        answer = browser.post(page_of(acme), {"title": "Field", "act": "save", "json": written})

        assert answer.status_code == 422
        assert answer.context["variables"].errors["json"]

    def test_say_that_they_are_too_large(self, browser: Client, acme: Acme) -> None:
        rows = self.ROWS | {"form-0-value": "x" * 17_000}

        answer = browser.post(page_of(acme), rows)

        assert answer.status_code == 422
        assert "at most 16384 bytes" in answer.content.decode()
        assert read_page(answer).headings == ["Field"]

    def test_give_more_rows_and_lose_nothing(self, browser: Client, acme: Acme) -> None:
        answer = browser.post(page_of(acme), self.ROWS | {"act": "more"})

        forms = list(answer.context["variables"])
        assert len(forms) == 8
        assert forms[1]["value"].value() == "0.5"

    def test_count_no_rows_without_end(self, browser: Client, acme: Acme) -> None:
        sent = self.ROWS | {"act": "more", "form-TOTAL_FORMS": "9" * 5000}

        assert browser.post(page_of(acme), sent).status_code == 200

    def test_are_json_where_they_are_too_many_for_rows(self, browser: Client, acme: Acme) -> None:
        acme.solution.custom_settings = {f"v{number}": number for number in range(300)}
        acme.solution.save()

        shown = browser.get(page_of(acme))
        written = shown.context["variables"]["json"].value()
        switched = browser.post(page_of(acme), {"title": "x", "act": "switch", "json": written})

        assert (shown.context["is_json"], switched.context["is_json"]) == (True, True)

    def test_take_the_right_to_configure(self, stranger: Client, acme: Acme) -> None:
        assert stranger.post(page_of(acme), self.ROWS).status_code == 404

    @staticmethod
    def shown(browser: Client, acme: Acme) -> dict[str, str]:
        """Return what the page would send if nothing were changed."""
        rows = list(browser.get(page_of(acme)).context["variables"])
        sent = {"title": "New title", "act": "save", "form-INITIAL_FORMS": str(len(rows))}
        sent["form-TOTAL_FORMS"] = str(len(rows))
        for form in rows:
            for field in form:
                sent[field.html_name] = field.value() or ""
        return sent
