"""Groups of a solution's members, which its pages and rules can name."""

import uuid

from django.db import models
from django.utils import timezone

from orgs.models.solutions import Solution, SolutionMember


class SolutionGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["solution", "name"], name="solution_group_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A solution's member in one of its groups; it falls with either."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(SolutionGroup, on_delete=models.CASCADE, related_name="members")
    member = models.ForeignKey(SolutionMember, on_delete=models.CASCADE, related_name="groups")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="group_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.group}"
