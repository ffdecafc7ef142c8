"""Asking for a code by e-mail, and spending it: no answer tells of an account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from allauth.core import ratelimit
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from auth_providers import tasks
from auth_providers.models import EmailCode
from auth_providers.models.email_codes import CODE_LIFETIME
from auth_providers.services.sign_in import CacheAway
from jigxmgmt.errors import FieldFault, Invalid, TooMuch
from orgs.services.people import checked_email

Outcome = TypeVar("Outcome")


class CodeWrong(Invalid):
    """Wrong, used, too old or out of tries: which of them is nobody's business."""

    code = "code_wrong"

    def __init__(self) -> None:
        sentence = _("The code is wrong or no longer good.")
        super().__init__(sentence, faults=[FieldFault("/code", sentence, self.code)])


class TooManyCodes(TooMuch):
    retry_after = 5 * 60


class TooManyTries(TooMuch):
    retry_after = 60


def ask_email_code(
    request: HttpRequest,
    purpose: EmailCode.Purpose,
    *,
    email: str,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
) -> None:
    """Have a code made and mailed; the one before it is good no more.

    The request is there for allauth, whose limits count by its address. Raises NotAnAddress,
    TooManyCodes or CacheAway.
    """
    email = checked_email(email)
    with _counted():
        if not ratelimit.consume(request, action="email_code", key=f"{purpose} {email}"):
            raise TooManyCodes(_("Too many codes were asked for; wait a little."))
    wanted = EmailCode(
        purpose=purpose,
        email=email,
        first_name=first_name,
        last_name=last_name,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    _replace(wanted)


@transaction.atomic
def _replace(code: EmailCode) -> None:
    """Keep a code in place of the one before it, and have it mailed."""
    EmailCode.objects.unused().filter(purpose=code.purpose, email=code.email).delete()
    try:
        with transaction.atomic():
            code.save(force_insert=True)
    except IntegrityError:  # somebody asked for the same at this very moment, and that one is sent
        return
    tasks.send_email_code.delay_on_commit(code_id=str(code.pk))


def spend_email_code(
    request: HttpRequest,
    purpose: EmailCode.Purpose,
    *,
    email: str,
    code: str,
    now: datetime,
    act: Callable[[EmailCode], Outcome],
) -> Outcome:
    """Do the act in one transaction with the code's end, so that a refused act spends no code.

    A try is counted before the code is compared, and stays counted when it was wrong. Raises
    CodeWrong, TooManyTries or CacheAway, and whatever the act raises.
    """
    email = checked_email(email)
    with _counted():
        if not ratelimit.consume(request, action="email_code_try", key=f"{purpose} {email}"):
            raise TooManyTries(_("Too many attempts; wait a little."))
    with transaction.atomic():
        asked = EmailCode.objects.unused().filter(purpose=purpose, email=email).first()
        if asked and asked.try_once(now) and asked.matches(_digits(code)) and asked.use(now):
            return act(asked)
    raise CodeWrong


def _digits(code: str) -> str:
    """Take a code as people copy it, with spaces or a dash in it."""
    return "".join(code.replace("-", "").split())


@contextmanager
def _counted() -> Iterator[None]:
    """Neither mail nor compare a code while the cache cannot count who asks."""
    try:
        yield
    except RedisError as error:
        raise CacheAway(_("No codes can be taken for a moment; try again.")) from error
