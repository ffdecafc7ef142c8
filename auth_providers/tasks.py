"""Celery's shells: they deliver, they never decide."""

import secrets
from datetime import datetime

from celery import shared_task
from celery.contrib.django.task import DjangoTask
from django.utils import timezone, translation

from auth_providers import mail
from auth_providers.cognito import Pool, PoolRefused, Refusal, configured_pool
from auth_providers.models import EmailCode
from orgs.models import Membership, User

MOST_RETRIES = 3


# A mail server's refusals are OSErrors, and so is its absence. Each attempt makes a new code: the
# one before it may have arrived and no longer counts.
@shared_task(
    base=DjangoTask,
    acks_late=True,
    ignore_result=True,
    autoretry_for=(OSError,),
    max_retries=MOST_RETRIES,
    retry_backoff=True,
)
def send_email_code(*, code_id: str) -> None:
    now = timezone.now()
    asked = EmailCode.objects.waiting(now).filter(pk=code_id).first()
    if asked:  # else a newer one was asked for, or its time has passed
        person, pool = asked.find_person(), configured_pool()
        with translation.override(person.language if person else translation.get_language()):
            if pool and mail.may_have_code(asked, person):
                _let_pool_mail(pool, asked, now)
            else:
                mail.mail_code(asked, person=person, now=now)


def _let_pool_mail(pool: Pool, asked: EmailCode, now: datetime) -> None:
    """Have the user pool make and mail the code, of which nobody here knows."""
    if not asked.set_code(secrets.token_hex(), now):
        return
    try:
        if asked.purpose == EmailCode.Purpose.RESET_PASSWORD:
            pool.send_reset_code(asked.email)
        else:
            pool.sign_up_or_send_again(
                asked.email, first_name=asked.first_name, last_name=asked.last_name
            )
    except PoolRefused as refused:
        if refused.refusal in (Refusal.AWAY, Refusal.TOO_MANY):
            raise ConnectionError("The user pool did not take it.") from None


@shared_task(
    base=DjangoTask,
    ignore_result=True,
    autoretry_for=(OSError,),
    max_retries=MOST_RETRIES,
    retry_backoff=True,
)
def send_password_was_reset(*, user_id: str) -> None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user:
        with translation.override(user.language):
            mail.mail_password_was_reset(user)


@shared_task(
    base=DjangoTask,
    ignore_result=True,
    autoretry_for=(OSError,),
    max_retries=MOST_RETRIES,
    retry_backoff=True,
)
def send_account_notice(*, user_id: str, act: str, to: str) -> None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user:
        with translation.override(user.language):
            mail.mail_account_notice(act, to=to)


@shared_task(
    base=DjangoTask,
    ignore_result=True,
    autoretry_for=(OSError,),
    max_retries=MOST_RETRIES,
    retry_backoff=True,
)
def send_break_glass_notice(*, membership_id: str, user_id: str) -> None:
    owners = Membership.objects.active().owners().select_related("organization", "user")
    owner = owners.filter(pk=membership_id).first()
    person = User.objects.filter(pk=user_id).first()
    if owner and person:
        with translation.override(owner.user.language):
            mail.mail_break_glass(person, organization=owner.organization, to=owner.user.email)
