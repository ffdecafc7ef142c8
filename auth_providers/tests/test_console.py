import re
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from auth_providers.models import Device
from auth_providers.services.apps import installation_app
from orgs.models import User
from orgs.services.organizations import found_organization
from orgs.services.people import register_person
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture
def ada() -> User:
    ada = register_person("ada@acme.example", password=PASSWORD, first_name="Ada")
    found_organization("Acme", owner=ada)
    return ada


@pytest.fixture
def browser(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def sign_in(client: Client, user: User) -> None:
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


def device_of(user: User) -> Device:
    return Device.objects.create(
        user=user,
        app=installation_app(),
        name="Ada's phone",
        expires_at=timezone.now() + timedelta(days=1),
    )


class TestSignIn:
    def test_opens_the_console(self, client: Client, ada: User) -> None:
        form = {"login": "Ada@Acme.Example", "password": PASSWORD}

        response = client.post("/accounts/login/", form)

        assert response.headers["Location"] == "/"
        assert "What Acme runs" in client.get("/").content.decode()

    def test_knows_a_domain_in_each_of_its_spellings(self, client: Client) -> None:
        register_person("mia@straße.de", password=PASSWORD)

        form = {"login": "Mia@Straße.de", "password": PASSWORD}
        response = client.post("/accounts/login/", form)

        assert response.headers["Location"] == "/"

    def test_refuses_a_wrong_password_without_saying_which_is_wrong(
        self, client: Client, ada: User
    ) -> None:
        wrong = client.post("/accounts/login/", {"login": ada.email, "password": "wrong"})
        unknown = client.post("/accounts/login/", {"login": "x@y.example", "password": "wrong"})

        message = "The email address and/or password you specified are not correct."
        for response in (wrong, unknown):
            read_page(response)
            assert message in response.content.decode()

    def test_takes_the_password_exactly_as_it_is(self, client: Client) -> None:
        password = "  A long Sentence " + "x" * 200 + " "
        mia = register_person("mia@acme.example", password=password)

        for typed in (password.strip(), password.lower(), password[:72]):
            client.post("/accounts/login/", {"login": mia.email, "password": typed})
            assert "_auth_user_id" not in client.session
        client.post("/accounts/login/", {"login": mia.email, "password": password})
        assert "_auth_user_id" in client.session

    def test_takes_a_password_of_any_age(self, client: Client, ada: User) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=3650), tick=False):
            sign_in(client, ada)

            assert client.get("/roles").status_code == 200

    def test_opens_a_session_that_nobody_knew(self, client: Client, ada: User) -> None:
        client.get("/theme")  # a session that somebody may have planted
        session = client.session
        session["planted"] = True
        session.save()
        planted = str(session.session_key)
        client.cookies["sessionid"] = planted

        sign_in(client, ada)

        assert client.session.session_key != planted
        assert len(str(client.session.session_key)) == 32
        assert not Session.objects.filter(session_key=planted).exists()

    def test_has_another_key_once_the_person_has_proved_again_who_they_are(
        self, client: Client, ada: User
    ) -> None:
        sign_in(client, ada)
        known = client.cookies["sessionid"].value

        client.post("/accounts/reauthenticate/", {"password": "wrong"})
        assert client.cookies["sessionid"].value == known
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})

        renewed = client.cookies["sessionid"].value
        assert renewed != known
        assert UserSession.objects.get().session_key == renewed
        assert client.get("/roles").status_code == 200
        client.cookies["sessionid"] = known
        assert client.get("/roles").status_code == 302

    def test_is_over_with_sign_out_for_whoever_kept_the_cookie(
        self, client: Client, ada: User
    ) -> None:
        sign_in(client, ada)
        kept = client.cookies["sessionid"].value

        client.post("/accounts/logout/")

        client.cookies["sessionid"] = kept
        assert client.get("/roles").headers["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("page", ["/roles", "/profile", "/accounts/2fa/", "/staff/"])
    def test_is_good_for_two_weeks_however_much_it_is_used(
        self, client: Client, ada: User, page: str
    ) -> None:
        ada.is_staff = ada.is_superuser = True
        ada.save()
        sign_in(client, ada)

        with time_machine.travel(timezone.now() + timedelta(days=13), tick=False):
            client.session.save()  # each write lets the library's own end wait again
            assert client.get(page).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1), tick=False):
            assert "_auth_user_id" in client.session
            answer = client.get(page)

        assert answer.headers["Location"] == f"/accounts/login/?next={page}"
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize("page", ["/roles", "/profile", "/accounts/sessions/", "/staff/"])
    def test_is_over_once_the_account_is_closed(self, client: Client, ada: User, page: str) -> None:
        sign_in(client, ada)
        ada.is_active = False
        ada.save()

        assert "/login/" in client.get(page).headers["Location"]

    def test_takes_no_code_by_mail(self, client: Client, ada: User) -> None:
        answer = client.post("/accounts/login/code/", {"email": ada.email})

        assert answer.status_code == 404
        assert mail.outbox == []

    def test_gives_a_passkey_another_challenge_each_time(self, client: Client) -> None:
        first, second = (
            client.get("/accounts/2fa/webauthn/login/", headers=SCRIPT).json()["request_options"]
            for _ in range(2)
        )

        challenges = {asked["publicKey"]["challenge"] for asked in (first, second)}
        assert len(challenges) == 2
        assert all(len(challenge) >= 43 for challenge in challenges)  # 32 bytes of base64url
        assert first["publicKey"]["userVerification"] == "required"

    def test_resets_a_password_by_a_code(self, client: Client, ada: User) -> None:
        asked = client.post("/accounts/password/reset/", {"email": ada.email})
        entry = asked.headers["Location"]
        assert read_page(client.get(entry)).headings == ["Enter the code"]

        words = str(mail.outbox[0].body).split()
        code = next(word for word in words if len(word.strip("-")) >= 6 and word.isupper())
        response = client.post(entry, {"code": code})

        page = client.get(response.headers["Location"])
        assert read_page(page).headings == ["Choose a new password"]

    def test_shows_an_address_that_no_account_has_the_way_to_one(
        self, client: Client, settings: LazySettings
    ) -> None:
        client.post("/accounts/password/reset/", {"email": "nobody@acme.example"})

        assert mail.outbox[0].subject == "There is no account with this address"
        assert f"{settings.PUBLIC_URL}/register\n" in mail.outbox[0].body

    def test_bounds_how_often_an_address_is_mailed(self, client: Client) -> None:
        for _ in range(5):
            answer = client.post("/accounts/password/reset/", {"email": "mia@acme.example"})

        assert (answer.status_code, len(mail.outbox)) == (429, 3)


class TestLostPassword:
    def test_mails_to_the_one_spelling(self, client: Client) -> None:
        register_person("mia@straße.de", password=PASSWORD)

        client.post("/accounts/password/reset/", {"email": "Mia@Straße.de"})

        assert [message.to for message in mail.outbox] == [["mia@xn--strae-oqa.de"]]

    @pytest.mark.parametrize(
        "email",
        [
            "bob@a℀.com",
            '"a\x01b"@acme.example',
            "=?utf-8?q?=ff?=@acme.example",
            "a" * 64 + "@" + "b." * 95 + "com",
            "x@" + "é." * 40 + "com",
        ],
    )
    def test_refuses_what_mail_cannot_reach(self, client: Client, email: str) -> None:
        response = client.post("/accounts/password/reset/", {"email": email})

        assert response.status_code == 200
        assert response.context["form"].has_error("email")
        assert mail.outbox == []


class TestAccountPages:
    @pytest.mark.parametrize("address", ["login/", "password/reset/", "signup/"])
    def test_wear_our_clothes_for_somebody_unknown(self, client: Client, address: str) -> None:
        response = client.get(f"/accounts/{address}")

        assert response.status_code == 200
        read_page(response)

    def test_lead_who_signs_up_to_our_own_pages(self, client: Client) -> None:
        page = client.get("/accounts/signup/")

        assert read_page(page).headings == ["Create an account"]
        assert b'href="/register"' in page.content

    @pytest.mark.parametrize(
        "address",
        ["2fa/", "sessions/", "password/change/", "2fa/webauthn/", "2fa/totp/activate/", "logout/"],
    )
    def test_wear_our_clothes_for_who_is_signed_in(
        self, client: Client, ada: User, address: str
    ) -> None:
        # Signed in just now, so that no page asks for the password again.
        client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})

        response = client.get(f"/accounts/{address}", follow=True)

        assert response.status_code == 200
        read_page(response)

    @pytest.mark.parametrize(
        "address",
        ["/", "/people", "/profile", "/my-devices", "/accounts/2fa/", "/accounts/reauthenticate/"],
    )
    def test_lead_out(self, browser: Client, address: str) -> None:
        page = browser.get(address).content.decode()

        assert 'method="post" action="/accounts/logout/"' in page

    @pytest.mark.parametrize(
        ("address", "fields"),
        [
            ("/accounts/login/", ["current-password"]),
            ("/accounts/reauthenticate/", ["current-password"]),
            ("/accounts/password/change/", ["current-password", "new-password", "new-password"]),
        ],
    )
    def test_hide_a_password_and_let_a_manager_type_it(
        self, client: Client, ada: User, address: str, fields: list[str]
    ) -> None:
        if address != "/accounts/login/":
            sign_in(client, ada)

        page = client.get(address).content.decode()

        inputs = [tag for tag in re.findall("<input[^>]*>", page) if 'name="' in tag]
        inputs = [tag for tag in inputs if "assword" in tag and "hidden" not in tag]
        assert [
            (re.findall(' type="([^"]*)"', tag), re.findall('autocomplete="([^"]*)"', tag))
            for tag in inputs
        ] == [(["password"], [field]) for field in fields]

    def test_ask_again_for_the_password_before_the_protection_changes(
        self, browser: Client
    ) -> None:
        response = browser.get("/accounts/2fa/totp/activate/", follow=True)

        assert read_page(response).headings == ["Is it still you?"]

    def test_work_for_somebody_of_no_organization(self, client: Client) -> None:
        client.force_login(register_person("mia@acme.example", password=PASSWORD))

        assert client.get("/accounts/2fa/").status_code == 200


class TestMyDevices:
    def test_lists_mine_only(self, browser: Client, ada: User) -> None:
        device_of(ada)
        eve = register_person("eve@other.example", password=PASSWORD)
        Device.objects.filter(pk=device_of(eve).pk).update(name="Eve's phone")

        page = browser.get("/my-devices").content.decode()

        assert "Ada&#x27;s phone" in page
        assert "Eve&#x27;s phone" not in page

    def test_signs_one_out(self, browser: Client, ada: User) -> None:
        device = device_of(ada)

        response = browser.post(f"/my-devices/{device.pk}/revoke", follow=True)

        device.refresh_from_db()
        assert device.revoked_at is not None
        assert "Ada&#x27;s phone is signed out." in response.content.decode()
        assert "No devices" in response.content.decode()

    def test_sends_who_is_no_longer_signed_in_back_to_the_list(
        self, client: Client, ada: User
    ) -> None:
        device = device_of(ada)

        response = client.post(f"/my-devices/{device.pk}/revoke")

        assert response.headers["Location"] == "/accounts/login/?next=/my-devices"
        device.refresh_from_db()
        assert device.revoked_at is None

    def test_does_not_know_those_of_others(self, browser: Client) -> None:
        eve = register_person("eve@other.example", password=PASSWORD)
        device = device_of(eve)

        assert browser.post(f"/my-devices/{device.pk}/revoke").status_code == 404
        device.refresh_from_db()
        assert device.revoked_at is None

    def test_takes_a_post(self, browser: Client, ada: User) -> None:
        assert browser.get(f"/my-devices/{device_of(ada).pk}/revoke").status_code == 405
