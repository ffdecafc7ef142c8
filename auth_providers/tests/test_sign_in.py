"""Signing in on the screen of a first-party app."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.test import Client

from auth_providers.models import App, Device
from auth_providers.services.tokens import identify
from auth_providers.tests.factories import AppFactory
from orgs.models import AuditEvent, User
from orgs.tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/sign-in"


@pytest.fixture
def app() -> App:
    return AppFactory.create()


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def sign_in(client: Client, app: App, email: str, password: str = PASSWORD, **more: Any) -> Any:
    body = {"client_id": app.client_id, "email": email, "password": password} | more
    return client.post(URL, body, content_type="application/json")


@pytest.fixture
def still() -> Iterator[float]:
    """A moment that does not pass: a code lasts to the end of its half minute."""
    now = time.time()
    with time_machine.travel(now, tick=False):
        yield now


def code_at(moment: float, secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(moment) // 30)))


class TestSignIn:
    def test_knows_a_domain_in_each_of_its_spellings(self, client: Client, app: App) -> None:
        UserFactory.create(email="mia@xn--strae-oqa.de")

        assert sign_in(client, app, "Mia@Straße.de").status_code == 200

    def test_gives_a_pair_of_tokens_and_opens_a_device(
        self, client: Client, app: App, user: User
    ) -> None:
        described = {"name": "Mia's phone", "platform": "ios", "os_version": "19.1"}

        answer = sign_in(client, app, user.email.upper(), device=described)

        tokens = answer.json()
        device = Device.objects.get(pk=tokens["device_id"])
        assert (device.user, device.app, device.name) == (user, app, "Mia's phone")
        assert identify(tokens["access_token"]).device == device
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
        assert set(tokens) == {
            "access_token",
            "refresh_token",
            "token_type",
            "expires_in",
            "device_id",
        }
        assert answer["Cache-Control"] == "no-store"

    def test_is_recorded(self, client: Client, app: App, user: User) -> None:
        tokens = sign_in(client, app, user.email).json()

        event = AuditEvent.objects.get(act="device.sign_in")
        assert event.actor == user
        assert tokens["access_token"] not in str(event.changes)

    def test_cuts_what_a_device_says_at_length(self, client: Client, app: App, user: User) -> None:
        answer = sign_in(client, app, user.email, device={"name": "x" * 5000})

        assert Device.objects.get(pk=answer.json()["device_id"]).name == "x" * 100

    @pytest.mark.parametrize("email", ["{known}", "nobody@acme.example"])
    def test_says_the_same_of_a_wrong_password_and_a_stranger(
        self, client: Client, app: App, user: User, email: str
    ) -> None:
        answer = sign_in(client, app, email.format(known=user.email), "wrong")

        problem = answer.json()
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == "Bearer"
        assert problem["code"] == "invalid_credentials"
        assert problem["detail"] == "The e-mail address or the password is wrong."

    def test_takes_the_password_exactly_as_it_is(
        self, client: Client, app: App, user: User
    ) -> None:
        password = "  A long Sentence " + "x" * 200 + " "
        user.set_password(password)
        user.save()

        for other in (password.strip(), password.lower(), password[:72]):
            assert sign_in(client, app, user.email, other).status_code == 401
        assert sign_in(client, app, user.email, password).status_code == 200

    def test_refuses_a_disabled_person_like_a_stranger(self, client: Client, app: App) -> None:
        user = UserFactory.create(is_active=False)

        assert sign_in(client, app, user.email).json()["code"] == "invalid_credentials"

    def test_takes_no_password_from_other_apps(self, client: Client, user: User) -> None:
        for app in (AppFactory.create(is_first_party=False), AppFactory.build(client_id="x")):
            answer = sign_in(client, app, user.email)

            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_client")

    def test_names_every_field_at_fault(self, client: Client) -> None:
        answer = client.post(URL, {"email": "x"}, content_type="application/json")

        assert answer.status_code == 422
        pointers = {fault["pointer"] for fault in answer.json()["errors"]}
        assert pointers == {"/client_id", "/email", "/password"}

    def test_refuses_an_address_that_was_never_proved(
        self, client: Client, app: App, user: User
    ) -> None:
        EmailAddress.objects.update(verified=False)

        answer = sign_in(client, app, user.email)

        assert (answer.status_code, answer.json()["code"]) == (403, "email_not_proved")

    def test_keeps_an_organizations_app_to_its_members(self, client: Client, user: User) -> None:
        app = AppFactory.create(organization=OrganizationFactory.create())
        member = MembershipFactory.create(organization=app.organization)

        assert sign_in(client, app, member.user.email).status_code == 200
        answer = sign_in(client, app, user.email)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_a_member")

    def test_slows_down_who_guesses(self, client: Client, app: App, user: User) -> None:
        for _ in range(5):
            sign_in(client, app, user.email, "wrong")

        answer = sign_in(client, app, user.email)

        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0

    def test_counts_by_the_peers_address_whoever_it_says_it_speaks_for(
        self, client: Client, app: App
    ) -> None:
        answers = [
            client.post(
                URL,
                {"client_id": app.client_id, "email": f"{n}@acme.example", "password": "wrong"},
                content_type="application/json",
                headers={"X-Forwarded-For": f"192.0.2.{n}", "Forwarded": f"for=192.0.2.{n}"},
                secure=True,
            )
            for n in range(11)
        ]

        assert [answer.status_code for answer in answers] == [401] * 10 + [429]

    def test_waits_while_nobody_can_count_attempts(
        self, client: Client, app: App, user: User, no_cache: None
    ) -> None:
        answer = sign_in(client, app, user.email)

        assert (answer.status_code, answer.json()["code"]) == (503, "cache_unavailable")
        assert int(answer["Retry-After"]) > 0
        assert not Device.objects.exists()


class TestSecondFactor:
    def test_asks_for_the_code_once_the_password_is_right(
        self, client: Client, app: App, user: User
    ) -> None:
        TOTP.activate(user, generate_totp_secret())

        answer = sign_in(client, app, user.email)
        assert (answer.status_code, answer.json()["code"]) == (401, "code_required")
        answer = sign_in(client, app, user.email, "wrong")
        assert answer.json()["code"] == "invalid_credentials"

    def test_takes_a_code_once(self, client: Client, app: App, user: User, still: float) -> None:
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        code = code_at(still, secret)

        assert sign_in(client, app, user.email, code=code).status_code == 200
        answer = sign_in(client, app, user.email, code=code)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")

    def test_takes_no_code_of_another_half_minute(
        self, client: Client, app: App, user: User, still: float
    ) -> None:
        secret = generate_totp_secret()
        TOTP.activate(user, secret)

        for moment in (still - 30, still + 30):
            answer = sign_in(client, app, user.email, code=code_at(moment, secret))
            assert answer.status_code == 401

    def test_takes_a_recovery_code(self, client: Client, app: App, user: User) -> None:
        TOTP.activate(user, generate_totp_secret())
        code = RecoveryCodes.activate(user).get_unused_codes()[0]

        assert sign_in(client, app, user.email, code=code).status_code == 200

    def test_takes_a_recovery_code_once(self, client: Client, app: App, user: User) -> None:
        TOTP.activate(user, generate_totp_secret())
        codes = RecoveryCodes.activate(user).get_unused_codes()
        sign_in(client, app, user.email, code=codes[0])

        assert sign_in(client, app, user.email, code=codes[0]).status_code == 401
        assert len(set(codes)) == 10
        assert all(len(code) == 8 for code in codes)

    def test_slows_down_who_guesses_codes(
        self, client: Client, app: App, user: User, still: float
    ) -> None:
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        stale = code_at(still - 300, secret)

        answers = [sign_in(client, app, user.email, code=stale) for _ in range(6)]

        assert answers[-1].status_code == 429
