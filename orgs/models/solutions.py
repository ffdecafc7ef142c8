"""Solutions and who may use them."""

import uuid
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from orgs.models.organizations import Membership, Organization
from orgs.models.users import User

SLUG = RegexValidator(
    r"^[a-z][a-z0-9-]{0,48}[a-z0-9]$",
    "Use 2 to 50 lower-case letters, digits and hyphens; begin with a letter.",
)


class SolutionQuerySet(models.QuerySet["Solution"]):
    def runnable_by(self, user: User) -> Self:
        """Solutions that this person may run on a device."""
        return self.filter(
            pk__in=_grants(user).filter(role__in=SolutionMember.RUNNING).values("solution")
        )

    def visible_on_device_to(self, user: User) -> Self:
        """Solutions in which this person has any role but `deny`."""
        return self.filter(
            pk__in=_grants(user).exclude(role=SolutionMember.Role.DENY).values("solution")
        )

    def visible_in_console_to(self, user: User) -> Self:
        """All of those an owner or admin has, and a creator's own."""
        mine = Membership.objects.active().filter(user=user)
        own = _grants(user).filter(
            membership__role=Membership.Role.CREATOR, role__in=SolutionMember.BUILDING
        )
        governed = mine.filter(role__in=[Membership.Role.OWNER, Membership.Role.ADMIN])
        return self.filter(
            Q(organization__in=governed.values("organization")) | Q(pk__in=own.values("solution"))
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

    objects = SolutionQuerySet.as_manager()

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
        OWNER = "OWNER", "Owner"
        ADMIN = "ADMIN", "Admin"
        EDITOR = "EDITOR", "Editor"
        USER = "USER", "User"
        DENY = "DENY", "Deny"

    RUNNING = [Role.OWNER, Role.USER]
    BUILDING = [Role.OWNER, Role.ADMIN, Role.EDITOR]

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


def _grants(user: User) -> models.QuerySet[SolutionMember]:
    return SolutionMember.objects.filter(
        membership__user=user, membership__is_active=True, membership__user__is_active=True
    )
