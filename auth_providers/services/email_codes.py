"""Asking for a code by e-mail, and spending it: no answer tells of an account."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from allauth.core import ratelimit
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from auth_providers import tasks
from auth_providers.cognito import Pool, PoolRefused, Refusal, configured_pool
from auth_providers.models import EmailCode
from auth_providers.models.email_codes import CODE_LIFETIME
from auth_providers.services.sign_in import CacheAway
from auth_providers.services.user_pool import refusal_of
from jigxmgmt.errors import FieldFault, Invalid, TooMuch
from orgs.services.people import checked_email


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


def find_email_code(
    request: HttpRequest, purpose: EmailCode.Purpose, *, email: str, code: str, now: datetime
) -> EmailCode:
    """Return what this code proves; it is spent in one transaction with what it is good for.

    So a refused act spends no code. A try is counted before the code is compared, and stays counted
    when it was wrong. It may wait for the network, so call it in no transaction. Raises
    NotAnAddress, CodeWrong, TooManyTries, CacheAway, PoolBusy or PoolAway.
    """
    email = checked_email(email)
    count_code_try(request, purpose, email=email)
    if pool := configured_pool():
        _confirm_at_pool(pool, purpose, email=email, code=_digits(code), now=now)
    asked = EmailCode.objects.unused().filter(purpose=purpose, email=email).first()
    if asked and asked.try_once(now) and asked.matches(_digits(code)):
        asked.take_back_try()
        return asked
    raise CodeWrong


def spend_email_code(proved: EmailCode, *, now: datetime) -> None:
    """End a code that was found good; raises CodeWrong where somebody else spent it meanwhile."""
    if not proved.use(now):
        raise CodeWrong


def count_code_try(request: HttpRequest, purpose: EmailCode.Purpose, *, email: str) -> None:
    """Count a try, before anything is compared; raises TooManyTries or CacheAway."""
    with _counted():
        if not ratelimit.consume(request, action="email_code_try", key=f"{purpose} {email}"):
            raise TooManyTries(_("Too many attempts; wait a little."))


def _confirm_at_pool(
    pool: Pool, purpose: EmailCode.Purpose, *, email: str, code: str, now: datetime
) -> None:
    """Have the user pool compare the code, which it made; what it took is kept as one of ours.

    So a refused act may come again with the same code, which the pool takes once. Outside of a
    transaction, since it waits for the network. Raises CodeWrong, PoolBusy or PoolAway.
    """
    asked = EmailCode.objects.unused().filter(purpose=purpose, email=email).first()
    if asked is None or asked.matches(code):
        return
    if not asked.try_once(now):
        raise CodeWrong
    try:
        pool.confirm(email, code)
    except PoolRefused as refused:
        if refused.refusal in (Refusal.TOO_MANY, Refusal.AWAY):
            raise refusal_of(refused) from None
        raise CodeWrong from None
    asked.set_code(code, now)


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
