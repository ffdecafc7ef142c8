"""Short letters of the portal itself: some paragraphs and at most one link."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from orgs.mail.placeholders import one_line


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is told; the link's address may hold a secret, so neither is in `repr`."""

    subject: str
    paragraphs: Sequence[str] = field(repr=False)
    link_label: str = ""
    link: str = field(default="", repr=False)


def deliver(letter: Letter, *, to: str) -> None:
    """Send a letter as text and as HTML with the same words.

    Raises OSError or smtplib.SMTPException when the mail server does not take it.
    """
    context = {"letter": letter}
    text = "\n\n".join([*letter.paragraphs, letter.link]).strip() + "\n"
    message = EmailMultiAlternatives(one_line(letter.subject), text, to=[to])
    message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    message.send()
