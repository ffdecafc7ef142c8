"""The editor's pages, as far as they go without a browser; in one: tests/browser."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from functions.models import CallRecord
from functions.services.editing import read_file
from functions.tests.console.conftest import LIST_CUSTOMERS, NEARBY_SITES, Acme
from orgs.models import AuditEvent
from orgs.tests.pages import read_page

MOST_QUERIES = 20
type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]
PATH = "functions/list-customers.jigx"
CHANGED = LIST_CUSTOMERS.replace("method: GET", "method: POST")


def page_of(acme: Acme, page: str = f"/files/{PATH}") -> str:
    return f"/solutions/{acme.solution.pk}{page}"


def typed(text: str, based_on: int = 1) -> dict[str, object]:
    """Return what a browser sends: its text boxes end lines in two characters."""
    return {"text": text.replace("\n", "\r\n"), "based_on": based_on}


def live_text(acme: Acme) -> str:
    acme.solution.refresh_from_db()
    return read_file(acme.solution, PATH, version=acme.solution.version)


class TestEveryPage:
    def test_is_sound_at_a_bounded_price(
        self, editor: Client, acme: Acme, django_assert_max_num_queries: type_of_bound
    ) -> None:
        for page in (f"/files/{PATH}", "/files"):
            with django_assert_max_num_queries(MOST_QUERIES):
                response = editor.get(page_of(acme, page))

            assert response.status_code == 200, page
            read_page(response)
            assert 'href="/solutions" aria-current="page"' in response.content.decode(), page

    def test_is_not_there_for_a_stranger(self, stranger: Client, acme: Acme) -> None:
        for page in (f"/files/{PATH}", "/files"):
            assert stranger.get(page_of(acme, page)).status_code == 404, page
        for page in (f"/files/{PATH}", "/files", "/check", f"/remove/{PATH}"):
            assert stranger.post(page_of(acme, page), typed(CHANGED)).status_code == 404, page

    def test_is_for_those_who_publish(self, admin: Client, acme: Acme) -> None:
        for page in (f"/files/{PATH}", "/files"):
            assert admin.get(page_of(acme, page)).status_code == 403, page
        for page in (f"/files/{PATH}", "/files", "/check", f"/remove/{PATH}"):
            assert admin.post(page_of(acme, page), typed(CHANGED)).status_code == 403, page
        for page in ("", "/functions/list-customers"):
            assert "/files" not in admin.get(page_of(acme, page)).content.decode(), page
        assert live_text(acme) == LIST_CUSTOMERS

    def test_is_where_a_function_and_a_solution_lead_to(self, editor: Client, acme: Acme) -> None:
        function = editor.get(page_of(acme, "/functions/list-customers")).content.decode()
        solution = editor.get(page_of(acme, "")).content.decode()

        assert f'href="{page_of(acme)}"' in function
        assert f'href="{page_of(acme, "/files")}"' in solution


class TestFile:
    def test_shows_the_text_and_what_may_be_suggested(self, editor: Client, acme: Acme) -> None:
        acme.save_secret("crm", "s3cret-value")

        response = editor.get(page_of(acme))

        assert "region: {location: query" in response.content.decode()
        told = response.context["editor_data"]
        assert told["credentials"] == ["crm"]
        assert {"function", "parameter", "handler", "operation"} <= told["places"].keys()
        assert "s3cret-value" not in response.content.decode()

    def test_is_not_there_for_a_file_that_is_none(self, editor: Client, acme: Acme) -> None:
        for path in ("functions/none.jigx", "index.jigx", "functions/../x.jigx"):
            assert editor.get(page_of(acme, f"/files/{path}")).status_code == 404

    def test_saves_as_the_next_version(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(page_of(acme), typed(CHANGED), follow=True)

        assert answer.redirect_chain == [(page_of(acme), 302)]
        assert "Saved. Version 2 is live." in answer.content.decode()
        assert live_text(acme) == CHANGED
        event = AuditEvent.objects.filter(act="solution.publish").latest("created_at")
        assert event.changes["version"] == [1, 2]

    def test_keeps_what_was_typed_beside_its_faults(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(page_of(acme), typed("# mine\nprovider: NONE\n"))

        assert answer.status_code == 422
        read_page(answer)
        assert "# mine" in answer.content.decode()
        assert [fault.line for fault in answer.context["faults"]] == [2]
        assert "Line 2" in answer.content.decode()

    def test_says_when_nothing_has_changed(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(page_of(acme), typed(LIST_CUSTOMERS))

        assert answer.status_code == 409
        assert "Nothing has changed." in answer.content.decode()

    def test_shows_what_somebody_else_did_and_passes_over_nothing(
        self, editor: Client, acme: Acme
    ) -> None:
        theirs = LIST_CUSTOMERS.replace("100", "250")
        acme.publish(list_customers=theirs)

        answer = editor.post(page_of(acme), typed(CHANGED))

        assert answer.status_code == 409
        read_page(answer)
        text = answer.content.decode()
        assert "limit: {location: query, type: int, value: 250}" in text
        assert answer.context["form"]["text"].value() == CHANGED
        assert "1 other file was changed" in text
        assert live_text(acme) == theirs

    def test_saves_on_top_once_that_was_seen(self, editor: Client, acme: Acme) -> None:
        acme.publish(nearby_sites=NEARBY_SITES)
        late = editor.post(page_of(acme), typed(CHANGED))

        seen = late.context["form"]["based_on"].value()
        editor.post(page_of(acme), typed(CHANGED, based_on=seen))

        assert seen == 2
        assert live_text(acme) == CHANGED

    def test_needs_the_version_that_was_read(self, editor: Client, acme: Acme) -> None:
        assert editor.post(page_of(acme), {"text": CHANGED}).status_code == 422


class TestNewFile:
    def test_adds_a_function(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(
            page_of(acme, "/files"), typed(NEARBY_SITES) | {"name": "crm/new"}, follow=True
        )

        assert answer.redirect_chain == [(page_of(acme, "/files/functions/crm/new.jigx"), 302)]
        acme.solution.refresh_from_db()
        assert acme.solution.version == 2

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("list-customers", "There is a file of this name."),
            ("a b", "Letters, digits"),
            ("../a", "Letters, digits"),
            ("", "This field is required."),
        ],
    )
    def test_says_at_the_name_what_is_wrong(
        self, editor: Client, acme: Acme, name: str, words: str
    ) -> None:
        answer = editor.post(page_of(acme, "/files"), typed(NEARBY_SITES) | {"name": name})

        assert answer.status_code in {409, 422}
        assert words in answer.context["form"].errors["name"][0]
        assert "geo.example.com" in answer.content.decode()

    def test_says_what_is_wrong_in_the_text(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(page_of(acme, "/files"), typed("x: [") | {"name": "new"})

        assert answer.status_code == 422
        assert answer.context["faults"]


class TestRemove:
    def test_publishes_a_version_without_it(self, editor: Client, acme: Acme) -> None:
        answer = editor.post(page_of(acme, f"/remove/{PATH}"), {"based_on": 1}, follow=True)

        assert answer.redirect_chain == [(page_of(acme, "/versions/2"), 302)]
        assert "is gone. Version 2 is live without it." in answer.content.decode()
        assert editor.get(page_of(acme, "/functions/list-customers")).status_code == 404

    @pytest.mark.parametrize("based_on", ["", "7", "x"])
    def test_leaves_what_was_changed_meanwhile(
        self, editor: Client, acme: Acme, based_on: str
    ) -> None:
        editor.post(page_of(acme, f"/remove/{PATH}"), {"based_on": based_on})

        assert live_text(acme) == LIST_CUSTOMERS


class TestCheck:
    def test_answers_what_publishing_would_say(self, editor: Client, acme: Acme) -> None:
        text = "provider: DATA_PROVIDER_REST\r\nmethod: FETCH\r\nurl: https://a.example\r\n"

        answer = editor.post(page_of(acme, "/check"), {"path": PATH, "text": text})

        assert answer.headers["Cache-Control"] == "no-store"
        [problem] = answer.json()
        assert (problem["line"], problem["severity"]) == (2, "error")
        assert problem["code"] == "method_unknown"
        assert problem["message"]

    def test_keeps_nothing(self, editor: Client, acme: Acme) -> None:
        before = AuditEvent.objects.count()

        editor.post(page_of(acme, "/check"), {"path": PATH, "text": CHANGED})

        assert live_text(acme) == LIST_CUSTOMERS
        assert (AuditEvent.objects.count(), CallRecord.objects.count()) == (before, 0)

    def test_knows_the_name_of_one_that_is_new(self, editor: Client, acme: Acme) -> None:
        sent = {"name": "nearby-sites", "text": NEARBY_SITES}

        taken = editor.post(page_of(acme, "/check"), sent | {"name": "sub/nearby-sites"}).json()
        unnamed = editor.post(page_of(acme, "/check"), sent | {"name": ""}).json()

        assert [problem["code"] for problem in taken] == ["id_twice"]
        assert unnamed == []

    def test_answers_of_what_is_too_large_as_well(self, editor: Client, acme: Acme) -> None:
        text = "x" * (2 * 1024 * 1024 + 1)

        answer = editor.post(page_of(acme, "/check"), {"path": PATH, "text": text})

        assert json.loads(answer.content)[0]["code"] == "functions_too_large"

    def test_takes_a_post(self, editor: Client, acme: Acme) -> None:
        assert editor.get(page_of(acme, "/check")).status_code == 405
