"""Celery's shells: they deliver, they never decide."""

from celery import shared_task
from celery.contrib.django.task import DjangoTask
from django.utils import timezone, translation

from auth_providers import mail
from auth_providers.models import EmailCode
from orgs.models import User

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
        person = asked.find_person()
        with translation.override(person.language if person else translation.get_language()):
            mail.mail_code(asked, person=person, now=now)


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
