"""A person's own profile, and what they do to their account at the library's pages."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from auth_providers.models import LinkedIdentity
from auth_providers.services.identities import link_identity
from orgs.models import AuditEvent, Membership, User
from orgs.tests.factories import PASSWORD, MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

Capture = Callable[..., AbstractContextManager[list[Any]]]
NEW_PASSWORD = "a quite different long sentence"


@pytest.fixture
def membership() -> Membership:
    """Mia in Acme, in the role that opens no console."""
    return MembershipFactory.create(
        user__email="mia@acme.example", user__first_name="Mia", organization__name="Acme"
    )


@pytest.fixture
def mia(membership: Membership) -> User:
    return membership.user


@pytest.fixture
def browser(client: Client, mia: User) -> Client:
    """A browser of somebody who has just proved once more that it is them."""
    client.force_login(mia)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def sign_in(browser: Client, user: User) -> None:
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("created_at").values_list("act", flat=True))


def picture() -> SimpleUploadedFile:
    written = BytesIO()
    Image.new("RGB", (8, 8)).save(written, "PNG")
    return SimpleUploadedFile("me.png", written.getvalue(), "image/png")


class TestProfile:
    def test_is_for_everybody_also_without_console(self, browser: Client) -> None:
        response = browser.get(reverse("profile"))

        read_page(response)
        page = response.content.decode()
        assert "Acme" in page
        for name in ("account_email", "mfa_index", "usersessions_list", "my-devices", "my-tokens"):
            assert f'class="sidebar-link" href="{reverse(name)}"' in page

    def test_says_the_next_step_to_who_is_in_no_organization(self, client: Client) -> None:
        client.force_login(UserFactory.create())

        page = client.get(reverse("profile"))

        assert reverse("register-organization") in page.content.decode()

    def test_keeps_name_and_language(self, browser: Client, mia: User) -> None:
        form = {"first_name": "Mía", "last_name": "M", "language": "en"}

        response = browser.post(reverse("profile"), form, follow=True)

        assert "Your profile is saved." in response.content.decode()
        mia.refresh_from_db()
        assert mia.display_name == "Mía M"

    def test_shows_a_refused_form_as_it_was_typed(self, browser: Client) -> None:
        form = {"first_name": "M\x07a", "last_name": "Typed", "language": "en"}

        response = browser.post(reverse("profile"), form)

        assert response.status_code == 422
        page = response.content.decode()
        assert "A name has at most 100 printable characters." in page
        assert 'value="Typed"' in page

    def test_takes_a_picture_and_lets_it_go(self, browser: Client, mia: User) -> None:
        browser.post(reverse("profile-picture"), {"picture": picture()})
        mia.refresh_from_db()
        assert f"/pictures/{mia.picture_id}" in browser.get(reverse("profile")).content.decode()

        browser.post(reverse("profile-picture"), {"remove": "yes"})

        mia.refresh_from_db()
        assert mia.picture_id is None

    def test_says_beside_the_field_that_a_file_is_no_picture(self, browser: Client) -> None:
        file = SimpleUploadedFile("me.png", b"text", "image/png")

        response = browser.post(reverse("profile-picture"), {"picture": file})

        assert response.status_code == 422
        assert "Choose a PNG, JPEG, WebP or GIF file." in response.content.decode()

    def test_makes_an_organization_the_first(self, browser: Client, membership: Membership) -> None:
        response = browser.post(
            reverse("organization-make-default", args=[membership.pk]), follow=True
        )

        assert "Opens first" in response.content.decode()
        membership.user.refresh_from_db()
        assert membership.user.default_organization == membership.organization


class TestLeave:
    def test_takes_the_name_typed(self, browser: Client, membership: Membership) -> None:
        address = reverse("organization-leave", args=[membership.pk])
        read_page(browser.get(address))

        refused = browser.post(address, {"name": "acme"})
        assert refused.status_code == 422
        assert Membership.objects.exists()

        response = browser.post(address, {"name": "Acme"}, follow=True)
        assert "You left Acme." in response.content.decode()
        assert not Membership.objects.exists()

    def test_tells_the_last_owner(self, client: Client) -> None:
        owner = MembershipFactory.create(owner=True, organization__name="Acme")
        client.force_login(owner.user)

        response = client.post(reverse("organization-leave", args=[owner.pk]), {"name": "Acme"})

        assert response.status_code == 422
        assert "is the last owner" in response.content.decode()

    def test_does_not_know_memberships_of_others(self, browser: Client) -> None:
        theirs = MembershipFactory.create()

        for name in ("organization-leave", "organization-make-default"):
            assert browser.post(reverse(name, args=[theirs.pk])).status_code == 404


class TestChangeEmail:
    def ask(self, browser: Client, email: str) -> str:
        """Ask for the change and return the code that was mailed."""
        answer = browser.post("/accounts/email/", {"email": email, "action_add": ""})
        assert answer.headers["Location"] == "/accounts/confirm-email/"
        assert mail.outbox[-1].to == [email.lower()]
        return str(mail.outbox[-1].body).split("\n\n")[1]

    def test_counts_once_the_code_is_typed(
        self, browser: Client, mia: User, django_capture_on_commit_callbacks: Capture
    ) -> None:
        read_page(browser.get("/accounts/email/"))
        code = self.ask(browser, "Mia@New.example")
        read_page(browser.get("/accounts/confirm-email/"))
        mia.refresh_from_db()
        assert mia.email == "mia@acme.example"

        with django_capture_on_commit_callbacks(execute=True):
            answer = browser.post("/accounts/confirm-email/", {"code": code})

        assert answer.headers["Location"] == reverse("profile")
        mia.refresh_from_db()
        assert mia.email == "mia@new.example"
        (address,) = EmailAddress.objects.filter(user=mia)
        assert (address.email, address.verified, address.primary) == (mia.email, True, True)
        event = AuditEvent.objects.get(act="user.change_email")
        assert event.changes == {"email": ["mia@acme.example", "mia@new.example"]}
        assert mail.outbox[-1].to == ["mia@acme.example"]
        assert mail.outbox[-1].subject == "Your e-mail address was changed"

    @pytest.mark.parametrize("address", [{"verified": True}, {"verified": False}])
    def test_tells_nobody_that_an_address_is_taken(
        self, browser: Client, mia: User, address: dict[str, bool]
    ) -> None:
        eve = UserFactory.create(email="eve@new.example")
        EmailAddress.objects.filter(user=eve).update(**address)

        code = self.ask(browser, eve.email)
        browser.post("/accounts/confirm-email/", {"code": code})

        mia.refresh_from_db()
        assert mia.email == "mia@acme.example"
        assert EmailAddress.objects.get(user=mia).email == mia.email
        assert "user.change_email" not in acts()

    def test_asks_who_it_is_once_more(self, client: Client, mia: User) -> None:
        client.force_login(mia)

        answer = client.post("/accounts/email/", {"email": "x@new.example", "action_add": ""})

        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
        assert mail.outbox == []

    def test_takes_no_code_after_ten_minutes(self, browser: Client, mia: User) -> None:
        code = self.ask(browser, "mia@new.example")

        with time_machine.travel(time.time() + 601, tick=False):
            browser.post("/accounts/confirm-email/", {"code": code})

        mia.refresh_from_db()
        assert mia.email == "mia@acme.example"


class TestAccountActs:
    def test_of_coming_and_going_are_recorded(self, client: Client, mia: User) -> None:
        sign_in(client, mia)
        client.post("/accounts/logout/")

        assert acts() == ["user.sign_in", "user.sign_out"]
        event = AuditEvent.objects.get(act="user.sign_in")
        assert (event.actor, event.changes) == (mia, {"methods": [None, ["password"]]})

    def test_of_a_password_are_recorded_and_told(
        self, browser: Client, mia: User, django_capture_on_commit_callbacks: Capture
    ) -> None:
        passwords = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

        with django_capture_on_commit_callbacks(execute=True):
            browser.post("/accounts/password/change/", passwords)

        assert acts() == ["user.change_password"]
        assert mail.outbox[-1].subject == "Your password was changed"
        mia.refresh_from_db()
        assert mia.check_password(NEW_PASSWORD)

    def test_of_a_lost_password_are_recorded_and_end_what_is_open(
        self, client: Client, mia: User, django_capture_on_commit_callbacks: Capture
    ) -> None:
        elsewhere = Client()
        sign_in(elsewhere, mia)
        entry = client.post("/accounts/password/reset/", {"email": mia.email}).headers["Location"]
        code = str(mail.outbox[0].body).split("\n\n")[1]
        choose = client.post(entry, {"code": code}).headers["Location"]

        with django_capture_on_commit_callbacks(execute=True):
            client.post(choose, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

        assert acts() == ["user.sign_in", "user.reset_password"]
        assert not UserSession.objects.exists()
        assert mail.outbox[-1].subject == "Your password was changed"

    @pytest.mark.parametrize("was_proved", [True, False])
    def test_of_a_first_proof_untie_who_claimed_the_account(
        self,
        client: Client,
        mia: User,
        was_proved: bool,  # noqa: FBT001
    ) -> None:
        EmailAddress.objects.update(verified=was_proved)
        link_identity(mia, issuer="https://idp.example", subject="eve", by=None)
        entry = client.post("/accounts/password/reset/", {"email": mia.email}).headers["Location"]
        code = str(mail.outbox[0].body).split("\n\n")[1]

        client.post(entry, {"code": code})

        assert EmailAddress.objects.get(user=mia).verified
        assert LinkedIdentity.objects.exists() == was_proved

    def test_of_a_proof_at_the_first_sign_in_untie_who_claimed_the_account(
        self, client: Client, mia: User
    ) -> None:
        EmailAddress.objects.update(verified=False)
        link_identity(mia, issuer="https://idp.example", subject="eve", by=None)
        sign_in(client, mia)
        code = str(mail.outbox[-1].body).split("\n\n")[1]

        client.post("/accounts/confirm-email/", {"code": code})

        assert EmailAddress.objects.get(user=mia).verified
        assert not LinkedIdentity.objects.exists()

    def test_of_an_authenticator_app_are_recorded_and_told(
        self, browser: Client, django_capture_on_commit_callbacks: Capture
    ) -> None:
        address = reverse("mfa_activate_totp")
        page = browser.get(address)
        read_page(page)
        assert b"data:image/svg+xml" in page.content
        (secret,) = set(re.findall(r'data-copy="([A-Z2-7]{32})"', page.content.decode()))
        now = time.time()
        code = format_hotp_value(hotp_value(secret, int(now) // 30))

        still = time_machine.travel(now, tick=False)  # a code lasts to the end of its half minute
        with still, django_capture_on_commit_callbacks(execute=True):
            browser.post(address, {"code": code})
        assert mail.outbox[-1].subject == "An authenticator app was set up"
        read_page(browser.get(reverse("mfa_view_recovery_codes")))
        for name in ("mfa_generate_recovery_codes", "mfa_deactivate_totp"):
            read_page(browser.get(reverse(name)))
            with django_capture_on_commit_callbacks(execute=True):
                browser.post(reverse(name))

        assert acts() == [
            "authenticator_app.set_up",
            "recovery_codes.make",
            "authenticator_app.turn_off",
        ]

    def test_of_a_passkey_are_recorded(self, browser: Client, mia: User) -> None:
        key = WebAuthn.add(mia, "Old", {"clientExtensionResults": {}}).instance
        for name, arguments in (
            ("mfa_list_webauthn", []),
            ("mfa_edit_webauthn", [key.pk]),
            ("mfa_remove_webauthn", [key.pk]),
        ):
            read_page(browser.get(reverse(name, args=arguments)))

        browser.post(reverse("mfa_edit_webauthn", args=[key.pk]), {"name": "New"})
        assert Authenticator.objects.get().wrap().name == "New"
        browser.post(reverse("mfa_remove_webauthn", args=[key.pk]))

        assert acts() == ["passkey.rename", "passkey.remove"]
        assert AuditEvent.objects.get(act="passkey.rename").changes == {"name": ["Old", "New"]}

    def test_of_ending_other_sessions_are_recorded(self, browser: Client, mia: User) -> None:
        elsewhere = Client(headers={"User-Agent": "Elsewhere 1.0"})
        sign_in(elsewhere, mia)

        browser.post("/accounts/sessions/")

        assert elsewhere.get(reverse("profile")).status_code == 302
        assert browser.get(reverse("profile")).status_code == 200
        event = AuditEvent.objects.get(act="session.end")
        assert event.changes == {"browser": ["Elsewhere 1.0", None]}
