"""The mail of an installation without a mail server, for those who operate it.

Mails hold codes and links that let whoever reads them in, so nobody else is shown that they exist.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser

from django.conf import settings
from django.utils.translation import gettext as _

from jigxmgmt.errors import NotFound
from orgs.models import User

MOST_SHOWN = 100
HEADER_BYTES = 16 * 1024
BACKEND = "jigxmgmt.mail.FolderBackend"
# As the backend names them; a name that has another form is not looked for.
NAME = re.compile(r"(\d{8}T\d{6}\.\d{6})-[0-9a-f]{8}\.eml")


class NoSuchMail(NotFound):
    code = "mail_unknown"


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One message; its bodies may hold a code or a link, so they are not in `repr`."""

    name: str
    subject: str
    to: str
    sent_at: datetime
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)


def has_mail_folder() -> bool:
    """Answer whether mail lands in a folder here, since no mail server is set."""
    return bool(settings.EMAIL_BACKEND == BACKEND)


def newest_mail(*, by: User) -> list[StoredMail]:
    """Return what was sent last, newest first, without the bodies. Raises NoSuchMail."""
    _require_operator(by)
    return [_with_headers(name) for name in heapq.nlargest(MOST_SHOWN, _names())]


def read_mail(name: str, *, by: User) -> StoredMail:
    """Return one message whole. Raises NoSuchMail."""
    _require_operator(by)
    if not NAME.fullmatch(name):
        raise NoSuchMail(_("There is no such message."))
    try:
        content = (settings.MAIL_DIR / name).read_bytes()
    except FileNotFoundError as error:
        raise NoSuchMail(_("There is no such message.")) from error
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)  # noqa: S101 (the policy makes them)
    return _stored(name, message, text=_body(message, "plain"), html=_body(message, "html"))


def _names() -> Iterator[str]:
    if not settings.MAIL_DIR.is_dir():
        return
    for path in settings.MAIL_DIR.iterdir():
        if NAME.fullmatch(path.name):
            yield path.name


def _with_headers(name: str) -> StoredMail:
    with (settings.MAIL_DIR / name).open("rb") as file:
        beginning = file.read(HEADER_BYTES)
    message = BytesHeaderParser(policy=policy.default).parsebytes(beginning)
    return _stored(name, message)


def _stored(name: str, message: object, *, text: str = "", html: str = "") -> StoredMail:
    assert isinstance(message, EmailMessage)  # noqa: S101 (the policy makes them)
    return StoredMail(
        name=name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sent_at=datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC),
        text=text,
        html=html,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    content: str = part.get_content() if part else ""
    return content


def _require_operator(by: User) -> None:
    if not (by.is_staff and by.is_active and has_mail_folder()):
        raise NoSuchMail(_("There is nothing here."))
