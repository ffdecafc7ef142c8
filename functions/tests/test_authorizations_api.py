"""A person's own consent for an outside service, at the door of the app on a device."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import KeySet
from pytest_django import Settings

from auth_providers.models import OAuthConfiguration, OutsideGrant, SignInTransaction
from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.caller_tokens import published_keys
from auth_providers.tests.factories import (
    AppFactory,
    OAuthConfigurationFactory,
    connected,
    signed_in,
)
from auth_providers.tests.hostile import Provider, nonce_of
from functions.models import Credential
from functions.services.oauth_credentials import save_oauth_alias
from functions.tests.doors import assert_problem, script_of, stranger
from functions.tests.factories import publish, save_secret
from functions.tests.test_keychain import function
from orgs.models import Solution, SolutionMember, User
from orgs.tests.statements import spelled

pytestmark = pytest.mark.django_db

REDIRECT = "com.acme.app:/callback"


@pytest.fixture
def credential(solution: Solution, owner: User) -> Credential:
    configuration = OAuthConfigurationFactory.create(
        organization=solution.organization, redirect_urls=[REDIRECT, "https://else.example/cb"]
    )
    return save_oauth_alias(
        solution,
        key="crm",
        configuration_id=configuration.pk,
        allowed_origins=["https://crm.example.com"],
        by=owner,
    )


@pytest.fixture
def phone(solution: Solution, worker: User) -> Client:
    """The app of the organization, in which a technician is signed in."""
    app = AppFactory.create(organization=solution.organization, redirect_uris=REDIRECT)
    token = signed_in(worker, app=app).access_token
    return Client(headers={"Authorization": f"Bearer {token}"})


def path(name: str, solution: Solution, key: str = "crm", **more: Any) -> str:
    return reverse(name, kwargs={"pk": solution.pk, "key": key, **more})


def begin(
    phone: Client,
    solution: Solution,
    key: str = "crm",
    headers: Mapping[str, str] | None = None,
    **changes: Any,
) -> Any:
    body = {"redirect_uri": REDIRECT, "code_challenge": challenge_of(new_verifier())} | changes
    where = path("api-authorization-begin", solution, key)
    return phone.post(where, body, content_type="application/json", headers=headers)


def grant_of(worker: User, credential: Credential, **options: Any) -> OutsideGrant:
    member = SolutionMember.objects.get(membership__user=worker)
    return connected(member, configuration=credential.configuration, **options)


class TestBegin:
    @pytest.mark.parametrize("uri", ["https://else.example/cb", f"{REDIRECT}/", "x:/y"])
    def test_takes_a_redirect_url_of_the_app_and_no_other(
        self, solution: Solution, credential: Credential, phone: Client, uri: str
    ) -> None:
        (fault,) = assert_problem(
            begin(phone, solution, redirect_uri=uri), 422, "redirect_uri_unregistered"
        )

        assert fault["pointer"] == "/redirect_uri"

    def test_leads_to_the_provider_once_for_a_key(
        self, solution: Solution, credential: Credential, phone: Client
    ) -> None:
        OAuthConfiguration.objects.update(
            issuer="",
            authorization_endpoint="https://login.example/authorize",
            token_endpoint="https://login.example/token",
        )
        key = {"Idempotency-Key": "one"}
        where, body = path("api-authorization-begin", solution), challenge_of(new_verifier())
        asked = {"redirect_uri": REDIRECT, "code_challenge": body}

        first = phone.post(where, asked, content_type="application/json", headers=key)
        again = phone.post(where, asked, content_type="application/json", headers=key)

        told = first.json()
        assert first.status_code == 201, told
        assert told["authorization_url"].startswith("https://login.example/authorize?")
        begun = SignInTransaction.objects.get()
        assert told["transaction_id"] == str(begun.pk)
        assert (begun.solution, begun.credential_key) == (solution, "crm")
        assert_problem(again, 409, "already_done")
        assert again.json()["subject_id"] == str(begun.pk)

    def test_asks_the_provider_before_the_transaction_of_a_key(
        self, solution: Solution, credential: Credential, phone: Client, settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
        asked_before: list[int] = []

        with Provider() as provider:
            OAuthConfiguration.objects.update(issuer=provider.issuer)

            def note(execute: Any, sql: str, *more: Any) -> Any:
                if spelled(sql).startswith('INSERT INTO "orgs_idempotentrequest"'):
                    asked_before.append(provider.requests.total())
                return execute(sql, *more)

            with connection.execute_wrapper(note):
                answer = begin(phone, solution, headers={"Idempotency-Key": "one"})

            assert answer.status_code == 201, answer.content
            assert asked_before == [1]
            assert provider.requests.total() == 1

    def test_knows_no_credential_that_takes_no_consent(
        self, solution: Solution, owner: User, phone: Client
    ) -> None:
        save_secret(solution, by=owner)

        for key in ("crm", "other"):
            assert_problem(begin(phone, solution, key), 404, "credential_unknown")

    def test_is_for_devices_alone(
        self, solution: Solution, credential: Credential, owner: User
    ) -> None:
        assert_problem(begin(script_of(owner), solution), 403, "insufficient_scope")

    def test_is_nothing_to_a_stranger(self, solution: Solution, credential: Credential) -> None:
        elsewhere = signed_in().access_token
        phone = Client(headers={"Authorization": f"Bearer {elsewhere}"})

        assert_problem(begin(phone, solution), 404, "solution_unknown")
        assert_problem(begin(stranger(), solution), 403, "insufficient_scope")


class TestComplete:
    def test_connects_whoever_is_signed_in_on_the_device(
        self, solution: Solution, phone: Client, owner: User, worker: User, settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
        with Provider() as provider:
            client = provider.configure(solution.organization, redirect_urls=[REDIRECT])
            save_oauth_alias(
                solution, key="crm", configuration_id=client.pk, allowed_origins=[], by=owner
            )
            verifier = new_verifier()
            challenge = challenge_of(verifier)
            begun = begin(phone, solution, code_challenge=challenge).json()
            nonce = nonce_of(begun["authorization_url"])
            code = provider.code_for({"sub": "mia"}, nonce=nonce, code_challenge=challenge)
            where = path(
                "api-authorization-complete", solution, transaction_id=begun["transaction_id"]
            )
            returned = {"state": begun["state"], "code": code, "code_verifier": verifier}

            answer = phone.post(where, returned, content_type="application/json")
            again = phone.post(where, returned, content_type="application/json")

        assert answer.status_code == 201, answer.content
        grant = OutsideGrant.objects.get()
        assert (grant.user, grant.credential_key) == (worker, "crm")
        assert answer.json()["id"] == str(grant.pk)
        assert "token" not in answer.content.decode()
        assert_problem(again, 409, "transaction_over")

    def test_knows_no_transaction_of_another_credential(
        self, solution: Solution, credential: Credential, phone: Client, worker: User
    ) -> None:
        assert credential.configuration is not None
        verifier = new_verifier()
        other = SignInTransaction.objects.create(
            purpose=SignInTransaction.Purpose.CONSENT,
            configuration=credential.configuration,
            revision=1,
            user=worker,
            solution=solution,
            credential_key="other",
            redirect_uri=REDIRECT,
            state_digest="0" * 64,
            nonce_digest="0" * 64,
            code_challenge=challenge_of(verifier),
            expires_at="2099-01-01T00:00:00Z",
        )

        answer = phone.post(
            path("api-authorization-complete", solution, transaction_id=other.pk),
            {"state": "s", "code": "c", "code_verifier": verifier},
            content_type="application/json",
        )

        assert_problem(answer, 404, "transaction_unknown")


class TestEnd:
    def test_ends_ones_own(
        self, solution: Solution, credential: Credential, phone: Client, worker: User
    ) -> None:
        grant_of(worker, credential)

        first = phone.delete(path("api-authorization", solution))
        second = phone.delete(path("api-authorization", solution))

        assert first.status_code == 204
        assert not OutsideGrant.objects.exists()
        assert_problem(second, 404, "authorization_unknown")

    def test_leaves_that_of_others(
        self, solution: Solution, credential: Credential, phone: Client, owner: User
    ) -> None:
        grant = grant_of(owner, credential)

        assert_problem(
            phone.delete(path("api-authorization", solution)), 404, "authorization_unknown"
        )
        assert OutsideGrant.objects.get() == grant


class TestDeviceToken:
    def ask(self, phone: Client, solution: Solution, key: str = "crm", **wanted: str) -> Any:
        where = path("api-device-token", solution, key)
        return phone.post(where, wanted, content_type="application/json")

    def test_is_ones_own_for_a_function_that_runs_on_the_device(
        self, solution: Solution, credential: Credential, phone: Client, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner, near=function("crm"))
        grant = grant_of(worker, credential)

        answer = self.ask(phone, solution)

        told = answer.json()
        assert 3500 < told.pop("expires_in") <= 3600
        assert told == {
            "access_token": "access-1",
            "token_type": "Bearer",
            "version": grant.fingerprint,
        }
        assert answer["Cache-Control"] == "no-store"

    def test_is_another_once_the_service_refused_it(
        self, solution: Solution, credential: Credential, phone: Client, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner, near=function("crm"))
        grant = grant_of(worker, credential, is_renewable=False)

        stale = self.ask(phone, solution, refused="of another pair")
        refused = self.ask(phone, solution, refused=grant.fingerprint)

        assert stale.json()["access_token"] == "access-1"
        assert_problem(refused, 409, "oauth_refresh_failed")

    def test_is_refused_where_the_server_calls(
        self, solution: Solution, credential: Credential, phone: Client, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner, far=function("crm", on_device=False), near=function("maps"))
        grant_of(worker, credential)

        assert_problem(self.ask(phone, solution), 403, "not_for_local_functions")

    def test_says_that_the_person_is_not_connected(
        self, solution: Solution, credential: Credential, phone: Client, owner: User
    ) -> None:
        publish(solution, by=owner, near=function("crm"))
        grant_of(owner, credential)

        assert_problem(self.ask(phone, solution), 409, "oauth_credentials_missing")

    def test_is_for_devices_alone(
        self, solution: Solution, credential: Credential, owner: User
    ) -> None:
        publish(solution, by=owner, near=function("crm"))

        assert_problem(self.ask(script_of(owner), solution), 403, "insufficient_scope")


class TestTokenOfOurs:
    NEAR = function("jigx").replace("x-0", "accessToken")
    FAR = function("jigx", on_device=False).replace("x-0", "accessToken").replace("geo", "crm")

    def ask(self, phone: Client, solution: Solution, origin: str) -> Any:
        where = path("api-device-token", solution, "jigx")
        return phone.post(where, {"origin": origin}, content_type="application/json")

    def test_tells_a_service_that_a_local_function_calls(
        self, solution: Solution, phone: Client, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner, near=self.NEAR)

        answer = self.ask(phone, solution, "https://geo.example.com:443")

        told = answer.json()
        assert 290 <= told["expires_in"] <= 300
        keys = KeySet.import_key_set(published_keys())  # type: ignore[arg-type]
        claims = jwt.decode(told["access_token"], keys, algorithms=["ES256"]).claims
        assert (claims["sub"], claims["aud"]) == (
            str(worker.pk),
            [str(solution.organization_id), "https://geo.example.com"],
        )

    @pytest.mark.parametrize("origin", ["https://crm.example.com", "https://evil.example", "x"])
    def test_is_for_nowhere_else(
        self, solution: Solution, phone: Client, owner: User, origin: str
    ) -> None:
        publish(solution, by=owner, near=self.NEAR, far=self.FAR)

        assert_problem(self.ask(phone, solution, origin), 403, "not_for_local_functions")

    def test_travels_in_clear_to_nobody(
        self, solution: Solution, phone: Client, owner: User
    ) -> None:
        publish(solution, by=owner, near=self.NEAR.replace("https://", "http://"))

        answer = self.ask(phone, solution, "http://geo.example.com")

        assert_problem(answer, 403, "not_for_local_functions")
