"""How an organization's people sign in through its own providers."""

import uuid

from django.db import models
from django.utils import timezone

from auth_providers.models.oauth_configurations import OAuthConfiguration
from orgs.models import Membership, Organization, Solution, SolutionGroup, User


class SingleSignOn(models.Model):
    """An organization's settings of single sign-on; without a row it has none."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="single_sign_on"
    )
    is_enabled = models.BooleanField(default=False)
    is_required = models.BooleanField(
        default=False, help_text="Members sign in by it alone, save those for emergencies."
    )
    configurations = models.ManyToManyField(OAuthConfiguration, related_name="+", blank=True)
    break_glass = models.ManyToManyField(
        Membership, related_name="+", blank=True, help_text="Owners whose password still works."
    )
    creates_members = models.BooleanField(
        default=False, help_text="Whoever the provider knows becomes a member with role user."
    )
    creates_as = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The owner or admin in whose name members are made.",
    )
    solutions = models.ManyToManyField(Solution, related_name="+", blank=True)
    groups = models.ManyToManyField(SolutionGroup, related_name="+", blank=True)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Single sign-on of {self.organization}"


class TestSignIn(models.Model):
    """The newest sign-in with which somebody tried a configuration, and what came of it."""

    __test__ = False  # for pytest, which would take it for a class of tests

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    configuration = models.ForeignKey(
        OAuthConfiguration, on_delete=models.CASCADE, related_name="tests"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField(help_text="Of the configuration that was tried.")
    refusal = models.CharField(
        max_length=50, blank=True, default="", help_text="The code; blank when it succeeded."
    )
    claims = models.JSONField(default=dict, help_text="Those of the tester's own that are shown.")
    tested_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-tested_at"]
        constraints = [
            models.UniqueConstraint(fields=["configuration", "user"], name="test_sign_in_once"),
        ]

    def __str__(self) -> str:
        return f"Test of {self.configuration}"
