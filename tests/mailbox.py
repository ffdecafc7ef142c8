"""The mail folder of an installation without a mail server, as somebody reads it."""

import email
import re
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import wait_until

CODE = re.compile(r"^\d{6}$", re.MULTILINE)
LINK = re.compile(r"https?://\S+")


def wait_for_letter(to: str, *, subject: str) -> str:
    """Return the text of the newest letter to this address whose subject has these words."""
    found: list[str] = []

    def has_come() -> bool:
        letters = [_read(path) for path in sorted(folder().glob("*.eml"))]
        found[:] = [
            str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
            for letter in letters
            if letter["To"] == to and subject in str(letter["Subject"])
        ]
        return bool(found)

    wait_until(has_come)
    return found[-1]


def folder() -> Path:
    return Path(settings.MAIL_DIR)


def code_in(letter: str) -> str:
    return _first(CODE, letter)


def path_of_link_in(letter: str) -> str:
    """Return the link without its host: the letter names the installation's public address."""
    return "/" + _first(LINK, letter).split("/", 3)[3]


def _first(pattern: re.Pattern[str], letter: str) -> str:
    match = pattern.search(letter)
    if match is None:
        pytest.fail("The letter has no such thing.")
    return match.group()


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message
