"""Who an outside provider says that a person is."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models import User


class LinkedIdentity(models.Model):
    """An outside identity of a person, keyed by issuer and subject (OpenID Connect Core 5.7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="linked_identity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.provider}"

    @property
    def provider(self) -> str:
        """The issuer as it calls itself, without what tells whose word it is."""
        return self.issuer.partition("#")[0]
