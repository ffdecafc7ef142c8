"""Pictures of people and logos of organizations, small and of one format."""

import uuid

from django.db import models
from django.utils import timezone


class Picture(models.Model):
    """A square PNG that we made ourselves from what somebody uploaded.

    In the database, since the web runs on several hosts that share no folder.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    content = models.BinaryField(help_text="PNG.")
    is_public = models.BooleanField(
        default=False, help_text="A logo, which mail programs fetch without signing in."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"Picture of {self.created_at:%Y-%m-%d}"
