"""Requests to join, by people with an account or with a proven outside identity."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.organizations import Membership, Organization, names_hold
from orgs.models.users import User


class JoinRequestQuerySet(models.QuerySet["JoinRequest"]):
    def pending(self) -> Self:
        return self.filter(status=JoinRequest.Status.PENDING)

    def decided(self) -> Self:
        return self.exclude(status=JoinRequest.Status.PENDING)

    def matching(self, text: str) -> Self:
        """Those whose name and address hold every word of this."""
        return self.filter(names_hold(text))


class JoinRequest(models.Model):
    """Somebody asks to be let into an organization.

    `user` is None for somebody without an account; `issuer` and `subject` then tell who proved
    what about them (OpenID Connect Core 2: `iss`, `sub`).
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Pending")
        APPROVED = "APPROVED", _("Approved")
        DENIED = "DENIED", _("Denied")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    class Source(models.TextChoices):
        REGISTRATION = "REGISTRATION", _("Registration")
        APP = "APP", _("Mobile app")
        SINGLE_SIGN_ON = "SINGLE_SIGN_ON", _("Single sign-on")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="join_requests"
    )
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="join_requests"
    )
    email = models.EmailField()
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    issuer = models.CharField(max_length=500, blank=True, default="")
    subject = models.CharField(max_length=255, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    device = models.CharField(
        max_length=200, blank=True, default="", help_text="As it calls itself."
    )
    source = models.CharField(max_length=14, choices=Source.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(
        max_length=500, blank=True, default="", help_text="Why it was denied; the person reads it."
    )
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    membership = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="What the approval made, while it can be undone.",
    )
    made_account = models.BooleanField(default=False, help_text="The approval made the account.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(status="PENDING"),
                name="join_request_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "status", "-created_at"], name="join_request_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"

    @property
    def display_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def provider(self) -> str:
        """The issuer as it calls itself, without what tells whose word it is."""
        return self.issuer.partition("#")[0]

    def decide(self, status: Status, *, by: User | None, now: datetime, reason: str = "") -> bool:
        """Record the decision; false when somebody else decided first."""
        decision = {"status": status, "decided_by": by, "decided_at": now, "reason": reason}
        if not JoinRequest.objects.pending().filter(pk=self.pk).update(**decision):
            return False
        for field, value in decision.items():
            setattr(self, field, value)
        return True

    def reopen(self) -> None:
        """Put it back as it was before it was decided, without what an approval made."""
        self.status, self.reason, self.membership = self.Status.PENDING, "", None
        self.decided_by = self.decided_at = None
        self.save(update_fields=["status", "reason", "membership", "decided_by", "decided_at"])


class AccessOffer(models.Model):
    """What a request token stands for: somebody proved who they are, and may ask to be let in.

    The token is good for one request; afterwards it shows where that request stands.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField()
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    issuer = models.CharField(max_length=500, blank=True, default="")
    subject = models.CharField(max_length=255, blank=True, default="")
    device = models.CharField(max_length=200, blank=True, default="")
    join_request = models.OneToOneField(
        JoinRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="offer"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(help_text="Until then it may be used.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Offer to {self.email}"
