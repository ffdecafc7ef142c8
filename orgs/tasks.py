"""Celery's shells: they deliver, they never decide."""

from datetime import datetime

from celery import shared_task
from celery.contrib.django.task import DjangoTask
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation

from orgs.mail import deliver
from orgs.mail.domains import proof_lost_letter
from orgs.mail.invitations import deliver_rendered, render_invitation
from orgs.mail.join_requests import decision_letter, new_request_letter
from orgs.mail.refusals import is_refused_for_good
from orgs.models import Domain, Invite, JoinRequest, User


@shared_task(ignore_result=True)
def run_command(*, name: str) -> None:
    """Run a command that the clock starts; only those meant for it."""
    if name not in settings.CLOCKED_COMMANDS:
        raise ValueError("Not a command for the clock.")
    call_command(name)


@shared_task(
    base=DjangoTask, ignore_result=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=5
)
def send_join_request(*, join_request_id: str) -> None:
    """Tell the organization's own address of a request, unless it ended meanwhile."""
    waiting = JoinRequest.objects.pending().select_related("organization")
    join_request = waiting.filter(pk=join_request_id).first()
    if join_request and join_request.organization.request_email:
        deliver(new_request_letter(join_request), to=join_request.organization.request_email)


@shared_task(
    base=DjangoTask, ignore_result=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=5
)
def send_join_decision(*, join_request_id: str, decided_at: str) -> None:
    """Tell the person how it was decided, unless that was undone meanwhile."""
    standing = JoinRequest.objects.decided().select_related("organization", "membership", "user")
    join_request = standing.filter(
        pk=join_request_id, decided_at=datetime.fromisoformat(decided_at)
    ).first()
    if join_request:
        language = join_request.user.language if join_request.user else settings.LANGUAGE_CODE
        with translation.override(language):
            deliver(decision_letter(join_request), to=join_request.email)


@shared_task(base=DjangoTask, bind=True, acks_late=True, ignore_result=True, max_retries=5)
def send_invite(self: "DjangoTask[..., None]", *, invite_id: str) -> None:
    """Send the mail that is due, with a link that is made here and known to nobody else.

    A mail that no server takes, at once or after an hour of attempts, is noted as bounced.
    """
    invites = Invite.objects.select_related("organization", "invited_by")
    invite = invites.filter(pk=invite_id).first()
    token = invite.new_link(timezone.now()) if invite else None
    if invite is None or token is None:  # redelivered, or the invitation ended meanwhile
        return
    link = f"{settings.PUBLIC_URL}{reverse('invitation-link', args=[token])}"
    rendered = render_invitation(invite, link=link)
    try:
        deliver_rendered(rendered, to=invite.email)
    except (OSError, ValueError) as error:  # the network's, the mail server's, the mail library's
        is_final = is_refused_for_good(error) or self.request.retries >= int(self.max_retries or 0)
        if not is_final:
            raise self.retry(countdown=30 * 3**self.request.retries) from error
        call_command("note_bounce", invite_id, invite.token_digest)
    else:
        invite.note_delivery(is_taken=True, now=timezone.now())


@shared_task(
    base=DjangoTask, ignore_result=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=5
)
def send_proof_lost(*, domain_id: str, user_id: str) -> None:
    """Tell an owner that a domain is proved no more, unless it was removed or proved since."""
    unproved = Domain.objects.filter(pk=domain_id, proved_at__isnull=True)
    domain = unproved.select_related("organization").first()
    owner = User.objects.filter(pk=user_id, is_active=True).first()
    if domain and owner:
        with translation.override(owner.language):
            deliver(proof_lost_letter(domain), to=owner.email)
