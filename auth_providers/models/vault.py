"""The wrapped data keys; plain ones live in memory alone."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models import Organization


class WrappedKey(models.Model):
    """A data key as its key-encryption key wrapped it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped_by = models.CharField(max_length=200, help_text="Id of the key-encryption key.")
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def scope(self) -> str:
        """For whom it was wrapped; it unwraps for nobody else."""
        raise NotImplementedError


class DataKey(WrappedKey):
    """A key under which an organization's secrets are sealed, wrapped by a key-encryption key.

    Deleting the rows of an organization makes all it ever sealed unreadable.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="data_keys"
    )
    number = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="data_key_once"),
        ]

    def __str__(self) -> str:
        return f"Data key {self.number} of {self.organization}"

    @property
    def scope(self) -> str:
        return str(self.organization_id)


class InstallationKey(WrappedKey):
    """A data key for what belongs to no organization: the seeds of people's authenticator apps.

    A table of its own, since a key whose organization is null would be numbered once on one
    database and often on another.
    """

    SCOPE = "installation"

    number = models.PositiveIntegerField(default=1, unique=True)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Data key {self.number} of the installation"

    @property
    def scope(self) -> str:
        return self.SCOPE
