"""Making an account: who gets which mail, what a code is good for, what no answer tells."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from auth_providers import tasks
from auth_providers.models import EmailCode
from auth_providers.models.email_codes import CODE_LIFETIME, MOST_TRIES, PROOF_LIFETIME
from auth_providers.services.email_codes import CodeWrong, TooManyCodes, TooManyTries
from auth_providers.services.registration import (
    AccountExists,
    ClientUnknown,
    NamesInvalid,
    ProofExpired,
    begin_registration,
    confirm_registration,
    finish_registration,
    prove_registration,
    resend_registration_code,
)
from auth_providers.services.sign_in import CacheAway
from auth_providers.tests.factories import AppFactory
from auth_providers.tests.registering import Committing, another_than, newest_code
from orgs.models import AuditEvent, User
from orgs.services.people import NotAnAddress, WeakPassword
from orgs.tests.factories import PASSWORD, UserFactory
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

EMAIL = "mia@acme.example"
NAMES = {"first_name": "Mia", "last_name": "Brandenburger"}
Begin = Callable[..., None]


@pytest.fixture
def web(rf: RequestFactory) -> HttpRequest:
    return rf.post("/register")


@pytest.fixture
def begin(web: HttpRequest, django_capture_on_commit_callbacks: Committing) -> Begin:
    """Return a way to ask for a code whose mail has gone out."""

    def begin(email: str = EMAIL) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            begin_registration(web, email=email, now=timezone.now(), **NAMES)

    return begin


def confirm(
    web: HttpRequest,
    code: str,
    *,
    password: str = PASSWORD,
    later: timedelta = timedelta(),
    **names: str,
) -> User:
    now = timezone.now() + later
    return confirm_registration(web, email=EMAIL, code=code, password=password, now=now, **names)


def finish(proof_id: UUID, *, later: timedelta = timedelta()) -> User:
    now = timezone.now() + later
    return finish_registration(proof_id, password=PASSWORD, now=now, **NAMES)


class TestBegin:
    def test_mails_a_code_of_six_digits(self, begin: Begin) -> None:
        begin(" Mia@Acme.example")

        assert [message.to for message in mail.outbox] == [[EMAIL]]
        assert newest_code().isdigit()

    def test_keeps_no_code_in_clear(self, begin: Begin) -> None:
        begin()

        assert newest_code() not in repr(list(EmailCode.objects.values()))

    def test_tells_the_owner_of_an_account_alone_that_there_is_one(
        self, begin: Begin, web: HttpRequest
    ) -> None:
        UserFactory.create(email=EMAIL)

        begin()

        assert mail.outbox[-1].subject == "You have an account already"
        assert newest_code() == ""
        assert EmailCode.objects.usable(timezone.now()).exists()  # a guess costs the same work
        with pytest.raises(CodeWrong):
            confirm(web, "000000")

    def test_takes_a_second_address_of_an_account_for_it(self, begin: Begin) -> None:
        EmailAddress.objects.create(user=UserFactory.create(), email=EMAIL, verified=True)

        begin()

        assert newest_code() == ""

    def test_is_not_hindered_by_who_claims_the_address_without_proof(self, begin: Begin) -> None:
        EmailAddress.objects.create(user=UserFactory.create(), email=EMAIL, verified=False)

        begin()

        assert newest_code()

    def test_makes_an_earlier_code_useless(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        earlier = newest_code()
        while newest_code() == earlier:  # one time in a million
            begin()

        with pytest.raises(CodeWrong):
            confirm(web, earlier)
        assert EmailCode.objects.count() == 1

    def test_sends_nothing_for_a_code_that_another_has_replaced(self, begin: Begin) -> None:
        begin()
        replaced = EmailCode.objects.get().pk
        begin()
        mail.outbox.clear()

        tasks.send_email_code(code_id=str(replaced))

        assert mail.outbox == []

    def test_bounds_how_often_an_address_is_mailed(self, begin: Begin) -> None:
        UserFactory.create(email="known@acme.example")
        for email in (EMAIL, "known@acme.example"):
            for _ in range(3):
                begin(email)

            with pytest.raises(TooManyCodes):
                begin(email)

    def test_mails_nothing_while_nobody_counts(
        self, web: HttpRequest, no_cache: None, django_capture_on_commit_callbacks: Committing
    ) -> None:
        with django_capture_on_commit_callbacks() as waiting, pytest.raises(CacheAway):
            begin_registration(web, email=EMAIL, now=timezone.now(), **NAMES)

        assert waiting == []

    def test_refuses_an_app_that_is_none(self, web: HttpRequest) -> None:
        known = AppFactory.create().client_id
        begin_registration(web, email=EMAIL, now=timezone.now(), client_id=known, **NAMES)

        with pytest.raises(ClientUnknown):
            begin_registration(web, email=EMAIL, now=timezone.now(), client_id="x", **NAMES)

    @pytest.mark.parametrize("name", ["Mia\nBcc: eve", "x" * 101])
    def test_refuses_what_is_no_name(self, web: HttpRequest, name: str) -> None:
        with pytest.raises(NamesInvalid) as refused:
            begin_registration(
                web, email=EMAIL, first_name="Mia", last_name=name, now=timezone.now()
            )

        assert [fault.pointer for fault in refused.value.faults] == ["/last_name"]

    def test_refuses_what_is_no_address(self, web: HttpRequest) -> None:
        with pytest.raises(NotAnAddress):
            begin_registration(web, email="mia", now=timezone.now(), **NAMES)


class TestResend:
    def test_keeps_the_names(
        self, begin: Begin, web: HttpRequest, django_capture_on_commit_callbacks: Committing
    ) -> None:
        begin()

        with django_capture_on_commit_callbacks(execute=True):
            resend_registration_code(web, email=EMAIL, now=timezone.now())

        assert len(mail.outbox) == 2
        assert confirm(web, newest_code()).display_name == "Mia Brandenburger"


class TestConfirm:
    def test_makes_an_account_with_a_proved_address(self, begin: Begin, web: HttpRequest) -> None:
        begin()

        user = confirm(web, newest_code())

        assert user.check_password(PASSWORD)
        address = EmailAddress.objects.get()
        assert (address.user, address.email) == (user, EMAIL)
        assert address.verified
        assert address.primary
        event = AuditEvent.objects.get()
        assert (event.act, event.actor) == ("user.register", user)

    def test_takes_a_code_as_people_copy_it(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        code = newest_code()

        assert confirm(web, f" {code[:3]} {code[3:]}\n").email == EMAIL

    def test_takes_its_own_names_before_those_of_who_asked(
        self, begin: Begin, web: HttpRequest
    ) -> None:
        begin()

        user = confirm(web, newest_code(), first_name="Mina", last_name="Ek")

        assert user.display_name == "Mina Ek"

    def test_refuses_names_of_several_lines(self, begin: Begin, web: HttpRequest) -> None:
        begin()

        with pytest.raises(NamesInvalid):
            confirm(web, newest_code(), first_name="Mia\nBcc: eve")

    def test_takes_a_code_once(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        confirm(web, newest_code())

        with pytest.raises(CodeWrong):
            confirm(web, newest_code())

    def test_takes_no_code_that_is_too_old(self, begin: Begin, web: HttpRequest) -> None:
        begin()

        with pytest.raises(CodeWrong):
            confirm(web, newest_code(), later=CODE_LIFETIME + timedelta(seconds=1))

    def test_counts_wrong_codes_until_none_is_taken(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        for _ in range(MOST_TRIES):
            with pytest.raises(CodeWrong):
                confirm(web, another_than(newest_code()))

        with pytest.raises(CodeWrong):
            confirm(web, newest_code())
        assert not User.objects.exists()

    @pytest.mark.parametrize("password", ["pass", "Brandenburger1"])
    def test_spends_no_code_on_a_weak_password(
        self, begin: Begin, web: HttpRequest, password: str
    ) -> None:
        begin()
        for _ in range(MOST_TRIES):
            with pytest.raises(WeakPassword):
                confirm(web, newest_code(), password=password)

        assert confirm(web, newest_code()).email == EMAIL

    def test_tells_nobody_without_the_code_of_names(self, begin: Begin, web: HttpRequest) -> None:
        begin()

        with pytest.raises(CodeWrong):
            confirm(web, another_than(newest_code()), password="Brandenburger1")

    def test_takes_no_code_of_another_address(self, begin: Begin, web: HttpRequest) -> None:
        begin("eve@acme.example")
        code = newest_code()
        EmailCode.objects.update(email=EMAIL)

        with pytest.raises(CodeWrong):
            confirm(web, code)

    def test_leaves_an_account_that_came_meanwhile(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        UserFactory.create(email=EMAIL)

        with pytest.raises(AccountExists):
            confirm(web, newest_code(), password="another long password")

        assert User.objects.get().check_password(PASSWORD)

    def test_bounds_guesses_at_any_address(self, begin: Begin, web: HttpRequest) -> None:
        def guess() -> None:
            with pytest.raises(CodeWrong):
                confirm(web, "000000")

        for _ in range(20):
            guess()

        with pytest.raises(TooManyTries):
            confirm(web, "000000")


class TestFinish:
    def test_makes_the_account_with_the_proof(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        proof = prove_registration(web, email=EMAIL, code=newest_code(), now=timezone.now())

        user = finish(proof.pk)

        assert (user.email, user.display_name) == (EMAIL, "Mia Brandenburger")
        with pytest.raises(ProofExpired):
            finish(proof.pk)

    def test_takes_a_proof_whatever_others_ask_for_meanwhile(
        self, begin: Begin, web: HttpRequest
    ) -> None:
        begin()
        proof = prove_registration(web, email=EMAIL, code=newest_code(), now=timezone.now())
        begin_registration(
            web, email=EMAIL, first_name="Eve", last_name="Other", now=timezone.now()
        )

        assert finish(proof.pk).display_name == "Mia Brandenburger"

    def test_takes_no_proof_that_was_never_given(self, begin: Begin) -> None:
        begin()

        with pytest.raises(ProofExpired):
            finish(EmailCode.objects.get().pk)

    def test_takes_no_old_proof(self, begin: Begin, web: HttpRequest) -> None:
        begin()
        proof = prove_registration(web, email=EMAIL, code=newest_code(), now=timezone.now())

        with pytest.raises(ProofExpired):
            finish(proof.pk, later=PROOF_LIFETIME)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_one_code_makes_one_account(self, web: HttpRequest) -> None:
        begin_registration(web, email=EMAIL, now=timezone.now(), **NAMES)
        code = newest_code()

        outcomes = all_at_once(
            [lambda: confirm(web, code)] * 2, meeting='UPDATE "auth_providers_emailcode"'
        )

        (refused,) = [outcome for outcome in outcomes if not isinstance(outcome, User)]
        # The second may look for the account before, or for the code after, the first has ended.
        assert isinstance(refused, CodeWrong | AccountExists)
        assert User.objects.count() == EmailAddress.objects.count() == 1
