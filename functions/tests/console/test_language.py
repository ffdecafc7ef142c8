"""The page of the function language: all of it, for everybody who is signed in."""

import re
from typing import Any

import pytest
from django.test import Client
from ruamel.yaml import YAML

from functions.console.sql_language import CODES, EXECUTE, QUERY, Code, bindings
from functions.engine import check_definition, language
from functions.engine.failures import EngineFailure, SqlError
from functions.tests.console.conftest import Acme
from functions.tests.engine.database import (
    Scripted,
    ask,
    error,
    failing,
    outputs,
    rows,
    several,
)
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


class TestLanguagePage:
    def test_shows_every_key_of_every_place(self, browser: Client) -> None:
        text = browser.get("/language").content.decode()

        for place in language.PLACES:
            for key in place.keys:
                assert f'id="{place.name}-{key}"' in text

    def test_shows_what_expressions_see_and_how_calls_end(self, browser: Client) -> None:
        text = browser.get("/language").content.decode()

        names = [kind.__name__ for kind in EngineFailure.__subclasses__()]
        for name in (*language.CONTEXT, *names):
            assert f">{name}</code>" in text

    def test_says_how_an_editor_finds_the_schema(self, browser: Client) -> None:
        text = browser.get("/language").content.decode()

        assert "# yaml-language-server: $schema=" in text
        assert "/schemas/function.json" in text

    def test_links_to_all_that_is_on_it(self, browser: Client) -> None:
        response = browser.get("/language")

        targets = set(re.findall(r'href="#([^"]+)"', response.content.decode()))
        assert {"storage", "operation", "expressions", "failures", "editor"} < targets
        assert targets <= set(read_page(response).ids)

    def test_says_what_sql_functions_can_rely_on(self, browser: Client) -> None:
        text = browser.get("/language").content.decode()

        for words in ("50,000 rows", "varbinary(max)", "uniqueidentifier", "severity"):
            assert words in text
        for code in CODES:
            assert f">{code.name}</code>" in text

    def test_is_for_people_without_the_console_too(self, client: Client, acme: Acme) -> None:
        client.force_login(acme.technician)

        assert client.get("/language").status_code == 200

    def test_is_for_nobody_who_is_not_signed_in(self, client: Client) -> None:
        response = client.get("/language")

        assert (response.status_code, response["Location"].split("?")[0]) == (
            302,
            "/accounts/login/",
        )


def source_of(example: str) -> dict[str, Any]:
    source: dict[str, Any] = YAML(typ="safe").load(example)
    return {**source, "connection": "crm"}


class TestExamples:
    @pytest.mark.parametrize("example", [QUERY, EXECUTE])
    def test_may_be_published(self, example: str) -> None:
        checked = check_definition(source_of(example), name="f")

        assert (checked.faults, checked.warnings) == ([], [])

    def test_of_a_procedure_answers_as_it_is_told(self) -> None:
        answer = several(rows(["id"], [1], [2]), rows(["id"]), outputs("R-2209"))

        played, _ = ask(source_of(EXECUTE), answer, parameters={"orderId": 7, "lines": []})

        assert played.outcome.output == {
            "reservation": "R-2209",
            "reserved": [{"id": 1}, {"id": 2}],
            "short": [],
        }

    def test_of_a_query_tries_again_after_a_deadlock(self) -> None:
        source = source_of(QUERY)
        source["error"][0]["retry"]["delay"] = 1

        played, database = ask(
            source,
            error(1205, "Deadlocked."),
            rows(["id"], [1]),
            parameters={"region": "EU"},
        )

        assert played.outcome.output == [{"id": 1}]
        assert len(database.batches) == 2


class TestCodes:
    @pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
    def test_are_seen_by_handlers_as_it_is_told(self, code: Code) -> None:
        """Those of the server are; ours end the call before there is anything to handle."""
        refusal = SqlError("The database refused.", details={"code": code.name})
        database = Scripted([failing(refusal)], refusal=None if code.is_handled else refusal)
        source = source_of(QUERY) | {"error": [{"title": "=@ctx.error.details.code"}]}

        played, _ = ask(source, parameters={"region": "EU"}, database=database)

        assert played.outcome.error is not None
        assert played.outcome.error["details"] == {"code": code.name}
        assert (played.outcome.error["title"] == code.name) == code.is_handled


class TestBindings:
    def test_are_told_of_every_type(self) -> None:
        told = {binding.type for binding in bindings()}

        assert told == language.TYPES
        assert all(binding.kinds for binding in bindings())
