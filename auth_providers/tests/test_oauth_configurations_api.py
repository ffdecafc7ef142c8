"""The API's doors for an organization's OAuth configurations."""

import json
from typing import Any

import boto3
import pytest
from django.db import connection
from django.test import Client
from moto import mock_aws
from pytest_django import DjangoAssertNumQueries, Settings

from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_secrets import client_secret_of
from auth_providers.services.scopes import Scope
from auth_providers.services.vault import key_provider
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import OAuthConfigurationFactory, personal_token
from auth_providers.tests.hostile import Answer, Provider
from auth_providers.vault.kms import _client_of
from orgs.models import Membership
from orgs.tests.factories import DomainFactory, MembershipFactory

pytestmark = pytest.mark.django_db

SECRET = "s3cret-of-the-client"
BODY = {
    "name": "Company account",
    "key": "company",
    "type": "OKTA",
    "domains": ["acme.example", "*.acme.example", "*"],
    "redirect_urls": ["https://console.example/sign-in/callback"],
    "client_id": "portal",
    "client_secret": SECRET,
    "issuer": "https://acme.okta.example",
    "additional_parameters": {"prompt": "select_account"},
}


@pytest.fixture
def owner() -> Membership:
    owner: Membership = MembershipFactory.create(owner=True)
    DomainFactory.create(organization=owner.organization, name="acme.example", proved=True)
    return owner


@pytest.fixture
def script(owner: Membership, client_with: type_of_client) -> Client:
    return client_with(personal_token(owner.user).secret)


@pytest.fixture
def address(owner: Membership) -> str:
    return f"/api/v1/organizations/{owner.organization_id}/oauth-configurations"


def send(client: Client, method: str, url: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method,
        url,
        b"" if body is None else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


class TestMany:
    def test_makes_one_and_shows_it_without_the_secret(self, script: Client, address: str) -> None:
        key = {"Idempotency-Key": "once"}

        answer = send(script, "POST", address, BODY, **key)

        assert answer.status_code == 201
        made = answer.json()
        assert (
            made.items()
            >= {
                "key": "company",
                "domains": ["*", "*.acme.example", "acme.example"],
                "proved_domains": ["*.acme.example", "acme.example"],
                "has_secret": True,
                "revision": 1,
                "warnings": [],
                "image_url": None,
            }.items()
        )
        assert SECRET not in answer.content.decode()
        assert client_secret_of(OAuthConfiguration.objects.get()) == SECRET
        assert send(script, "POST", address, BODY, **key).json()["subject_id"] == made["id"]
        assert send(script, "POST", address, BODY).status_code == 409

    def test_lists_any_number_with_as_many_queries(
        self,
        script: Client,
        owner: Membership,
        address: str,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        OAuthConfigurationFactory.create()
        OAuthConfigurationFactory.create_batch(6, organization=owner.organization)

        with django_assert_max_num_queries(8):
            answer = script.get(address)

        assert len(answer.json()["results"]) == 6

    @pytest.mark.parametrize(
        ("changed", "pointer"),
        [
            ({"uses_pkce": "yes"}, "/uses_pkce"),
            ({"domains": "acme.example"}, "/domains"),
            ({"domains": ["*", 1]}, "/domains/1"),
            ({"colour": "red"}, "/colour"),
            ({"client_secret": 1}, "/client_secret"),
            ({"client_secret": None}, "/client_secret"),
            ({"additional_parameters": {"state": "x"}}, "/additional_parameters/state"),
            ({"type": ["OKTA"]}, "/type"),
        ],
    )
    def test_points_at_what_is_wrong(
        self, script: Client, address: str, changed: dict[str, Any], pointer: str
    ) -> None:
        answer = send(script, "POST", address, BODY | changed)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("body", [[], "text", None, 1])
    def test_takes_an_object_only(self, script: Client, address: str, body: Any) -> None:
        assert send(script, "POST", address, body).status_code in (400, 422)

    def test_takes_the_scope_to_write(
        self, owner: Membership, address: str, client_with: type_of_client
    ) -> None:
        reader = client_with(personal_token(owner.user, scopes=[Scope.ORGANIZATION_READ]).secret)

        assert reader.get(address).status_code == 200
        assert send(reader, "POST", address, BODY).status_code == 403


class TestOne:
    @pytest.fixture
    def one(self, script: Client, address: str) -> str:
        return f"{address}/{send(script, 'POST', address, BODY).json()['id']}"

    def test_changes_what_is_given(self, script: Client, one: str) -> None:
        changed = send(script, "PATCH", one, {"uses_nonce": False, "domains": ["*"]})

        assert changed.status_code == 200
        shown = script.get(one).json()
        assert (shown["revision"], shown["issuer"]) == (2, BODY["issuer"])
        assert (shown["uses_nonce"], shown["domains"]) == (False, ["*"])
        assert [warning["code"] for warning in shown["warnings"]] == ["nonce_off"]

    def test_asks_for_the_secret_where_it_would_go_elsewhere(
        self, script: Client, one: str
    ) -> None:
        answer = send(script, "PATCH", one, {"issuer": "https://evil.example"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/client_secret"

    def test_is_removed(self, script: Client, one: str) -> None:
        assert script.delete(one).status_code == 204
        assert script.get(one).status_code == 404

    def test_is_not_there_for_strangers(self, one: str, client_with: type_of_client) -> None:
        stranger = MembershipFactory.create(owner=True)
        script = client_with(personal_token(stranger.user).secret)
        borrowed = one.replace(one.split("/")[4], str(stranger.organization_id))

        for address in (one, borrowed):
            assert script.get(address).status_code == 404
            assert send(script, "PATCH", address, {"name": "x"}).status_code == 404
            assert script.delete(address).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_transaction_does_not_wait_for_the_vault(
    script: Client, address: str, settings: Settings
) -> None:
    held: list[bool] = []
    with mock_aws():
        key_provider.cache_clear()
        _client_of.cache_clear()
        kms = boto3.client("kms", region_name="eu-central-1")
        settings.VAULT_KMS_KEY_ID = kms.create_key()["KeyMetadata"]["Arn"]
        asked = _client_of("eu-central-1").meta.events
        asked.register("before-call", lambda **_: held.append(connection.in_atomic_block))

        answer = send(script, "POST", address, BODY, **{"Idempotency-Key": "once"})
    key_provider.cache_clear()
    _client_of.cache_clear()

    assert answer.status_code == 201
    assert held
    assert not any(held)


class TestDiscovery:
    def test_says_what_would_change_and_saves_nothing(
        self, script: Client, owner: Membership, address: str, provider: Provider
    ) -> None:
        known = OAuthConfigurationFactory.create(
            organization=owner.organization, issuer=provider.issuer, token_endpoint="https://old/"
        )
        body = {"issuer": provider.issuer, "configuration_id": str(known.pk)}

        answer = send(script, "POST", f"{address}/discovery", body)

        assert answer.status_code == 200
        differences = {one.pop("field"): one for one in answer.json()["differences"]}
        assert differences["token_endpoint"] == {
            "from": "https://old/",
            "to": f"{provider.issuer}/token",
        }
        assert "issuer" not in differences
        assert answer.json()["found"]["token_endpoint"] == f"{provider.issuer}/token"
        known.refresh_from_db()
        assert known.token_endpoint == "https://old/"

    def test_says_when_the_provider_is_away(
        self, script: Client, address: str, provider: Provider
    ) -> None:
        provider.answers["/.well-known/openid-configuration"] = Answer(status=503)

        answer = send(script, "POST", f"{address}/discovery", {"issuer": provider.issuer})

        assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
        assert int(answer["Retry-After"]) > 0

    def test_asks_no_address_that_the_operator_did_not_open(
        self, script: Client, address: str
    ) -> None:
        answer = send(script, "POST", f"{address}/discovery", {"issuer": "http://127.0.0.1:1"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/issuer"

    def test_is_not_for_creators(
        self, owner: Membership, address: str, client_with: type_of_client
    ) -> None:
        creator = MembershipFactory.create(organization=owner.organization, creator=True)
        script = client_with(personal_token(creator.user).secret)
        body = {"issuer": "https://login.acme.example"}

        assert send(script, "POST", f"{address}/discovery", body).status_code == 403
        assert script.get(address).status_code == 403
