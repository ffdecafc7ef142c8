"""Choosing a new password with a code, when the old one is lost."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest
from oauth2_provider.models import Grant

from auth_providers import tasks
from auth_providers.cognito import Pool, PoolRefused, Refusal, configured_pool
from auth_providers.models import Device, EmailCode
from auth_providers.services.devices import revoke_device
from auth_providers.services.email_codes import (
    CodeWrong,
    ask_email_code,
    count_code_try,
    find_email_code,
    spend_email_code,
)
from auth_providers.services.first_proofs import end_claimed_access
from auth_providers.services.user_pool import bind_to_pool, refusal_of
from orgs.models import User
from orgs.services.audit import record_event
from orgs.services.passwords import take_password
from orgs.services.people import check_password, checked_email

RESET = EmailCode.Purpose.RESET_PASSWORD


def ask_password_reset(request: HttpRequest, *, email: str, now: datetime) -> None:
    """Mail a code to the address where it has an account; raises as ask_email_code does."""
    ask_email_code(request, RESET, email=email, now=now)


def reset_password(
    request: HttpRequest, *, email: str, code: str, password: str, now: datetime
) -> None:
    """Give the person of this address a new password, and sign them out everywhere.

    It may wait for the network, so call it in no transaction. Raises NotAnAddress, WeakPassword,
    CodeWrong, TooManyTries, CacheAway, PoolBusy or PoolAway.
    """
    # Before the code, and without the person, of whom a refusal would tell.
    check_password(password, User(email=checked_email(email)))
    if pool := configured_pool():
        _reset_at_pool(request, pool, email=email, code=code, password=password, now=now)
        return
    proved = find_email_code(request, RESET, email=email, code=code, now=now)
    person = _active_person(proved)
    check_password(password, person)
    note = take_password(person, password)
    with transaction.atomic():
        spend_email_code(proved, now=now)
        _note_proof(person, proved.email, now)
        note(person)
        _note_change(person, proved, now)


@transaction.atomic
def record_password_reset(user: User, *, now: datetime) -> None:
    """Sign the person out everywhere, since whoever knew the old password may be a thief."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    Grant.objects.filter(user=user).delete()
    for device in Device.objects.live(now).filter(user=user).select_related("app__organization"):
        revoke_device(device, by=user, now=now)
    record_event("user.reset_password", by=user, subject=user)


def _active_person(asked: EmailCode) -> User:
    person = asked.find_person()
    if person is None or not person.is_active:
        raise CodeWrong
    return person


def _reset_at_pool(
    request: HttpRequest, pool: Pool, *, email: str, code: str, password: str, now: datetime
) -> None:
    """Have the user pool take code and password, then note it here; raises as reset_password."""
    email = checked_email(email)
    count_code_try(request, RESET, email=email)
    asked = EmailCode.objects.unused().filter(purpose=RESET, email=email).first()
    if asked is None or not asked.try_once(now):
        raise CodeWrong
    person = _active_person(asked)
    try:
        pool.reset(email, code=code, password=password)
        subject = pool.find(email).subject
    except PoolRefused as refused:
        if refused.refusal in (Refusal.TOO_MANY, Refusal.AWAY, Refusal.PASSWORD_WEAK):
            raise refusal_of(refused) from None
        raise CodeWrong from None
    with transaction.atomic():
        _note_proof(person, asked.email, now)
        bind_to_pool(person, subject=subject)
        _note_change(person, asked, now)


def _note_change(person: User, proved: EmailCode, now: datetime) -> None:
    proved.delete()
    record_password_reset(person, now=now)
    tasks.send_password_was_reset.delay_on_commit(user_id=str(person.pk))


def _note_proof(person: User, email: str, now: datetime) -> None:
    """Take the address as proved: the code came by it. Before there is the new password."""
    address, _ = EmailAddress.objects.get_or_create(
        user=person, email=email, defaults={"primary": email == person.email}
    )
    if not address.verified:
        end_claimed_access(address, now=now)
        address.verified = True
        address.save(update_fields=["verified"])
