"""Access tokens that a service refuses, and tokens of this installation's own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from functions import engine
from functions.engine.failures import OAuthRefreshFailed
from functions.tests.engine.upstream import ADDRESS, Received, credential, get, play, post

TOKEN = {"accessToken": {"location": "header", "type": "string", "value": "graph"}}
OURS = {"accessToken": {"location": "header", "value": "jigx"}}
STALE, FRESH = "stale-access-token", "fresh-access-token"


def only(token: str) -> Callable[[Received], web.Response]:
    """A service that takes this token alone."""

    def serve(request: Received) -> web.Response:
        if request.headers["Authorization"] == f"Bearer {token}":
            return web.json_response({"stale": STALE, "fresh": FRESH})
        return web.json_response({"heard": request.headers["Authorization"]}, status=401)

    return serve


async def renewed(refused: engine.Credential) -> engine.Credential:
    assert refused.secret.reveal() == STALE
    return replace(refused, secret=engine.Secret(FRESH))


def stale(type: str = "oauth") -> tuple[engine.Credential, ...]:
    return (credential("graph", STALE, type=type),)


class TestRefusedToken:
    @pytest.mark.parametrize("type", ["oauth", "oauth_alias"])
    @pytest.mark.parametrize("source", [get(parameters=TOKEN), post(parameters=TOKEN)])
    def test_is_renewed_and_the_request_sent_again(self, type: str, source: dict[str, Any]) -> None:
        played = play(source, service=only(FRESH), credentials=stale(type), refresh=renewed)

        assert [request.headers["Authorization"] for request in played.requests] == [
            f"Bearer {STALE}",
            f"Bearer {FRESH}",
        ]
        assert played.outcome.output == {"stale": "***", "fresh": "***"}

    def test_is_renewed_once(self) -> None:
        played = play(
            get(parameters=TOKEN), service=only("another"), credentials=stale(), refresh=renewed
        )

        assert len(played.requests) == 2
        assert (played.error, played.outcome.upstream_status) == ("UpstreamError", 401)
        assert FRESH not in str(played.outcome.error)

    @pytest.mark.parametrize(
        "source",
        [
            get(parameters=TOKEN, disableTokenRefresh=True),
            get(parameters=TOKEN, error=[{"title": "Mine to handle"}]),
        ],
    )
    def test_is_left_to_the_definition_that_says_so(self, source: dict[str, Any]) -> None:
        played = play(source, service=only(FRESH), credentials=stale(), refresh=renewed)

        assert (len(played.requests), played.outcome.upstream_status) == (1, 401)

    def test_that_can_not_be_renewed_ends_the_call(self) -> None:
        async def over(refused: engine.Credential) -> engine.Credential:
            raise OAuthRefreshFailed("The connection is over.")

        played = play(get(parameters=TOKEN), service=only(FRESH), credentials=stale(), refresh=over)

        assert (len(played.requests), played.error) == (1, "OAuthRefreshFailed")

    def test_is_nothing_that_an_api_key_can_be(self) -> None:
        played = play(
            get(parameters=TOKEN),
            service=only(FRESH),
            credentials=stale("api_key"),
            refresh=renewed,
        )

        assert (len(played.requests), played.error) == (1, "UpstreamError")

    def test_stays_bound_to_its_origins(self) -> None:
        async def elsewhere(refused: engine.Credential) -> engine.Credential:
            return replace(refused, origins=("https://elsewhere.test",))

        played = play(
            get(parameters=TOKEN), service=only(FRESH), credentials=stale(), refresh=elsewhere
        )

        assert (len(played.requests), played.error) == (1, "CredentialOriginRefused")


async def minted(origin: str) -> str:
    return f"token-for-{origin}"


class TestOurToken:
    def test_is_made_for_the_origin_of_the_call(self) -> None:
        played = play(get(parameters=OURS), mint=minted)

        assert played.request.headers["Authorization"] == f"Bearer token-for-{played.address}"

    def test_comes_back_masked(self) -> None:
        def echo(request: Received) -> web.Response:
            return web.json_response({"heard": request.headers["Authorization"]})

        played = play(get(parameters=OURS), service=echo, mint=minted)

        assert played.outcome.output == {"heard": "Bearer ***"}

    def test_stands_in_no_address(self) -> None:
        source = get(
            parameters=OURS | {"q": {"location": "query", "value": "=@ctx.parameters.accessToken"}},
        )

        played = play(source, mint=minted)

        assert (played.requests, played.error) == ([], "BadRequest")

    def test_opens_no_way_to_another_address(self) -> None:
        source = get(parameters=OURS, continuation={"when": "=$.next", "url": "=$.next"})

        played = play(
            source,
            service=lambda _request: web.json_response({"next": "http://127.0.0.2:9/page"}),
            mint=minted,
        )

        assert (len(played.requests), played.error) == (1, "ContinuationRefused")

    def test_is_made_anew_where_a_bound_credential_leads_on(self) -> None:
        source = get(
            parameters=OURS | {"x-key": {"location": "header", "value": "key"}},
            continuation={"when": "=$.next", "url": "=$.next"},
        )
        key = credential("key", "abc-123-def", origins=(ADDRESS, "http://127.0.0.1:9"))

        played = play(
            source,
            service=lambda _request: web.json_response({"next": "http://127.0.0.1:9/page"}),
            credentials=(key,),
            mint=minted,
        )

        assert (len(played.requests), played.error) == (1, "UpstreamUnreachable")

    def test_is_refused_where_none_are_issued(self) -> None:
        played = play(get(parameters=OURS))

        assert (played.requests, played.error) == ([], "CredentialMissing")
