"""A database's URL becomes settings, and says nothing of its password when it is refused."""

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from jigxmgmt.databases import read_database


def read(monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, object]:
    monkeypatch.setenv("DATABASE_URL", url)
    return read_database(environ.Env(), default="")


class TestReadDatabase:
    @pytest.mark.parametrize("url", ["sqlite:///x.sqlite3", "postgres://me@host/x", "mssql://h/x"])
    def test_keeps_connections_and_looks_at_them_first(
        self, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        database = read(monkeypatch, url)

        assert database["CONN_MAX_AGE"] == 60
        assert database["CONN_HEALTH_CHECKS"] is True

    def test_encrypts_and_verifies_on_the_way_to_sql_server(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = read(monkeypatch, "mssql://me:word@host:1433/portal?CONN_MAX_AGE=5")

        assert database["ENGINE"] == "jigxmgmt.sql_server"
        assert database["CONN_MAX_AGE"] == 5
        options = database["OPTIONS"]
        assert isinstance(options, dict)
        assert options["python_driver"] == "mssql_python"
        assert options["extra_params"] == "Encrypt={yes};TrustServerCertificate={no}"

    def test_lets_no_value_of_the_way_become_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        way = "hostnameincertificate=a%7D;TrustServerCertificate%3Dyes"
        options = read(monkeypatch, f"mssql://me@host/portal?{way}")["OPTIONS"]

        assert isinstance(options, dict)
        written = "HostnameInCertificate={a}};TrustServerCertificate=yes}"
        assert options["extra_params"].endswith(f"TrustServerCertificate={{no}};{written}")

    def test_refuses_a_way_that_there_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ImproperlyConfigured, match="takes no driver"):
            read(monkeypatch, "mssql://me:word@host/portal?driver=FreeTDS")

    def test_shows_no_password_that_has_a_special_character(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ImproperlyConfigured) as refusal:
            read(monkeypatch, "mssql://me:sesame/open@host/portal")

        assert "sesame" not in str(refusal.value)
        assert refusal.value.__suppress_context__
