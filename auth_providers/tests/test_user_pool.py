"""Passwords in an Amazon Cognito user pool: the way there by moto, its refusals by a stub.

Moto takes any code, so what the pool refuses is told by botocore's own Stubber.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from django.db import connection
from django.test import Client
from django.utils import timezone
from moto import mock_aws

from auth_providers import cognito
from auth_providers.models import LinkedIdentity
from auth_providers.services.accounts import disable_account, enable_account
from auth_providers.services.user_pool import MARKER, PoolAway, the_pool
from auth_providers.tests.factories import AppFactory, personal_token
from auth_providers.tests.registering import Committing
from orgs.models import User
from orgs.services.accepting import accept_as_new_person
from orgs.tests.factories import PASSWORD, InviteFactory, UserFactory

pytestmark = pytest.mark.django_db

REGION = "eu-central-1"
EMAIL = "mia@acme.example"
CODE = "123456"
ANOTHER = "another horse battery staple"


@pytest.fixture
def in_pool(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation whose settings name a pool; nobody is at its other end."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    settings.COGNITO_USER_POOL_ID, settings.COGNITO_CLIENT_ID = f"{REGION}_Pool", "client"
    settings.COGNITO_REGION, settings.COGNITO_CLIENT_SECRET = REGION, ""
    settings.PASSWORD_KEEPER = "auth_providers.services.user_pool.PoolPasswords"
    settings.AUTHENTICATION_BACKENDS = ["auth_providers.adapters.UserPoolBackend"]
    cognito._client.cache_clear()
    yield
    cognito._client.cache_clear()


@pytest.fixture
def pool(in_pool: None, settings: Any) -> Iterator[Any]:
    """A pool of moto's, with its administrator's client."""
    with mock_aws():
        admin: Any = boto3.client("cognito-idp", region_name=REGION)
        kinds = ("Lowercase", "Uppercase", "Numbers", "Symbols")
        policy = {"MinimumLength": 8} | {f"Require{kind}": False for kind in kinds}
        made = admin.create_user_pool(
            PoolName="people",
            UsernameAttributes=["email"],
            Policies={"PasswordPolicy": policy},
        )
        settings.COGNITO_USER_POOL_ID = made["UserPool"]["Id"]
        client = admin.create_user_pool_client(
            UserPoolId=settings.COGNITO_USER_POOL_ID, ClientName="portal", GenerateSecret=True
        )["UserPoolClient"]
        settings.COGNITO_CLIENT_ID = client["ClientId"]
        settings.COGNITO_CLIENT_SECRET = client["ClientSecret"]
        yield admin


@pytest.fixture
def stub(in_pool: None) -> Iterator[Stubber]:
    with Stubber(cognito._client(REGION)) as stub:
        yield stub


class Doors:
    @pytest.fixture(autouse=True)
    def _post(self, client: Client, django_capture_on_commit_callbacks: Committing) -> None:
        self.client, self.committing = client, django_capture_on_commit_callbacks

    def post(self, path: str, **body: Any) -> Any:
        with self.committing(execute=True):
            url = f"/api/v1/auth/{path}"
            return self.client.post(url, body, content_type="application/json")

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> Any:
        app = AppFactory.create()
        body = {"client_id": app.client_id, "email": email, "password": password}
        return self.post("sign-in", **body)

    def register(self) -> Any:
        self.post("register", email=EMAIL, first_name="Mia", last_name="Novak")
        return self.post("register/confirm", email=EMAIL, code=CODE, password=PASSWORD)


class TestPool(Doors):
    def test_takes_registration_and_sign_in(self, pool: Any, settings: Any) -> None:
        assert self.register().status_code == 201

        user = User.objects.get()
        there = pool.admin_get_user(UserPoolId=settings.COGNITO_USER_POOL_ID, Username=EMAIL)
        identity = LinkedIdentity.objects.get(user=user)
        assert {"Name": "sub", "Value": identity.subject} in there["UserAttributes"]
        assert there["UserStatus"] == "CONFIRMED"
        assert self.sign_in().status_code == 200
        assert user.password.startswith(MARKER)
        assert not user.check_password(PASSWORD)

    def test_signs_in_to_the_console(self, pool: Any) -> None:
        self.register()

        self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

        assert self.client.get("/profile").status_code == 200

    def test_resets_a_password_and_ends_sessions(self, pool: Any) -> None:
        self.register()
        self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

        self.post("password/reset", email=EMAIL)
        answer = self.post("password/reset/confirm", email=EMAIL, code=CODE, password=ANOTHER)

        assert answer.status_code == 204
        assert self.client.get("/profile").status_code == 302
        assert self.sign_in(password=ANOTHER).status_code == 200

    def test_changes_a_password_by_the_old_one(self, pool: Any) -> None:
        self.register()
        self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})

        answer = self.client.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER},
        )

        assert answer.status_code == 302
        assert self.sign_in(password=ANOTHER).status_code == 200

    def test_lets_in_whom_only_the_pool_knows(self, pool: Any, settings: Any) -> None:
        verified = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
        where = {"UserPoolId": settings.COGNITO_USER_POOL_ID, "Username": EMAIL}
        pool.admin_create_user(**where, UserAttributes=verified, MessageAction="SUPPRESS")
        pool.admin_set_user_password(**where, Password=PASSWORD, Permanent=True)

        assert self.sign_in().status_code == 200
        assert self.sign_in().status_code == 200
        assert User.objects.get().email == EMAIL

    def test_takes_no_account_for_an_address_that_the_pool_has_not_proved(
        self, pool: Any, settings: Any
    ) -> None:
        UserFactory.create(email=EMAIL)
        where = {"UserPoolId": settings.COGNITO_USER_POOL_ID, "Username": EMAIL}
        pool.admin_create_user(
            **where, UserAttributes=[{"Name": "email", "Value": EMAIL}], MessageAction="SUPPRESS"
        )
        pool.admin_set_user_password(**where, Password=PASSWORD, Permanent=True)

        assert self.sign_in().status_code == 401
        assert not LinkedIdentity.objects.exists()

    def test_closes_and_opens_an_account(self, pool: Any, settings: Any) -> None:
        self.register()
        user = User.objects.get()
        token = personal_token(user).token

        assert disable_account(user, now=timezone.now())

        where = {"UserPoolId": settings.COGNITO_USER_POOL_ID, "Username": EMAIL}
        assert not pool.admin_get_user(**where)["Enabled"]
        token.refresh_from_db()
        assert token.revoked_at
        assert not disable_account(user, now=timezone.now())
        assert enable_account(user)
        assert pool.admin_get_user(**where)["Enabled"]


@pytest.mark.django_db(transaction=True)
class TestWaiting(Doors):
    """A transaction that waits for the pool keeps all others from writing, on SQLite."""

    @pytest.fixture
    def held(self, pool: Any) -> list[bool]:
        """Whether a transaction was open, at each call to the pool from now on."""
        seen: list[bool] = []
        events = cognito._client(REGION).meta.events
        events.register("before-call", lambda **_: seen.append(connection.in_atomic_block))
        return seen

    def test_for_the_pool_holds_no_transaction(self, held: list[bool]) -> None:
        self.register()
        self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        passwords = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
        self.client.post("/accounts/password/change/", passwords)
        self.post("password/reset", email=EMAIL)
        body = {"email": EMAIL, "code": CODE, "password": PASSWORD}
        reset = self.post("password/reset/confirm", **body)
        disable_account(User.objects.get(), now=timezone.now())
        enable_account(User.objects.get())

        assert reset.status_code == 204
        assert len(held) > 10
        assert not any(held)

    def test_of_the_invited_holds_none_either(self, held: list[bool]) -> None:
        invite = InviteFactory.create(email=EMAIL, token="a-token-of-a-link")

        accept_as_new_person(invite, password=PASSWORD, now=timezone.now())

        assert held
        assert not any(held)


SIGN_IN = "admin_initiate_auth"


class TestRefusals(Doors):
    @pytest.mark.parametrize(
        ("refusal", "status", "code"),
        [
            ("NotAuthorizedException", 401, "invalid_credentials"),
            ("UserNotFoundException", 401, "invalid_credentials"),
            ("UserNotConfirmedException", 401, "invalid_credentials"),
            ("PasswordResetRequiredException", 403, "password_reset_required"),
            ("TooManyRequestsException", 429, "too_many_requests"),
            ("LimitExceededException", 429, "too_many_requests"),
            ("InternalErrorException", 503, "user_pool_unavailable"),
        ],
    )
    def test_of_a_sign_in_are_told_as_what_they_are(
        self, stub: Stubber, refusal: str, status: int, code: str
    ) -> None:
        stub.add_client_error(SIGN_IN, refusal, f"about {EMAIL}")

        answer = self.sign_in()

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert EMAIL not in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("challenge", "code"),
        [
            ("NEW_PASSWORD_REQUIRED", "password_reset_required"),
            ("SOFTWARE_TOKEN_MFA", "challenge_unsupported"),
            ("SMS_MFA", "challenge_unsupported"),
        ],
    )
    def test_by_a_challenge_let_nobody_in(self, stub: Stubber, challenge: str, code: str) -> None:
        stub.add_response(SIGN_IN, {"ChallengeName": challenge, "Session": "x" * 20})

        answer = self.sign_in()

        assert (answer.status_code, answer.json()["code"]) == (403, code)

    @pytest.mark.parametrize("refusal", ["NotAuthorizedException", "UserNotFoundException"])
    def test_tell_nobody_at_the_console_who_is_known(self, stub: Stubber, refusal: str) -> None:
        stub.add_client_error(SIGN_IN, refusal)

        page = self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

        assert "are not correct" in page.content.decode()

    def test_stand_in_the_form_at_the_console(self, stub: Stubber) -> None:
        stub.add_client_error(SIGN_IN, "TooManyRequestsException")

        page = self.client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

        assert "Too many attempts" in page.content.decode()
        assert EMAIL in page.content.decode()

    @pytest.mark.parametrize(
        ("refusal", "status", "code"),
        [
            ("CodeMismatchException", 422, "code_wrong"),
            ("ExpiredCodeException", 422, "code_wrong"),
            ("UserNotFoundException", 422, "code_wrong"),
            ("TooManyFailedAttemptsException", 429, "too_many_requests"),
            ("InternalErrorException", 503, "user_pool_unavailable"),
        ],
    )
    def test_of_a_code_make_no_account(
        self, stub: Stubber, refusal: str, status: int, code: str
    ) -> None:
        stub.add_response("sign_up", {"UserConfirmed": False, "UserSub": "s"})
        stub.add_client_error("confirm_sign_up", refusal)

        answer = self.register()

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not User.objects.exists()

    def test_of_a_weak_password_spend_no_code(self, stub: Stubber) -> None:
        stub.add_response("sign_up", {"UserConfirmed": False, "UserSub": "s"})
        stub.add_response("confirm_sign_up", {})
        stub.add_client_error("admin_create_user", "UsernameExistsException")
        stub.add_client_error("admin_set_user_password", "InvalidPasswordException")

        refused = self.register()

        assert (refused.status_code, refused.json()["code"]) == (422, "password_weak")
        assert not User.objects.exists()
        stub.add_client_error("admin_create_user", "UsernameExistsException")
        stub.add_response("admin_set_user_password", {})
        found = [{"Name": "sub", "Value": "s"}, {"Name": "email", "Value": EMAIL}]
        stub.add_response("admin_get_user", {"Username": "s", "UserAttributes": found})
        body = {"email": EMAIL, "code": CODE, "password": PASSWORD}
        assert self.post("register/confirm", **body).status_code == 201

    @pytest.mark.parametrize(
        ("refusal", "status"),
        [
            ("CodeMismatchException", 422),
            ("ExpiredCodeException", 422),
            ("LimitExceededException", 429),
        ],
    )
    def test_of_a_reset_change_nothing(self, stub: Stubber, refusal: str, status: int) -> None:
        user = UserFactory.create(email=EMAIL, password=MARKER)
        stub.add_response("forgot_password", {})
        stub.add_client_error("confirm_forgot_password", refusal)

        self.post("password/reset", email=EMAIL)
        answer = self.post("password/reset/confirm", email=EMAIL, code=CODE, password=ANOTHER)

        assert answer.status_code == status
        before = user.password
        user.refresh_from_db()
        assert user.password == before

    def test_of_an_unknown_address_ask_the_pool_nothing(self, stub: Stubber) -> None:
        asked = self.post("password/reset", email="nobody@acme.example")
        body = {"email": "nobody@acme.example", "code": CODE, "password": ANOTHER}
        answer = self.post("password/reset/confirm", **body)

        assert (asked.status_code, answer.status_code) == (202, 422)
        stub.assert_no_pending_responses()

    def test_of_who_proves_themself_again_stands_in_the_form(self, stub: Stubber) -> None:
        self.client.force_login(UserFactory.create(email=EMAIL, password=MARKER))
        stub.add_client_error(SIGN_IN, "TooManyRequestsException")

        page = self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})

        assert "Too many attempts" in page.content.decode()

    def test_of_a_new_password_are_told_at_the_page_that_asked(self, stub: Stubber) -> None:
        user = UserFactory.create(email=EMAIL, password=MARKER)
        self.client.force_login(user)
        LinkedIdentity.objects.create(user=user, issuer=the_pool().issuer, subject="s")
        attributes = [{"Name": "sub", "Value": "s"}, {"Name": "email", "Value": EMAIL}]
        for _time in range(2):
            stub.add_response(SIGN_IN, {"AuthenticationResult": {"AccessToken": "token"}})
            stub.add_response("admin_get_user", {"Username": "s", "UserAttributes": attributes})
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        stub.add_client_error("admin_create_user", "UsernameExistsException")
        stub.add_client_error("admin_set_user_password", "InvalidPasswordException")
        before = user.password

        page = self.client.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER},
            follow=True,
        )

        assert "The user pool takes longer" in page.content.decode()
        user.refresh_from_db()
        assert user.password == before

    def test_leave_an_account_open_that_could_not_be_closed(self, stub: Stubber) -> None:
        user = UserFactory.create(email=EMAIL)
        pool = cognito.configured_pool()
        assert pool
        LinkedIdentity.objects.create(user=user, issuer=pool.issuer, subject="s")
        stub.add_client_error("admin_disable_user", "InternalErrorException")

        with pytest.raises(PoolAway):
            disable_account(user, now=timezone.now())

        user.refresh_from_db()
        assert user.is_active


def test_says_when_the_pool_cannot_be_reached(in_pool: None, client: Client) -> None:
    app = AppFactory.create()
    body = {"client_id": app.client_id, "email": EMAIL, "password": PASSWORD}

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://cognito.example")

    cognito._client(REGION).meta.events.register("before-call", away)
    answer = client.post("/api/v1/auth/sign-in", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (503, "user_pool_unavailable")
    assert answer.headers["Retry-After"] == "10"


class TestFirstPassword:
    def test_takes_nobodys_place_by_an_address_that_is_not_proved(
        self, pool: Any, settings: Any, client: Client
    ) -> None:
        victim = {"UserPoolId": settings.COGNITO_USER_POOL_ID, "Username": EMAIL}
        verified = [
            {"Name": "email", "Value": EMAIL},
            {"Name": "email_verified", "Value": "true"},
        ]
        pool.admin_create_user(**victim, UserAttributes=verified, MessageAction="SUPPRESS")
        pool.admin_set_user_password(**victim, Password=PASSWORD, Permanent=True)
        claimed = UserFactory.create(email=EMAIL, address__verified=False)
        claimed.set_unusable_password()
        claimed.save()
        client.force_login(claimed)

        answer = client.post(
            "/accounts/password/set/", {"password1": ANOTHER, "password2": ANOTHER}
        )

        assert answer.headers["Location"] == "/accounts/email/"
        assert the_pool().check_password(EMAIL, PASSWORD).email == EMAIL
        assert not LinkedIdentity.objects.exists()
