"""Signing in on a device by a provider: what comes of its answer."""

from typing import Any

import pytest
from django.urls import reverse

from auth_providers.models import App, Device, LinkedIdentity, OAuthConfiguration, SignInTransaction
from auth_providers.tests.factories import AppFactory, let_in_by
from auth_providers.tests.flows import is_good, problem_code
from auth_providers.tests.hostile import TOKEN, Answer, Provider
from auth_providers.tests.provider_flows import (
    MIA,
    VERIFIER,
    begun,
    code_of,
    complete,
    configured,
    id_token_of,
    post,
    reasons,
)
from orgs.models import AuditEvent, Membership, Organization, User
from orgs.tests.factories import (
    DomainFactory,
    MembershipFactory,
    OrganizationFactory,
)

pytestmark = pytest.mark.django_db

REFUSED = (403, "sso_refused")
OTHER_VERIFIER = VERIFIER.replace("a", "b")


@pytest.fixture
def acme(db: None) -> Organization:
    organization: Organization = OrganizationFactory.create(name="Acme")
    DomainFactory.create(organization=organization, proved=True)
    return organization


@pytest.fixture
def mia(acme: Organization) -> User:
    """A member, whose account the organization speaks for."""
    return MembershipFactory.create(organization=acme, user__email=MIA).user


@pytest.fixture
def app(db: None) -> App:
    return AppFactory.create()


@pytest.fixture
def way(provider: Provider, acme: Organization) -> OAuthConfiguration:
    """A public client, so that either form may come back."""
    return configured(provider, acme)


@pytest.fixture
def confidential(provider: Provider, acme: Organization) -> OAuthConfiguration:
    method = OAuthConfiguration.ClientAuthentication.BASIC
    return configured(
        provider, acme, client_secret="the client's secret", client_authentication=method
    )


class TestComplete:
    @pytest.mark.parametrize("kind", ["way", "confidential"])
    def test_gives_a_device_its_tokens_for_a_code(
        self, app: App, mia: User, provider: Provider, kind: str, request: Any
    ) -> None:
        way: OAuthConfiguration = request.getfixturevalue(kind)
        transaction = begun(app, way)

        answer = complete(transaction, code=code_of(provider, transaction), iss=provider.issuer)

        assert answer.status_code == 200, answer.content
        assert answer["Cache-Control"] == "no-store"
        tokens = answer.json()
        assert set(tokens) == {
            "access_token",
            "refresh_token",
            "token_type",
            "expires_in",
            "device_id",
        }
        assert is_good(tokens["access_token"])
        device = Device.objects.get(pk=tokens["device_id"])
        assert (device.user, device.app, device.configuration) == (mia, app, way)
        assert device.name == "Mia's phone"
        assert bool(provider.authorizations[0]) == (kind == "confidential")
        assert AuditEvent.objects.filter(act="device.sign_in").count() == 1

    def test_gives_them_for_the_id_token_of_a_public_client(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)

        answer = complete(transaction, id_token=id_token_of(provider, transaction))

        assert answer.status_code == 200, answer.content
        assert TOKEN not in provider.requests
        assert LinkedIdentity.objects.get().user == mia

    def test_is_once(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)
        id_token = id_token_of(provider, transaction)
        complete(transaction, id_token=id_token)

        assert problem_code(complete(transaction, id_token=id_token)) == (409, "transaction_over")
        assert Device.objects.count() == 1

    def test_takes_no_id_token_of_another_transaction(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        first, second = begun(app, way), begun(app, way)
        id_token = id_token_of(provider, first)
        complete(first, id_token=id_token)

        assert problem_code(complete(second, id_token=id_token)) == REFUSED
        assert reasons() == ["id_token_nonce"]
        assert Device.objects.count() == 1

    @pytest.mark.parametrize(
        "wrong", [{"code_verifier": OTHER_VERIFIER}, {"state": "0123.x"}, {"state": "x"}]
    )
    def test_is_for_who_began(
        self,
        app: App,
        mia: User,
        way: OAuthConfiguration,
        provider: Provider,
        wrong: dict[str, str],
    ) -> None:
        transaction = begun(app, way)
        code = code_of(provider, transaction)

        answer = complete(transaction, **{"code": code} | wrong)
        assert problem_code(answer) == (404, "transaction_unknown")
        assert TOKEN not in provider.requests
        assert complete(transaction, code=code).status_code == 200

    @pytest.mark.parametrize("given", [{}, {"code": "x", "id_token": "x"}])
    def test_takes_either_form(
        self, app: App, way: OAuthConfiguration, given: dict[str, str]
    ) -> None:
        transaction = begun(app, way)

        answer = complete(transaction, **given)

        assert problem_code(answer) == (422, "answer_invalid")
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/code", "/id_token"}
        assert SignInTransaction.objects.get().completed_at is None

    def test_takes_no_id_token_for_a_client_with_a_secret(
        self, app: App, mia: User, confidential: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, confidential)

        answer = complete(transaction, id_token=id_token_of(provider, transaction))

        assert problem_code(answer) == REFUSED
        assert reasons() == ["client_not_public"]

    def test_takes_no_id_token_that_no_nonce_ties(
        self, app: App, mia: User, provider: Provider, acme: Organization
    ) -> None:
        transaction = begun(app, configured(provider, acme, uses_nonce=False))

        assert problem_code(complete(transaction, id_token=provider.id_token())) == REFUSED
        assert reasons() == ["nonce_required"]

    def test_takes_no_answer_of_another_issuer(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)

        answer = complete(
            transaction, code=code_of(provider, transaction), iss="https://another.example"
        )

        assert problem_code(answer) == REFUSED
        assert reasons() == ["response_issuer_mismatch"]
        assert TOKEN not in provider.requests

    @pytest.mark.parametrize(
        ("overrides", "reason"),
        [({"aud": "another"}, "id_token_aud"), ({"iss": "https://x.example"}, "id_token_iss")],
    )
    def test_tells_nobody_what_was_wrong_but_the_audit_log(
        self,
        app: App,
        mia: User,
        way: OAuthConfiguration,
        provider: Provider,
        overrides: dict[str, str],
        reason: str,
    ) -> None:
        transaction = begun(app, way)

        answer = complete(transaction, id_token=id_token_of(provider, transaction, **overrides))

        assert problem_code(answer) == REFUSED
        assert reason not in answer.content.decode()
        assert reasons() == [reason]
        assert problem_code(complete(transaction, code="x")) == (409, "transaction_over")

    def test_refuses_a_code_that_the_provider_does_not_know(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        assert problem_code(complete(begun(app, way), code="made up")) == REFUSED
        assert reasons() == ["invalid_grant"]

    def test_says_when_the_provider_is_away(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)
        provider.answers[TOKEN] = Answer(status=503)

        answer = complete(transaction, code=code_of(provider, transaction))

        assert problem_code(answer) == (503, "provider_unavailable")
        assert int(answer["Retry-After"]) > 0

    def test_is_over_with_a_change_of_the_configuration(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)
        OAuthConfiguration.objects.update(revision=2)

        answer = complete(transaction, code=code_of(provider, transaction))

        assert problem_code(answer) == (409, "transaction_over")

    def test_is_refused_once_single_sign_on_is_off(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)
        let_in_by(way, is_enabled=False)

        assert problem_code(complete(transaction, code=code_of(provider, transaction))) == REFUSED
        assert reasons() == ["not_enabled"]

    def test_offers_a_stranger_to_ask(
        self, app: App, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)

        answer = complete(transaction, code=code_of(provider, transaction))

        assert problem_code(answer) == (403, "access_request_available")
        path = reverse(
            "api-join-requests", args=[transaction["configuration"]["organization"]["id"]]
        )
        asked = post(path, {"request_token": answer.json()["request_token"]})
        assert asked.status_code == 201
        assert not Device.objects.exists()

    def test_makes_a_member_where_the_settings_say_so(
        self, app: App, way: OAuthConfiguration, provider: Provider
    ) -> None:
        owner = MembershipFactory.create(organization=way.organization, owner=True).user
        let_in_by(way, creates_members=True, creates_as=owner)
        transaction = begun(app, way, email="")

        answer = complete(transaction, code=code_of(provider, transaction))

        assert answer.status_code == 200, answer.content
        assert Membership.objects.get(user__email=MIA).role == "USER"

    def test_lets_nobody_into_another_organizations_app(
        self, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(AppFactory.create(organization=OrganizationFactory.create()), way)

        assert problem_code(complete(transaction, code=code_of(provider, transaction))) == REFUSED
        assert reasons() == ["app_of_another"]

    def test_is_counted(self, app: App, way: OAuthConfiguration) -> None:
        transaction = begun(app, way)
        for _ in range(30):
            assert complete(transaction, code="x", state="x").status_code == 404

        assert complete(transaction, code="x").status_code == 429

    def test_leaves_no_code_or_token_behind(
        self, app: App, mia: User, way: OAuthConfiguration, provider: Provider
    ) -> None:
        transaction = begun(app, way)
        code = code_of(provider, transaction)
        complete(transaction, code=code)

        kept = str([*SignInTransaction.objects.values(), *AuditEvent.objects.values()])

        assert SignInTransaction.objects.exists()
        for secret in (code, transaction["state"], VERIFIER):
            assert secret not in kept
