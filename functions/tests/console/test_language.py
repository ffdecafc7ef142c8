"""The page of the function language: all of it, for everybody who is signed in."""

import re

import pytest
from django.test import Client

from functions.engine import language
from functions.engine.failures import EngineFailure
from functions.tests.console.conftest import Acme
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

    def test_is_for_people_without_the_console_too(self, client: Client, acme: Acme) -> None:
        client.force_login(acme.technician)

        assert client.get("/language").status_code == 200

    def test_is_for_nobody_who_is_not_signed_in(self, client: Client) -> None:
        response = client.get("/language")

        assert (response.status_code, response["Location"].split("?")[0]) == (
            302,
            "/accounts/login/",
        )
