"""Organizations and the people in them."""

import uuid
from typing import Self

from django.db import models
from django.utils import timezone

from orgs.models.users import User


class Organization(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    allows_scripts = models.BooleanField(
        default=False, help_text="Personal access tokens may run functions."
    )
    allowed_networks = models.JSONField(
        default=list,
        blank=True,
        help_text="Private networks that its functions may reach. Set by operators.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(is_active=True, user__is_active=True)

    def owners(self) -> Self:
        return self.filter(role=Membership.Role.OWNER)


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "OWNER", "Owner"
        ADMIN = "ADMIN", "Admin"
        CREATOR = "CREATOR", "Creator"
        USER = "USER", "User"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.USER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    def reactivate(self) -> bool:
        """Let the person back in; false when they were in already."""
        inactive = Membership.objects.filter(pk=self.pk, is_active=False)
        self.is_active = True
        return bool(inactive.update(is_active=True))
