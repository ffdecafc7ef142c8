"""What is remembered of a request that must not happen twice: digests and the state, no values."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.users import User


class IdempotentRequestQuerySet(models.QuerySet["IdempotentRequest"]):
    def expired(self, now: datetime) -> Self:
        return self.filter(expires_at__lte=now)


class IdempotentRequest(models.Model):
    """One use of an `Idempotency-Key`; the unique constraint decides who was first."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", _("Running")
        ENDED = "ENDED", _("Ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    caller = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=200, help_text="The act and what it acts on.")
    key_digest = models.CharField(max_length=64, help_text="Keyed digest, in hexadecimal.")
    body_digest = models.CharField(max_length=64, help_text="Keyed digest, in hexadecimal.")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    outcome_status = models.CharField(max_length=20, blank=True, default="")
    subject_id = models.CharField(max_length=100, blank=True, default="")
    correlation_id = models.UUIDField(default=uuid.uuid4)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    objects = IdempotentRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "scope", "key_digest"], name="idempotent_request_once"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="idempotent_request_expiry")]

    def __str__(self) -> str:
        return f"{self.scope} of {self.created_at:%Y-%m-%d %H:%M}"

    def end(self, *, status: str, subject_id: str = "") -> bool:
        """Record that it ended; false when it had ended already."""
        running = IdempotentRequest.objects.filter(pk=self.pk, state=self.State.RUNNING)
        ended = running.update(state=self.State.ENDED, outcome_status=status, subject_id=subject_id)
        return bool(ended)
