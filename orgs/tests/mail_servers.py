"""Mail servers that do not take every mail, and the link in a mail that one took."""

import re
import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.locmem import EmailBackend


class Refusing(BaseEmailBackend):
    """Knows nobody."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        refused = dict.fromkeys(email_messages[0].to, (550, b"No such user"))
        raise smtplib.SMTPRecipientsRefused(refused)


class Unreachable(BaseEmailBackend):
    """Never answers."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError


class Greylisting(EmailBackend):
    """Takes a mail at the second attempt (RFC 6647)."""

    seen: set[str] = set()

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        (address,) = messages[0].to
        if address in self.seen:
            return super().send_messages(messages)
        self.seen.add(address)
        raise smtplib.SMTPRecipientsRefused({address: (450, b"Come back later")})


def link_of(message: Any) -> str:
    """Return the path of the invitation that a mail links to."""
    found = re.search(r"/invitations/[\w-]+", str(message.body))
    assert found
    return found[0]
