"""Invitations, and how they look."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from orgs.models.groups import SolutionGroup
from orgs.models.organizations import Membership, Organization, names_hold
from orgs.models.solutions import Solution, SolutionMember
from orgs.models.users import User

INVITE_LIFETIME = timedelta(days=14)
BEGUN_WITHIN = timedelta(minutes=10)


def link_digest(token: str) -> str:
    """Return the keyed digest under which a link's secret is known."""
    return salted_hmac("orgs.invite", token, algorithm="sha256").hexdigest()


class InviteQuerySet(models.QuerySet["Invite"]):
    def open(self) -> Self:
        """Neither accepted nor ended, whether its time has passed or not."""
        return self.filter(state__in=Invite.OPEN)

    def acceptable(self, now: datetime) -> Self:
        return self.open().filter(expires_at__gt=now)

    def past_due(self, now: datetime) -> Self:
        """Open ones whose time has passed, which nobody has marked as expired yet."""
        return self.open().filter(expires_at__lte=now)

    def unsent(self, now: datetime) -> Self:
        """Acceptable ones whose newest mail has not gone out."""
        return self.acceptable(now).filter(sent_at__isnull=True)

    def forgotten(self, now: datetime) -> Self:
        """Unsent ones that no worker has begun with in time: the broker never got the task."""
        due_before = now - BEGUN_WITHIN
        return self.unsent(now).filter(
            token_digest="", expires_at__lte=due_before + INVITE_LIFETIME
        )

    def as_of(self, now: datetime) -> Self:
        """Note on each, as `state_now`, its state; what is past due has expired, marked or not."""
        is_over = Q(state__in=Invite.OPEN, expires_at__lte=now)
        expired = When(is_over, then=Value(Invite.State.EXPIRED.value))
        return self.annotate(state_now=Case(expired, default=F("state")))

    def in_state(self, state: str, now: datetime) -> Self:
        """Those whose state is this by now, as `as_of` tells it."""
        if state == Invite.State.EXPIRED:
            return self.filter(Q(state=state) | Q(state__in=Invite.OPEN, expires_at__lte=now))
        current = self.exclude(state__in=Invite.OPEN, expires_at__lte=now)
        return current.filter(state=state)

    def matching(self, text: str) -> Self:
        """Those whose name and address hold every word of this."""
        return self.filter(names_hold(text))


class Invite(models.Model):
    """An invitation of one address to one organization.

    The link's secret is made when the mail is sent, and only its digest is kept: neither a task's
    arguments nor a row tell it.
    """

    class State(models.TextChoices):
        SENT = "SENT", _("Sent")
        BOUNCED = "BOUNCED", _("Bounced")
        ACCEPTED = "ACCEPTED", _("Accepted")
        EXPIRED = "EXPIRED", _("Expired")
        REVOKED = "REVOKED", _("Revoked")

    OPEN = (State.SENT, State.BOUNCED)
    SENDABLE_AGAIN = (*OPEN, State.EXPIRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invites")
    email = models.EmailField()
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    role = models.CharField(
        max_length=10, choices=Membership.Role.choices, default=Membership.Role.USER
    )
    language = models.CharField(max_length=10, default="en", help_text="ISO 639-1.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENT)
    token_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        editable=False,
        db_index=True,
        help_text="Of the newest link; empty until the mail goes out.",
    )
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    groups = models.ManyToManyField(SolutionGroup, related_name="+", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When the newest mail went out."
    )
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = InviteQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(state__in=["SENT", "BOUNCED"]),
                name="invite_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "email"], name="invite_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def new_link(self, now: datetime) -> str | None:
        """Return the secret of a link in place of any older one; None when no mail is due."""
        token = secrets.token_urlsafe(32)
        digest = link_digest(token)
        claimed = Invite.objects.unsent(now).filter(pk=self.pk).update(token_digest=digest)
        self.token_digest = digest
        return token if claimed else None

    def note_delivery(self, *, is_taken: bool, now: datetime) -> bool:
        """Record whether the mail server took the newest mail; false when another is due by now."""
        same_mail = Invite.objects.open().filter(pk=self.pk, token_digest=self.token_digest)
        self.state = self.State.SENT if is_taken else self.State.BOUNCED
        return bool(same_mail.update(state=self.state, sent_at=now))

    def revoke(self, now: datetime) -> bool:
        """End it; false when it had ended already."""
        opened = Invite.objects.open().filter(pk=self.pk)
        self.state, self.ended_at = self.State.REVOKED, now
        return bool(opened.update(state=self.state, ended_at=now))

    def accept(self, user: User, now: datetime) -> bool:
        """Spend it by the newest link; false when it ended, or a newer link went out."""
        mine = Invite.objects.acceptable(now).filter(pk=self.pk, token_digest=self.token_digest)
        self.state, self.accepted_by, self.ended_at = self.State.ACCEPTED, user, now
        return bool(mine.update(state=self.state, accepted_by=user, ended_at=now))

    def reopen(self, *, language: str, by: User, now: datetime) -> bool:
        """Make a new mail due and every older link dead; false when it cannot be sent again.

        From now on it is by whoever sends it again.
        """
        again = Invite.objects.filter(pk=self.pk, state__in=self.SENDABLE_AGAIN)
        self.invited_by = by
        self.state, self.language, self.token_digest = self.State.SENT, language, ""
        self.sent_at, self.ended_at, self.expires_at = None, None, now + INVITE_LIFETIME
        return bool(
            again.update(
                state=self.state,
                language=language,
                invited_by=by,
                token_digest="",
                sent_at=None,
                ended_at=None,
                expires_at=self.expires_at,
            )
        )


class InviteSolution(models.Model):
    """A role in a solution that comes with the invitation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    invite = models.ForeignKey(Invite, on_delete=models.CASCADE, related_name="solutions")
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(
        max_length=10, choices=SolutionMember.Role.choices, default=SolutionMember.Role.USER
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invite", "solution"], name="invite_solution_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.solution}"


class InviteTemplate(models.Model):
    """How an organization's invitation reads in one language; blank parts are the built-in ones."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invite_templates"
    )
    language = models.CharField(max_length=2, help_text="ISO 639-1.")
    subject = models.CharField(max_length=200, blank=True)
    parameters = models.JSONField(
        default=dict, blank=True, help_text="Colours, texts and links, by name."
    )
    html = models.TextField(blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "language"], name="invite_template_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation in {self.language}"
