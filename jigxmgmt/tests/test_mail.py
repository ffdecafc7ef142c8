"""Mail of an installation without a mail server."""

import email
from email import policy
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "jigxmgmt.mail.FolderBackend"
    settings.MAIL_DIR = tmp_path / "data" / "mail"
    return Path(settings.MAIL_DIR)


def message(subject: str = "Your code") -> EmailMessage:
    return EmailMessage(subject, "It is 123456. Grüße", "a@acme.example", ["mia@acme.example"])


class TestFolderBackend:
    def test_writes_a_whole_message(self, folder: Path) -> None:
        sent = message().send()

        (file,) = folder.iterdir()
        parsed = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        assert sent == 1
        assert file.suffix == ".eml"
        assert (parsed["Subject"], parsed["To"]) == ("Your code", "mia@acme.example")
        assert parsed.get_content().strip() == "It is 123456. Grüße"

    def test_writes_a_file_a_message(self, folder: Path) -> None:
        connection = get_connection()

        connection.send_messages([message("One"), message("Two")])

        assert len(list(folder.iterdir())) == 2

    def test_shows_them_to_the_operator_alone(self, folder: Path) -> None:
        message().send()

        (file,) = folder.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_names_them_so_that_the_last_sorts_last(self, folder: Path) -> None:
        for subject in ("One", "Two", "Three"):
            message(subject).send()

        subjects = [
            email.message_from_bytes(p.read_bytes())["Subject"] for p in sorted(folder.iterdir())
        ]
        assert subjects == ["One", "Two", "Three"]
