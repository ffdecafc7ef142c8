"""The record of every act; rows are added and never changed."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models.organizations import Organization
from orgs.models.users import User


class AuditEvent(models.Model):
    """Who did what to whom, with what changed; never a secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="audit_events"
    )
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=254)
    act = models.CharField(max_length=60, help_text="What was done, as noun.verb.")
    subject_id = models.CharField(max_length=100)
    subject_label = models.CharField(max_length=254)
    changes = models.JSONField(default=dict, help_text="Field to [before, after].")
    address = models.GenericIPAddressField(null=True)
    correlation_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["organization", "-created_at"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.act} {self.subject_label}"
