"""Who was put out of an organization, so that nothing but a person lets them in again."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models.organizations import Organization
from orgs.models.users import User


class MemberRemoval(models.Model):
    """Somebody was removed by a person and has not been let in since; leaving is no removal."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="removals"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="removals")
    removed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    removed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-removed_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="member_removal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} out of {self.organization}"
