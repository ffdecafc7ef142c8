"""Ways to a provider and back, each good for one return."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models.apps import App
from auth_providers.models.oauth_configurations import OAuthConfiguration
from orgs.models import Solution, User


class SignInTransactionQuerySet(models.QuerySet["SignInTransaction"]):
    def open(self, now: datetime) -> Self:
        return self.filter(completed_at__isnull=True, expires_at__gt=now)


class SignInTransaction(models.Model):
    """One authorization request (RFC 6749 4.1.1) and what its answer must fit.

    State, nonce and verifier are known to whoever began; here are digests of them.
    """

    class Purpose(models.TextChoices):
        DEVICE = "DEVICE", _("Sign in on a device")
        CONSOLE = "CONSOLE", _("Sign in to the console")
        TEST = "TEST", _("Test sign-in")
        LINK = "LINK", _("Link an identity to one's own account")
        CONSENT = "CONSENT", _("Consent for an outside service")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=7, choices=Purpose.choices)
    configuration = models.ForeignKey(
        OAuthConfiguration, on_delete=models.CASCADE, related_name="transactions"
    )
    revision = models.PositiveIntegerField(
        help_text="Of the configuration; a change meanwhile ends the transaction."
    )
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Who was signed in when it began.",
    )
    solution = models.ForeignKey(
        Solution, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    credential_key = models.CharField(max_length=100, blank=True, default="")
    email = models.EmailField(blank=True, default="", help_text="That it began with, if any.")
    redirect_uri = models.CharField(max_length=500)
    state_digest = models.CharField(max_length=64, editable=False)
    nonce_digest = models.CharField(max_length=64, editable=False)
    code_challenge = models.CharField(max_length=43, help_text="S256 (RFC 7636 4.2).")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = SignInTransactionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} by {self.configuration}"

    def complete(self, now: datetime) -> bool:
        """Spend it; false when it was spent before or is too old."""
        self.completed_at = now
        return bool(SignInTransaction.objects.open(now).filter(pk=self.pk).update(completed_at=now))
