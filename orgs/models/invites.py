"""Invitations, and how they look."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from orgs.models.groups import SolutionGroup
from orgs.models.organizations import Membership, Organization
from orgs.models.solutions import Solution, SolutionMember
from orgs.models.users import User

INVITE_LIFETIME = timedelta(days=14)


class InviteQuerySet(models.QuerySet["Invite"]):
    def open(self) -> Self:
        """Neither accepted nor ended, whether its time has passed or not."""
        return self.filter(state__in=Invite.OPEN)

    def acceptable(self, now: datetime) -> Self:
        return self.open().filter(expires_at__gt=now)


class Invite(models.Model):
    """An invitation of one address to one organization.

    The link's secret is made when the mail is sent, and only its digest is kept: neither a task's
    arguments nor a row tell it.
    """

    class State(models.TextChoices):
        SENT = "SENT", "Sent"
        BOUNCED = "BOUNCED", "Bounced"
        ACCEPTED = "ACCEPTED", "Accepted"
        EXPIRED = "EXPIRED", "Expired"
        REVOKED = "REVOKED", "Revoked"

    OPEN = (State.SENT, State.BOUNCED)

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
