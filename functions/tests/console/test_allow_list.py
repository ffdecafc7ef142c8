"""The page that says where calls come from."""

from django.test import Client
from pytest_django import Settings

from functions.console.allow_list import rules_for
from functions.tests.console.conftest import Acme
from orgs.tests.pages import read_page


class TestAllowList:
    def test_gives_each_address_and_its_rule(
        self, browser: Client, acme: Acme, settings: Settings
    ) -> None:
        settings.EGRESS_ADDRESSES = ["203.0.113.7", "2001:db8::7"]

        answer = browser.get("/allow-list")

        read_page(answer)
        text = answer.content.decode()
        assert 'data-copy="203.0.113.7"' in text
        assert 'data-copy="203.0.113.7\n2001:db8::7"' in text
        assert text.count("EXECUTE sp_set_firewall_rule @name = N&#x27;jigxmgmt 1&#x27;") > 1

    def test_says_what_to_ask_for(self, editor: Client, acme: Acme) -> None:
        answer = editor.get("/allow-list")

        read_page(answer)
        assert "EGRESS_ADDRESSES" in answer.content.decode()

    def test_is_not_for_who_only_runs_solutions(self, client: Client, acme: Acme) -> None:
        client.force_login(acme.technician)

        assert client.get("/allow-list").status_code == 403


class TestRules:
    def test_are_ranges_of_ipv4(self) -> None:
        rules = rules_for(["2001:db8::7", "203.0.113.7", "198.51.100.0/29"])

        assert [(rule.name, rule.first, rule.last) for rule in rules] == [
            ("jigxmgmt 1", "203.0.113.7", "203.0.113.7"),
            ("jigxmgmt 2", "198.51.100.0", "198.51.100.7"),
        ]
