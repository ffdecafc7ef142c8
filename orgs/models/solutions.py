"""Solutions and who may use them."""

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.organizations import Membership, Organization

SLUG = RegexValidator(
    r"^[a-z][a-z0-9-]{0,48}[a-z0-9]$",
    _("Use 2 to 50 lower-case letters, digits and hyphens; begin with a letter."),
)


class Solution(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="solutions"
    )
    name = models.CharField(max_length=50, validators=[SLUG])
    title = models.CharField(max_length=100)
    custom_settings = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(
        default=0, help_text="Number of the published version; 0 before the first."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="solution_name_once"),
        ]

    def __str__(self) -> str:
        return self.title

    def advance(self, *, to: int) -> bool:
        """Make a version the published one; false when somebody else published meanwhile."""
        moved = Solution.objects.filter(pk=self.pk, version=to - 1).update(version=to)
        if moved:
            self.version = to
        return bool(moved)


class SolutionMember(models.Model):
    """A person's role in a solution; it falls with the membership that carries it."""

    class Role(models.TextChoices):
        OWNER = "OWNER", _("Owner")
        ADMIN = "ADMIN", _("Admin")
        EDITOR = "EDITOR", _("Editor")
        USER = "USER", _("User")
        DENY = "DENY", _("Deny")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="members")
    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="solution_roles"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.USER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["solution", "membership"], name="solution_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.membership.user} in {self.solution}"
