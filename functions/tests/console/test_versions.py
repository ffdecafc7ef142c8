"""A solution's versions in the console: the list, one with its changes, and publishing a zip."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from functions.services.archives import pack_files
from functions.services.publishing import publish_solution
from functions.tests.console.conftest import LIST_CUSTOMERS, NEARBY_SITES, Acme
from orgs.services.solutions import create_solution
from orgs.tests.pages import read_page

MOST_QUERIES = 20
type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]
CHANGED = LIST_CUSTOMERS.replace("method: GET", "method: POST")


@pytest.fixture
def second(acme: Acme) -> Acme:
    """One more version: a function is changed, and one is gone."""
    acme.publish(list_customers=CHANGED)
    return acme


def page_of(acme: Acme, page: str = "") -> str:
    return f"/solutions/{acme.solution.pk}{page}"


def zip_with(content: bytes) -> dict[str, SimpleUploadedFile]:
    return {"archive": SimpleUploadedFile("folder.zip", content, "application/zip")}


class TestEveryPage:
    def test_is_sound_at_a_bounded_price(
        self, browser: Client, second: Acme, django_assert_max_num_queries: type_of_bound
    ) -> None:
        for number in range(12):
            second.publish(list_customers=f"# {number}\n{CHANGED}")

        for page in ("/versions", "/versions/14", "/versions/1", "/versions/2?with=1", "/publish"):
            with django_assert_max_num_queries(MOST_QUERIES):
                response = browser.get(page_of(second, page))

            assert response.status_code == 200, page
            read_page(response)
            text = response.content.decode()
            assert 'href="/solutions" aria-current="page"' in text, page
            assert f'href="{page_of(second, "/versions")}" aria-current="page"' in text, page

    def test_is_not_there_for_a_stranger(self, stranger: Client, second: Acme) -> None:
        for page in ("/versions", "/versions/1", "/versions/1/content", "/publish"):
            assert stranger.get(page_of(second, page)).status_code == 404, page
        for page in ("/versions/1/restore", "/publish"):
            assert stranger.post(page_of(second, page)).status_code == 404, page

    def test_shows_an_admin_no_more_than_they_may_do(self, admin: Client, second: Acme) -> None:
        for page in ("/versions", "/versions/1", "/versions/2"):
            text = admin.get(page_of(second, page)).content.decode()
            for words in ("Publish a zip", "Restore", "Back to version"):
                assert words not in text, (page, words)
        assert admin.get(page_of(second, "/publish")).status_code == 403
        for page in ("/versions/1/restore", "/publish"):
            assert admin.post(page_of(second, page)).status_code == 403, page


class TestVersions:
    def test_lists_them_newest_first(self, browser: Client, second: Acme) -> None:
        text = browser.get(page_of(second, "/versions")).content.decode()

        assert text.index("Version 2") < text.index("Version 1")
        assert text.count(">Live<") == 1

    def test_says_the_next_step_where_there_is_none(self, browser: Client, acme: Acme) -> None:
        empty = create_solution(acme.organization, name="empty", title="Empty", by=acme.owner)

        response = browser.get(f"/solutions/{empty.pk}/versions")

        read_page(response)
        assert "Nothing is published yet" in response.content.decode()


class TestVersion:
    def test_shows_what_the_live_one_changed(self, browser: Client, second: Acme) -> None:
        text = browser.get(page_of(second, "/versions/2")).content.decode()

        assert "What it changed" in text
        assert "<del" in text
        assert "method: GET\n" in text
        assert "method: POST\n" in text
        assert "functions/nearby-sites.jigx" in text
        assert ">Restore<" not in text

    def test_shows_what_restoring_an_earlier_one_would_change(
        self, browser: Client, second: Acme
    ) -> None:
        response = browser.get(page_of(second, "/versions/1"))

        assert "What restoring it would change" in response.content.decode()
        kinds = {change.path: change.kind for change in response.context["changes"]}
        assert kinds == {
            "functions/list-customers.jigx": "changed",
            "functions/nearby-sites.jigx": "added",
        }

    def test_shows_all_of_the_first(self, browser: Client, second: Acme) -> None:
        response = browser.get(page_of(second, "/versions/1?with=0"))

        assert {change.kind for change in response.context["changes"]} == {"added"}

    @pytest.mark.parametrize("number", ["9", "x", "99999999999999999999", "-1"])
    def test_takes_no_number_that_is_none(self, browser: Client, second: Acme, number: str) -> None:
        response = browser.get(page_of(second, f"/versions/1?with={number}"))

        assert response.context["compared"] == 2

    def test_is_not_there_for_a_number_that_is_none(self, browser: Client, second: Acme) -> None:
        for number in (0, 3, 10**30):
            assert browser.get(page_of(second, f"/versions/{number}")).status_code == 404

    def test_counts_the_files_that_it_has_no_room_for(self, browser: Client, acme: Acme) -> None:
        files = {f"jigs/{number}.jigx": b"x" for number in range(120)}
        publish_solution(acme.solution, archive=pack_files(files), by=acme.owner)

        text = browser.get(page_of(acme, "/versions/2")).content.decode()

        assert "122 files" in text
        assert "22 more files differ" in text

    def test_gives_its_zip(self, browser: Client, second: Acme) -> None:
        response = browser.get(page_of(second, "/versions/1/content"))

        assert response.headers["Content-Disposition"] == 'attachment; filename="field-1.zip"'
        assert response.content == bytes(second.solution.versions.get(number=1).archive)

    def test_says_what_it_warned_of(self, browser: Client, acme: Acme) -> None:
        acme.publish(list_customers=CHANGED.replace("x-api-key", "accessToken"))

        text = browser.get(page_of(acme, "/versions/2")).content.decode()

        assert "functions/list-customers.jigx:8" in text
        assert "There is no credential crm yet" in text

    def test_is_shown_without_changes_where_the_bounds_were_wider_once(
        self, browser: Client, second: Acme, settings: Settings
    ) -> None:
        settings.SOLUTION_MAX_ZIP_BYTES = 10

        response = browser.get(page_of(second, "/versions/2"))

        assert response.status_code == 200
        assert "The zip is too large." in response.content.decode()


class TestRestore:
    def test_publishes_it_again(self, browser: Client, second: Acme) -> None:
        answer = browser.post(page_of(second, "/versions/1/restore"), follow=True)

        second.solution.refresh_from_db()
        assert second.solution.version == 3
        assert answer.redirect_chain[-1][0] == page_of(second, "/versions/3")
        assert "Version 1 is live again, as version 3." in answer.content.decode()

    def test_says_why_not(self, browser: Client, second: Acme, settings: Settings) -> None:
        settings.SOLUTION_MAX_FILES = 1

        answer = browser.post(page_of(second, "/versions/1/restore"))

        assert answer.status_code == 422
        assert "The zip has more than 1 files." in answer.content.decode()

    def test_takes_a_post(self, browser: Client, second: Acme) -> None:
        assert browser.get(page_of(second, "/versions/1/restore")).status_code == 405


class TestPublish:
    def test_leads_to_what_it_changed(self, browser: Client, acme: Acme) -> None:
        archive = pack_files({"functions/nearby-sites.jigx": NEARBY_SITES.encode()})

        answer = browser.post(page_of(acme, "/publish"), zip_with(archive), follow=True)

        assert answer.redirect_chain[-1][0] == page_of(acme, "/versions/2")
        assert "Version 2 is live." in answer.content.decode()
        assert bytes(acme.solution.versions.get(number=2).archive) == archive

    def test_says_file_and_line_of_each_fault(self, browser: Client, acme: Acme) -> None:
        archive = pack_files({"functions/a.jigx": b"# why\nprovider: NONE\n"})

        answer = browser.post(page_of(acme, "/publish"), zip_with(archive))

        assert answer.status_code == 422
        read_page(answer)
        text = answer.content.decode()
        assert "Nothing was published" in text
        assert "functions/a.jigx:2" in text
        assert acme.solution.versions.count() == 1

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"no zip", "This is not a zip that can be read."),
            (b"x" * 2000, "The zip has more than"),
        ],
    )
    def test_refuses_what_is_no_folder(
        self,
        browser: Client,
        acme: Acme,
        settings: Settings,
        content: bytes,
        words: str,
    ) -> None:
        settings.SOLUTION_MAX_ZIP_BYTES = 1000

        answer = browser.post(page_of(acme, "/publish"), zip_with(content))

        assert answer.status_code == 422
        assert words in answer.context["form"].errors["archive"][0]

    def test_asks_for_a_file(self, browser: Client, acme: Acme) -> None:
        answer = browser.post(page_of(acme, "/publish"))

        assert answer.status_code == 422
        assert "archive" in answer.context["form"].errors
