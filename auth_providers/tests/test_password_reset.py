"""A new password by a code: for whom, and what ends with the old one."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.translation import get_language

from auth_providers.models import EmailCode, LinkedIdentity
from auth_providers.services.email_codes import CodeWrong
from auth_providers.services.identities import link_identity
from auth_providers.services.password_reset import ask_password_reset, reset_password
from auth_providers.services.tokens import NotSignedIn, identify
from auth_providers.tests.factories import personal_token, signed_in
from auth_providers.tests.registering import Committing, another_than, newest_code
from orgs.models import AuditEvent, User
from orgs.services.people import WeakPassword
from orgs.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a quite different sentence"
URL = "/api/v1/auth/password/reset"


@pytest.fixture
def user() -> User:
    return UserFactory.create(email="mia@acme.example", last_name="Brandenburger")


@pytest.fixture
def web(rf: RequestFactory) -> HttpRequest:
    return rf.post(URL)


@pytest.fixture
def ask(web: HttpRequest, django_capture_on_commit_callbacks: Committing) -> Callable[[str], None]:
    """Return a way to ask for a code whose mail, if any, has gone out."""

    def ask(email: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            ask_password_reset(web, email=email, now=timezone.now())

    return ask


class Listening(EmailBackend):
    """A mail server that hears in which language it is addressed."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            message.extra_headers["Content-Language"] = str(get_language())
        return super().send_messages(messages)


def reset(web: HttpRequest, user: User, code: str, password: str = NEW_PASSWORD) -> None:
    now = timezone.now()
    reset_password(web, email=user.email, code=code, password=password, now=now)
    user.refresh_from_db()


class TestAsk:
    def test_speaks_the_language_of_who_has_the_account(
        self, ask: Callable[[str], None], user: User, settings: LazySettings
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.Listening"
        User.objects.update(language="de")

        ask(user.email)

        assert mail.outbox[-1].extra_headers["Content-Language"] == "de"

    def test_mails_a_code_to_who_has_an_account(
        self, ask: Callable[[str], None], user: User
    ) -> None:
        ask("MIA@acme.example")

        assert mail.outbox[-1].to == [user.email]
        assert newest_code()

    @pytest.mark.parametrize("email", ["nobody@acme.example", "disabled@acme.example"])
    def test_mails_nobody_else_and_does_the_same_work(
        self, ask: Callable[[str], None], email: str
    ) -> None:
        UserFactory.create(email="disabled@acme.example", is_active=False)

        ask(email)

        assert mail.outbox == []
        assert EmailCode.objects.usable(timezone.now()).exists()


class TestReset:
    def test_leaves_the_second_factor(
        self, ask: Callable[[str], None], web: HttpRequest, user: User, client: Client
    ) -> None:
        TOTP.activate(user, generate_totp_secret())
        ask(user.email)

        reset(web, user, newest_code())

        form = {"login": user.email, "password": NEW_PASSWORD}
        answer = client.post("/accounts/login/", form)
        assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
        assert "_auth_user_id" not in client.session

    def test_changes_the_password(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        ask(user.email)

        reset(web, user, newest_code())

        assert user.check_password(NEW_PASSWORD)
        event = AuditEvent.objects.get(act="user.reset_password")
        assert (event.actor, event.changes) == (user, {})

    def test_signs_the_person_out_everywhere(
        self, ask: Callable[[str], None], web: HttpRequest, user: User, client: Client
    ) -> None:
        client.force_login(user)
        client.get("/my-devices")
        device, other = signed_in(user), signed_in()
        script = personal_token(user)
        ask(user.email)

        reset(web, user, newest_code())

        assert not UserSession.objects.filter(user=user).exists()
        assert client.get("/my-devices").status_code == 302
        with pytest.raises(NotSignedIn):
            identify(device.access_token)
        assert identify(other.access_token).user == other.device.user
        assert identify(script.secret).user == user

    def test_tells_the_person(
        self,
        ask: Callable[[str], None],
        web: HttpRequest,
        user: User,
        django_capture_on_commit_callbacks: Committing,
    ) -> None:
        ask(user.email)
        code = newest_code()

        with django_capture_on_commit_callbacks(execute=True):
            reset(web, user, code)

        assert mail.outbox[-1].subject == "Your password was changed"
        assert NEW_PASSWORD not in mail.outbox[-1].body

    def test_takes_the_address_as_proved(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        EmailAddress.objects.update(verified=False)
        link_identity(user, issuer="https://idp.example", subject="eve", by=None)
        ask(user.email)

        reset(web, user, newest_code())

        assert EmailAddress.objects.get(user=user).verified
        assert not LinkedIdentity.objects.exists()
        assert user.check_password(NEW_PASSWORD)

    def test_takes_a_code_once_and_no_wrong_one(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        ask(user.email)
        code = newest_code()

        with pytest.raises(CodeWrong):
            reset(web, user, another_than(code))
        reset(web, user, code)

        with pytest.raises(CodeWrong):
            reset(web, user, code, PASSWORD)
        assert user.check_password(NEW_PASSWORD)

    def test_spends_no_code_on_a_weak_password(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        ask(user.email)

        with pytest.raises(WeakPassword):
            reset(web, user, newest_code(), "Brandenburger1")  # like their name

        reset(web, user, newest_code())

    def test_tells_nobody_without_the_code_of_names(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        ask(user.email)

        with pytest.raises(CodeWrong):
            reset(web, user, another_than(newest_code()), "Brandenburger1")

    def test_takes_no_code_that_was_for_registering(
        self, ask: Callable[[str], None], web: HttpRequest, user: User
    ) -> None:
        ask(user.email)
        EmailCode.objects.update(purpose=EmailCode.Purpose.REGISTER)

        with pytest.raises(CodeWrong):
            reset(web, user, newest_code())


class TestDoors:
    @pytest.fixture(autouse=True)
    def _post(self, client: Client, django_capture_on_commit_callbacks: Committing) -> None:
        self.client, self.committing = client, django_capture_on_commit_callbacks

    def post(self, url: str, **body: str) -> Any:
        with self.committing(execute=True):
            return self.client.post(url, body, content_type="application/json")

    def test_ask_and_confirm(self, user: User) -> None:
        asked = self.post(URL, email=user.email)
        changed = self.post(
            f"{URL}/confirm", email=user.email, code=newest_code(), password=NEW_PASSWORD
        )

        assert (asked.status_code, changed.status_code) == (202, 204)
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD)

    def test_answer_the_same_for_known_and_unknown(self, user: User) -> None:
        for email in (user.email, "eve@acme.example"):
            assert self.post(URL, email=email).status_code == 202
            answer = self.post(f"{URL}/confirm", email=email, code="000000", password=NEW_PASSWORD)
            assert (answer.status_code, answer.json()["code"]) == (422, "code_wrong")

    def test_say_that_nobody_counts(self, no_cache: None) -> None:
        answer = self.post(URL, email="mia@acme.example")

        assert (answer.status_code, answer.json()["code"]) == (503, "cache_unavailable")
