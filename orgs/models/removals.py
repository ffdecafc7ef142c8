"""How memberships ended: who was put out is let in again by a person, and by nothing else."""

import uuid
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from orgs.models.organizations import Organization
from orgs.models.users import User


class MemberRemovalQuerySet(models.QuerySet["MemberRemoval"]):
    def by_others(self) -> Self:
        """Without those who have left by themselves."""
        # Whoever removed somebody may have no account any more; who has left goes with theirs.
        return self.filter(Q(removed_by=None) | ~Q(removed_by=F("user")))


class MemberRemoval(models.Model):
    """The newest end of somebody's membership, by whom and when; it stays when they come again.

    Whoever has removed themself has left.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="removals"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="removals")
    removed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    removed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MemberRemovalQuerySet.as_manager()

    class Meta:
        ordering = ["-removed_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="member_removal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} out of {self.organization}"
