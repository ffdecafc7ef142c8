"""The OpenAPI document: whole, without a warning, and true of the calls as well."""

import re
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from drf_spectacular.validation import validate_schema

CALLS = "/api/v1/solutions/{id}/functions/{name}/calls"
# What describes the API is no part of it.
ABOUT_THE_API = {"/api/v1/schema/", "/api/v1/docs/"}

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    """The document, made as strictly as the generator can."""
    output = StringIO()
    call_command("spectacular", fail_on_warn=True, validate=True, stdout=output)
    made: Document = yaml.safe_load(output.getvalue())
    return made


def resolved(document: Document, schema: Document) -> Document:
    """Follow a reference into the components."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Document = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def schema_of(answer: Document, media_type: str) -> Document:
    schema: Document = answer["content"][media_type]["schema"]
    return schema


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def routes(patterns: list[Any], prefix: str = "/") -> list[str]:
    """List the routes of the API, in OpenAPI's spelling, names of variables left out."""
    found: list[str] = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("/api/v1/"):
            found.append(route)
    return [re.sub(r"<[^>]+>|{[^}]+}", "{}", route) for route in found]


class TestDocument:
    def test_is_openapi_3_1(self, document: Document) -> None:
        assert document["openapi"].startswith("3.1")
        validate_schema(document)  # type: ignore[no-untyped-call]

    def test_has_every_route(self, document: Document) -> None:
        described = {re.sub(r"{[^}]+}", "{}", path) for path in document["paths"]}

        assert described == set(routes(get_resolver().url_patterns)) - ABOUT_THE_API

    def test_tells_how_each_act_refuses(self, document: Document) -> None:
        for name, operation in operations(document).items():
            answers = operation["responses"]
            refusal = answers.get("default") or answers["422"]
            schema = schema_of(refusal, "application/problem+json")
            assert schema == {"$ref": "#/components/schemas/Problem"}, name

    def test_takes_a_bearer_token_everywhere_but_to_sign_in(self, document: Document) -> None:
        without = {
            name
            for name, operation in operations(document).items()
            if {"bearer": []} not in operation.get("security", [])
        }

        assert without == {
            "POST /api/v1/auth/sign-in",
            "POST /api/v1/auth/register",
            "POST /api/v1/auth/register/confirm",
            "POST /api/v1/auth/register/resend",
            "POST /api/v1/auth/password/reset",
            "POST /api/v1/auth/password/reset/confirm",
            "POST /api/v1/sso/discover",
            "POST /api/v1/sso/transactions",
            "POST /api/v1/sso/transactions/{id}/complete",
            "GET /api/v1/join-requests/{token}",
            "DELETE /api/v1/join-requests/{token}",
        }

    def test_takes_a_key_where_a_thing_is_made(self, document: Document) -> None:
        with_key = {
            name
            for name, operation in operations(document).items()
            if "Idempotency-Key" in {p["name"] for p in operation.get("parameters", [])}
        }

        assert with_key >= {
            f"POST {CALLS}",
            "POST /api/v1/organizations/{id}/solutions",
            "POST /api/v1/solutions/{id}/versions/{number}/restore",
            "POST /api/v1/me/personal-access-tokens",
        }

    def test_names_the_filters_of_calls(self, document: Document) -> None:
        operation = document["paths"]["/api/v1/organizations/{id}/calls"]["get"]

        names = {parameter["name"] for parameter in operation["parameters"]}
        assert names == {"id", "solution", "function_name", "status", "cursor", "limit"}

    def test_gives_no_answer_a_secret(self, document: Document) -> None:
        answer = document["paths"]["/api/v1/solutions/{id}/credentials/{key}"]["put"]["responses"]

        schema = resolved(document, schema_of(answer["200"], "application/json"))
        assert "secret" not in schema["properties"]


class TestCalls:
    def test_are_described(self, document: Document) -> None:
        call = document["paths"][CALLS]["post"]

        request = resolved(document, schema_of(call["requestBody"], "application/json"))
        answer = resolved(document, schema_of(call["responses"]["200"], "application/json"))
        assert set(request["properties"]) == {"parameters", "entity", "command_id", "queries"}
        assert set(answer["required"]) == {
            "correlation_id", "function", "version", "status", "output", "records", "operations",
            "error", "upstream", "timing_ms", "warnings",
        }  # fmt: skip
        assert answer["properties"]["status"]["enum"] == ["ok", "skipped", "error"]

    def test_are_refused_as_the_contract_says(self, document: Document) -> None:
        answers = document["paths"][CALLS]["post"]["responses"]

        assert set(answers) - {"200"} == {
            "400", "401", "403", "404", "409", "413", "422", "429", "503", "504",
        }  # fmt: skip
        problem = resolved(document, schema_of(answers["422"], "application/problem+json"))
        assert "correlation_id" in problem["required"]


class TestPages:
    @pytest.mark.django_db
    def test_show_it_to_anybody(self, client: Client) -> None:
        answer = client.get(reverse("api-schema"))
        page = client.get(reverse("api-docs"))
        script = client.get(f"{reverse('api-docs')}?script=")

        assert CALLS in answer.content.decode()
        assert page.status_code == 200
        assert not re.search(rb"https?://|<style|<script>", page.content)  # what our policy blocks
        assert script["Content-Type"].startswith("application/javascript")
