"""Where secrets come from, where they go, and that they come back nowhere."""

import json
import pickle
from typing import Any

import orjson
import pytest
from aiohttp import web

from functions import engine
from functions.tests.engine.upstream import (
    ADDRESS,
    credential,
    get,
    play,
    post,
)

SECRET = "s3cr3t-öf-the-vault"
TOKEN = {"accessToken": {"location": "header", "type": "string", "value": "key"}}


class TestSecret:
    def test_shows_itself_only_when_asked(self) -> None:
        secret = engine.Secret(SECRET)

        assert (repr(secret), str(secret), f"{secret}") == ("***", "***", "***")
        assert secret.reveal() == SECRET

    def test_can_not_be_written_down(self) -> None:
        with pytest.raises(TypeError):
            pickle.dumps(engine.Secret(SECRET))
        with pytest.raises(TypeError):
            orjson.dumps(engine.Secret(SECRET))


class TestWire:
    @pytest.mark.parametrize("type", ["api_key", "secret", "oauth", "oauth_alias"])
    def test_an_access_token_is_a_bearer(self, type: str) -> None:
        played = play(
            get(parameters=TOKEN), credentials=(credential("key", "abc-123-def", type=type),)
        )

        assert played.request.headers["Authorization"] == "Bearer abc-123-def"

    def test_basic_auth_is_encoded(self) -> None:
        source = get(parameters={"basicAuth": {"location": "header", "value": "key"}})

        played = play(source, credentials=(credential("key", "ann:p:w", type="basic_auth"),))

        assert played.request.headers["Authorization"] == "Basic YW5uOnA6dw=="

    @pytest.mark.parametrize("location", ["header", "credential", "secret"])
    def test_a_key_goes_under_any_other_name(self, location: str) -> None:
        source = get(parameters={"x-functions-key": {"location": location, "value": "key"}})

        played = play(source, credentials=(credential("key", "abc-123-def"),))

        assert played.request.headers["X-Functions-Key"] == "abc-123-def"

    def test_a_key_goes_into_query_path_and_body(self) -> None:
        source = post(
            url=f"{ADDRESS}/keys/{{p}}",
            parameters={
                "p": {"location": "path", "required": True, "value": "key"},
                "q": {"location": "query", "value": "key"},
                "b": {"location": "body", "value": "key"},
            },
        )

        played = play(source, credentials=(credential("key", 'a/b "&+'),))

        assert played.request.path == "/keys/a%2Fb%20%22%26%2B?q=a%2Fb%20%22%26%2B"
        assert json.loads(played.request.body) == {"b": 'a/b "&+'}

    def test_a_transform_builds_with_a_placeholder_that_is_filled_in_after_it(self) -> None:
        source = post(
            parameters={"token": {"location": "output", "value": "key"}},
            inputTransform='{"auth": "Token " & token, "length": $length(token)}',
        )

        played = play(source, credentials=(credential("key", SECRET),))

        body = json.loads(played.request.body)
        assert body["auth"] == f"Token {SECRET}"
        assert body["length"] != len(SECRET)

    def test_a_default_builds_with_a_placeholder_too(self) -> None:
        source = get(
            parameters={
                "Authorization": {"location": "header", "value": "='Token ' & @ctx.inputs.token"},
                "token": {"location": "output", "value": "key"},
            }
        )

        played = play(source, credentials=(credential("key", "abc-123-def"),))

        assert played.request.headers["Authorization"] == "Token abc-123-def"

    def test_a_link_that_holds_the_key_still_leads_on(self) -> None:
        source = get(
            url=f"{ADDRESS}/rows?key={{key}}",
            parameters={"key": {"location": "path", "value": "key"}},
            continuation={"when": "=$.next", "url": "=$.next"},
        )

        played = play(
            source,
            service=lambda request: web.json_response(
                {} if "page" in request.path else {"next": f"{request.path}&page=2"}
            ),
            credentials=(credential("key", "abc-123-def"),),
        )

        assert [request.path for request in played.requests] == [
            "/rows?key=abc-123-def",
            "/rows?key=abc-123-def&page=2",
        ]
        assert played.outcome.output[0] == {"next": "/rows?key=***&page=2"}

    def test_a_secret_can_not_bend_the_path(self) -> None:
        source = get(
            url=f"{ADDRESS}/a/{{p}}/b",
            parameters={"p": {"location": "path", "required": True, "value": "key"}},
        )

        assert play(source, credentials=(credential("key", ".."),)).error == "BadRequest"


class TestResolving:
    def test_a_default_that_names_nothing_is_text(self) -> None:
        played = play(get(parameters={"x": {"location": "query", "value": "no-key"}}))

        assert played.request.fields == {"x": "no-key"}

    @pytest.mark.parametrize(
        "parameter",
        [
            {"accessToken": {"location": "header", "value": "gone"}},
            {"basicAuth": {"location": "header", "value": "gone"}},
            {"x": {"location": "credential", "value": "gone"}},
            {"x": {"location": "secret", "value": "Bearer literal"}},
            {"x": {"location": "query", "type": "secret", "value": "gone"}},
            {"accessToken": {"location": "header", "value": "jigx"}},
        ],
    )
    def test_a_parameter_made_for_a_credential_needs_one(self, parameter: dict[str, Any]) -> None:
        played = play(get(parameters=parameter))

        assert played.error == "CredentialMissing"
        assert played.requests == []

    def test_a_literal_of_the_definition_is_sent(self) -> None:
        played = play(
            get(parameters={"accessToken": {"location": "header", "value": "Bearer abc"}})
        )

        assert played.request.headers["Authorization"] == "Bearer abc"

    def test_a_callers_text_names_no_credential_where_text_is_meant(self) -> None:
        source = get(parameters={"q": {"location": "query", "type": "string", "value": "x"}})

        played = play(
            source, parameters={"q": "key"}, credentials=(credential("key", "abc-123-def"),)
        )

        assert played.request.fields == {"q": "key"}

    def test_a_callers_text_names_one_where_the_parameter_is_made_for_it(self) -> None:
        source = get(parameters={"q": {"location": "query", "type": "credential"}})

        played = play(
            source, parameters={"q": "key"}, credentials=(credential("key", "abc-123-def"),)
        )

        assert played.request.fields == {"q": "abc-123-def"}

    def test_an_expression_can_not_choose_a_credential_by_a_callers_text(self) -> None:
        source = get(
            parameters={
                "name": {"location": "output", "type": "string"},
                "q": {"location": "query", "value": "=@ctx.parameters.name"},
            }
        )

        played = play(
            source, parameters={"name": "key"}, credentials=(credential("key", "abc-123-def"),)
        )

        assert played.request.fields == {"q": "key"}

    @pytest.mark.parametrize(
        ("name", "type"), [("basicAuth", "api_key"), ("accessToken", "basic_auth"), ("x", "oauth")]
    )
    def test_a_pair_that_the_language_does_not_know_is_refused(self, name: str, type: str) -> None:
        source = get(parameters={name: {"location": "header", "value": "key"}})

        played = play(source, credentials=(credential("key", "abc:123-def", type=type),))

        assert played.error == "CredentialMissing"


class TestOrigins:
    @pytest.mark.parametrize(
        "origins",
        [(), ("https://service.test",), ("http://127.0.0.1",), ("nonsense",), (ADDRESS + "1",)],
    )
    def test_a_credential_goes_nowhere_else(self, origins: tuple[str, ...]) -> None:
        played = play(
            get(parameters=TOKEN), credentials=(credential("key", SECRET, origins=origins),)
        )

        assert played.error == "CredentialOriginRefused"
        assert played.requests == []

    def test_a_credential_that_only_an_expression_sees_is_not_carried(self) -> None:
        source = get(parameters={"k": {"location": "output", "value": "key"}})

        played = play(source, credentials=(credential("key", SECRET, origins=()),))

        assert played.outcome.status == "ok"

    def test_a_structural_host_does_not_take_a_credential_along(self) -> None:
        source = get(
            url="http://{host}/x",
            parameters={**TOKEN, "host": {"location": "path", "required": True}},
        )

        played = play(
            source,
            parameters={"host": "evil.test"},
            credentials=(credential("key", SECRET),),
        )

        assert played.error == "CredentialOriginRefused"
