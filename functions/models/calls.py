"""The call log: who called what, when, how long and how it ended. Never a value."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization, Solution, User


class CallRecord(models.Model):
    """One call; its id is the correlation id that the caller got."""

    class Status(models.TextChoices):
        OK = "OK", _("OK")
        SKIPPED = "SKIPPED", _("Skipped")
        ERROR = "ERROR", _("Error")
        NO_REPLY = "NO_REPLY", _("No reply")

    class Source(models.TextChoices):
        DEVICE = "DEVICE", _("Device")
        SCRIPT = "SCRIPT", _("Script")
        CONSOLE = "CONSOLE", _("Try it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="calls")
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="calls")
    # No constraint in the database: the log outlives people, and a worker's batch of rows must
    # not fail because one of them has just gone.
    user = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="calls", db_constraint=False
    )
    device_id = models.UUIDField(null=True)
    function_name = models.CharField(max_length=50)
    version = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    status = models.CharField(max_length=10, choices=Status.choices)
    error_name = models.CharField(max_length=40, blank=True)
    upstream_status = models.PositiveSmallIntegerField(null=True)
    pages = models.PositiveIntegerField(default=0)
    request_bytes = models.PositiveBigIntegerField(default=0)
    response_bytes = models.PositiveBigIntegerField(default=0)
    total_ms = models.PositiveIntegerField(default=0)
    queue_ms = models.PositiveIntegerField(default=0)
    upstream_ms = models.PositiveIntegerField(default=0)
    transform_ms = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    echoed_secret = models.BooleanField(
        default=False, help_text="The service sent back a secret that it was sent."
    )
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["organization", "-started_at"], name="calls_by_organization"),
            models.Index(
                fields=["solution", "function_name", "-started_at"], name="calls_by_function"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.function_name} {self.status}"
