import pytest
from django.test import override_settings

from orgs.dns import Outcome, Texts, find_texts
from orgs.tests.name_server import NameServer


class TestFindTexts:
    def test_joins_the_strings_of_a_record(self, name_server: NameServer) -> None:
        name_server.texts["acme.example"] = ["a" * 300, "b ü"]

        assert set(find_texts("acme.example").values) == {"a" * 300, "b ü"}
        assert name_server.asked == ["acme.example"]

    def test_tells_a_name_that_is_not_there(self, name_server: NameServer) -> None:
        assert find_texts("acme.example") == Texts(Outcome.NO_SUCH_NAME)

    def test_tells_a_name_without_texts(self, name_server: NameServer) -> None:
        name_server.texts["acme.example"] = []

        assert find_texts("acme.example") == Texts(Outcome.NO_TEXTS)

    def test_tells_a_server_that_fails(self, name_server: NameServer) -> None:
        name_server.fails = True

        assert find_texts("acme.example") == Texts(Outcome.NO_ANSWER)

    @pytest.mark.parametrize("name", ["a..example", f"{'a' * 60}." * 5 + "example"])
    def test_takes_what_no_server_can_be_asked_for(self, name: str) -> None:
        assert find_texts(name) == Texts(Outcome.NO_ANSWER)

    @pytest.mark.parametrize("written", ["127.0.0.1:{}", "[::ffff:127.0.0.1]:{}"])
    def test_asks_the_server_that_is_set(self, name_server: NameServer, written: str) -> None:
        name_server.texts["acme.example"] = ["found"]
        with override_settings(DNS_RESOLVERS=[written.format(name_server.port)]):
            assert find_texts("acme.example").values == ("found",)
