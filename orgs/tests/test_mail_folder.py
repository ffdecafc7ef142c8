"""The mail of an installation without a mail server is for its operators alone."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from jigxmgmt.mail import FolderBackend
from orgs.models import User
from orgs.services.mail_folder import BACKEND, MOST_SHOWN, NoSuchMail, newest_mail, read_mail
from orgs.tests.factories import UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

FOLDER = "/operator/mail"


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = BACKEND
    settings.MAIL_DIR = tmp_path / "mail"
    return tmp_path / "mail"


@pytest.fixture
def operator() -> User:
    return UserFactory.create(is_staff=True)


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def send(subject: str = "Hello", html: str = "<p>Code 123456</p>") -> None:
    message = EmailMultiAlternatives(subject, "Code 123456", to=["mia@acme.example"])
    if html:
        message.attach_alternative(html, "text/html")
    FolderBackend().send_messages([message])


def only_name(folder: Path) -> str:
    (path,) = folder.iterdir()
    return path.name


class TestNewestMail:
    def test_is_empty_before_anything_was_sent(self, operator: User) -> None:
        assert newest_mail(by=operator) == []

    def test_begins_with_the_newest_and_ends(self, folder: Path, operator: User) -> None:
        send("Grüße an {{alle}}")
        (folder / ".20260101T000000.000000-0a0a0a0a.eml").touch()
        (folder / "notes.txt").touch()
        for number in range(MOST_SHOWN):
            old = f"20200101T000000.{number:06}-0a0a0a0a.eml"
            (folder / old).write_text("Subject: Old\nTo: x@y.example\n\nx")

        listed = newest_mail(by=operator)

        assert len(listed) == MOST_SHOWN
        assert (listed[0].subject, listed[0].to) == ("Grüße an {{alle}}", "mia@acme.example")
        assert listed[-1].sent_at.microsecond == 1

    def test_is_for_operators(self) -> None:
        with pytest.raises(NoSuchMail):
            newest_mail(by=UserFactory.create())


class TestReadMail:
    @pytest.mark.parametrize(
        "name",
        [
            "../secret.eml",
            "..",
            "/etc/passwd",
            "20200101T000000.000000-0a0a0a0a.eml/../../secret.eml",
            "20200101T000000.000000-0a0a0a0a.eml\n",
            "20200101T000000.000000-0a0a0a0a.eml",
        ],
    )
    def test_looks_for_nothing_but_a_message(self, folder: Path, operator: User, name: str) -> None:
        send()
        (folder.parent / "secret.eml").write_text("Subject: secret\n\nx")

        with pytest.raises(NoSuchMail):
            read_mail(name, by=operator)

    def test_does_not_show_the_bodies_by_accident(self, folder: Path, operator: User) -> None:
        send()

        assert "123456" not in repr(read_mail(only_name(folder), by=operator))


class TestPages:
    def test_list_and_show_what_was_sent(self, browser: Client, folder: Path) -> None:
        send()
        listed = browser.get(FOLDER)
        assert "codes and links" in listed.content.decode()
        assert read_page(listed).headings == ["Sent mail"]

        page = browser.get(f"{FOLDER}/{only_name(folder)}")

        assert read_page(page).headings == ["Hello"]
        assert "Code 123456" in page.content.decode()

    def test_frame_the_html_where_it_can_do_nothing(self, browser: Client, folder: Path) -> None:
        send(html="<script>alert(1)</script>")

        framed = browser.get(f"{FOLDER}/{only_name(folder)}/html")

        assert framed.content == b"<script>alert(1)</script>"
        policy = framed["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script-src" not in policy
        assert framed["X-Frame-Options"] == "SAMEORIGIN"

    def test_are_linked_for_operators(self, browser: Client) -> None:
        assert f'href="{FOLDER}"' in browser.get(FOLDER).content.decode()

    @pytest.mark.parametrize("path", [FOLDER, f"{FOLDER}/x", f"{FOLDER}/x/html"])
    def test_are_not_there_for_anybody_else(self, client: Client, path: str) -> None:
        client.force_login(UserFactory.create())

        assert client.get(path).status_code == 404

    def test_are_not_there_where_a_mail_server_is_set(
        self, browser: Client, settings: LazySettings
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

        assert browser.get(FOLDER).status_code == 404
