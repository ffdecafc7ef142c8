"""The schema that editors fetch: public, cacheable, and what publishing checks against."""

from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pytest_django import Settings

from functions.engine.language import SCHEMA

ADDRESS = "/schemas/function.json"


class TestFunctionSchema:
    def test_is_read_without_signing_in(self, client: Client, settings: Settings) -> None:
        settings.PUBLIC_URL = "https://portal.example.com"

        response = client.get(ADDRESS)

        assert response.headers["Content-Type"] == "application/schema+json"
        assert response.headers["Cache-Control"] == "public, max-age=3600"
        schema = response.json()
        assert schema == {"$id": f"https://portal.example.com{ADDRESS}", **SCHEMA}
        Draft202012Validator.check_schema(schema)

    def test_is_not_sent_again_to_whoever_has_it(self, client: Client) -> None:
        tag = client.get(ADDRESS).headers["ETag"]

        response = client.get(ADDRESS, headers={"If-None-Match": tag})

        assert (response.status_code, response.content) == (304, b"")

    def test_is_only_read(self, client: Client) -> None:
        assert client.post(ADDRESS).status_code == 405
