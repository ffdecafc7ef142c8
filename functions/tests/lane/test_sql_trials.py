"""*Try it* of a SQL function, with a worker that answers as the story needs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from functions.tests.factories import WITH_CONNECTION, owner_of, publish, save_server
from functions.tests.lane.stage import answering
from orgs.models import Solution, User
from orgs.tests.factories import SolutionFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def solution() -> Solution:
    return SolutionFactory.create(title="Field")


@pytest.fixture
def owner(solution: Solution) -> User:
    owner = owner_of(solution)
    publish(solution, by=owner, orders=WITH_CONNECTION)
    solution.refresh_from_db()
    return owner


@pytest.fixture
def browser(owner: User, client: Client, solution: Solution, settings: Settings) -> Client:
    """A browser in which the function is open, so that a process has loaded what pages need."""
    settings.LANE_QUEUE_SECONDS = settings.LANE_CALL_SECONDS = 5
    client.force_login(owner)
    client.get(reverse("function", args=[solution.pk, "orders"]))
    return client


def document(**told: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "correlation_id": "c",
        "status": "ok",
        "output": [],
        "records": [],
        "operations": [],
        "error": None,
        "upstream": {"status": None, "pages": 1},
        "timing_ms": {"total": 9, "queue": 1, "upstream": 7, "transform": 1},
        "warnings": [],
    }
    return usual | told


def answered(*recordsets: list[dict[str, Any]], **output: Any) -> dict[str, Any]:
    told = {"recordsets": recordsets, "output": output, "rowsAffected": 3}
    return document(output=recordsets[0] if recordsets else [], answer=told)


def refused(**details: Any) -> dict[str, Any]:
    return document(
        status="error",
        output=None,
        error={
            "name": "SqlError",
            "title": "The database refused",
            "description": "Invalid object name.",
            "details": details,
        },
    )


def tried(browser: Client, solution: Solution, told: dict[str, Any]) -> str:
    """Try the function, let a worker answer so, and return the page."""
    with answering(told):
        answer = browser.post(reverse("function-try", args=[solution.pk, "orders"]))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    read_page(answer)
    return answer.content.decode()


class TestTrial:
    def test_shows_every_result_set(self, browser: Client, solution: Solution) -> None:
        first: list[dict[str, Any]] = [{"id": 1, "note": None}, {"id": 2, "note": ""}]

        page = tried(browser, solution, answered(first, [], [{"n": 9}], total=12.5, by=None))

        for words in ("What the app gets", "What the database answered", "Result 3 as JSON"):
            assert words in page
        assert page.index("What the app gets") < page.index("What the database answered")
        assert "2 rows" in page
        assert "There are no rows in it" in page
        assert "Output total" in page
        assert '<th scope="col" class="number">id' in page

    def test_tells_null_from_empty_text_aloud(self, browser: Client, solution: Solution) -> None:
        page = tried(browser, solution, answered([{"a": None, "b": "", "c": "null"}]))

        assert '<span aria-hidden="true">null</span><span class="sr-only">no value</span>' in page
        assert '<span class="sr-only">empty text</span>' in page
        assert "<td>null" in page

    def test_writes_nothing_of_a_strangers_as_html(
        self, browser: Client, solution: Solution
    ) -> None:
        rows = [{HOSTILE: HOSTILE, "json": '{"a": "<b>"}', "long": f"{HOSTILE}{'x' * 2_000}"}]

        page = tried(browser, solution, answered(rows, **{HOSTILE: HOSTILE}))

        assert "<script>alert" not in page
        assert "<b>" not in page
        assert "x" * 1_001 not in page.split("What the database answered")[1].split("<details>")[0]

    def test_says_what_it_leaves_out(self, browser: Client, solution: Solution) -> None:
        wide = {f"c{number}": number for number in range(200)}

        page = tried(browser, solution, answered([wide] * 110, [{"n": n} for n in range(1_204)]))

        assert "The first 100 rows of 110 are shown." in page
        assert "The first 100 rows of 1,204 are shown." in page
        assert "The first 30 columns of 200 are shown." in page
        assert "<th" in page
        assert ">c30<" not in page

    def test_shows_of_many_sets_the_first(self, browser: Client, solution: Solution) -> None:
        page = tried(browser, solution, answered(*([{"n": n}] for n in range(300))))

        assert "The first 10 of 300 results are shown." in page
        assert "Result 11" not in page

    def test_says_that_there_was_no_set(self, browser: Client, solution: Solution) -> None:
        assert "There is no result set." in tried(browser, solution, answered())


class TestFault:
    def test_tells_what_the_server_told(self, browser: Client, solution: Solution) -> None:
        told = {"number": 208, "severity": 16, "state": 1, "line": 3, "procedure": HOSTILE}

        page = tried(browser, solution, refused(**told, message="Invalid object name."))

        for label in ("Number", "Severity", "State", "Line", "Procedure"):
            assert f"<dt>{label}</dt>" in page
        assert "<dt>Message</dt>" not in page  # it stands above already
        assert "<script>alert" not in page

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("driver_missing", "pip install --require-hashes -r requirements-mssql.txt"),
            ("connection_missing", "/connections/new?name=erp"),
            ("sign_in_refused", "The server does not take this user."),
            ("not_allow_listed", "/allow-list"),
        ],
    )
    def test_says_what_helps(
        self, browser: Client, solution: Solution, code: str, words: str
    ) -> None:
        main = tried(browser, solution, refused(code=code)).split("<main")[1]

        assert words in main
        assert code in main

    def test_leads_to_the_connection(
        self, browser: Client, solution: Solution, owner: User
    ) -> None:
        save_server(solution, by=owner)

        page = tried(browser, solution, refused(code="connection_without_secret"))

        assert page.count(reverse("solution-connection", args=[solution.pk, "erp"])) == 2
        assert "Type it into the connection" in page

    @pytest.mark.parametrize("details", [None, "a text", ["a", "list"], {"code": ["x"]}])
    def test_takes_whatever_a_handler_made_of_it(
        self, browser: Client, solution: Solution, details: Any
    ) -> None:
        told = refused()
        told["error"]["details"] = details

        assert "The database refused" in tried(browser, solution, told)

    def test_reads_no_other_services_error_so(self, browser: Client, solution: Solution) -> None:
        told = refused(code="driver_missing", number=5)
        told["error"]["name"] = "UpstreamError"

        page = tried(browser, solution, told)

        assert "pip install" not in page
        assert "<dt>Number</dt>" not in page
