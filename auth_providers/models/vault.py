"""The wrapped data keys; plain ones live in memory alone."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models import Organization


class DataKey(models.Model):
    """A key under which an organization's secrets are sealed, wrapped by a key-encryption key.

    Deleting the rows of an organization makes all it ever sealed unreadable.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="data_keys"
    )
    number = models.PositiveIntegerField(default=1)
    wrapped_by = models.CharField(max_length=200, help_text="Id of the key-encryption key.")
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="data_key_once"),
        ]

    def __str__(self) -> str:
        return f"Data key {self.number} of {self.organization}"
