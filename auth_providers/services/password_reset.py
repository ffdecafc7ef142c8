"""Choosing a new password with a code, when the old one is lost."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest
from oauth2_provider.models import Grant

from auth_providers import tasks
from auth_providers.models import Device, EmailCode
from auth_providers.services.devices import revoke_device
from auth_providers.services.email_codes import CodeWrong, ask_email_code, spend_email_code
from auth_providers.services.identities import unlink_claimed
from orgs.models import User
from orgs.services.audit import record_event
from orgs.services.people import check_password, checked_email

RESET = EmailCode.Purpose.RESET_PASSWORD


def ask_password_reset(request: HttpRequest, *, email: str, now: datetime) -> None:
    """Mail a code to the address where it has an account; raises as ask_email_code does."""
    ask_email_code(request, RESET, email=email, now=now)


def reset_password(
    request: HttpRequest, *, email: str, code: str, password: str, now: datetime
) -> None:
    """Give the person of this address a new password, and sign them out everywhere.

    Raises NotAnAddress, WeakPassword, CodeWrong, TooManyTries or CacheAway.
    """
    # Before the code, and without the person, of whom a refusal would tell.
    check_password(password, User(email=checked_email(email)))
    spend_email_code(
        request,
        RESET,
        email=email,
        code=code,
        now=now,
        act=lambda proved: _change_password(proved, password, now),
    )


@transaction.atomic
def record_password_reset(user: User, *, now: datetime) -> None:
    """Sign the person out everywhere, since whoever knew the old password may be a thief."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    Grant.objects.filter(user=user).delete()
    for device in Device.objects.live(now).filter(user=user).select_related("app__organization"):
        revoke_device(device, by=user, now=now)
    record_event("user.reset_password", by=user, subject=user)


def _change_password(proved: EmailCode, password: str, now: datetime) -> None:
    person = proved.find_person()
    if person is None or not person.is_active:
        raise CodeWrong
    check_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password"])
    _note_proof(person, proved.email)
    proved.delete()
    record_password_reset(person, now=now)
    tasks.send_password_was_reset.delay_on_commit(user_id=str(person.pk))


def _note_proof(person: User, email: str) -> None:
    """Take the address as proved: the code came by it."""
    address, _ = EmailAddress.objects.get_or_create(
        user=person, email=email, defaults={"primary": email == person.email}
    )
    if not address.verified:
        unlink_claimed(address)
        address.verified = True
        address.save(update_fields=["verified"])
