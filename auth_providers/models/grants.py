"""People's consents for outside services, and the sealed tokens that came of them."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models.oauth_configurations import OAuthConfiguration
from auth_providers.models.vault import DataKey
from orgs.models import Solution, User

REFRESH_LEASE = timedelta(seconds=30)


class OutsideGrant(models.Model):
    """What one person has let one credential of a solution do at a provider.

    Both tokens are sealed; the pair changes as one, counted by `version`.
    """

    class State(models.TextChoices):
        CONNECTED = "CONNECTED", _("Connected")
        BROKEN = "BROKEN", _("To be connected again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outside_grants")
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="outside_grants")
    credential_key = models.CharField(max_length=100)
    configuration = models.ForeignKey(
        OAuthConfiguration, on_delete=models.CASCADE, related_name="grants"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.CONNECTED)
    data_key = models.ForeignKey(DataKey, on_delete=models.RESTRICT, related_name="+")
    sealed_access_token = models.BinaryField()
    sealed_refresh_token = models.BinaryField(null=True)
    scopes = models.CharField(max_length=1000, blank=True, default="")
    expires_at = models.DateTimeField(null=True, help_text="Of the access token, if it was said.")
    version = models.PositiveIntegerField(default=1)
    refreshing_until = models.DateTimeField(
        null=True, help_text="A lease: one at a time asks the provider."
    )
    connected_at = models.DateTimeField(default=timezone.now)
    refreshed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-connected_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "solution", "credential_key"], name="outside_grant_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.configuration}"

    def __repr__(self) -> str:
        return f"<OutsideGrant {self.pk}>"

    def take_lease(self, now: datetime) -> bool:
        """Become the one that refreshes; false while somebody else does, or has done so."""
        free = Q(refreshing_until__isnull=True) | Q(refreshing_until__lte=now)
        mine = OutsideGrant.objects.filter(free, pk=self.pk, version=self.version)
        return bool(mine.update(refreshing_until=now + REFRESH_LEASE))
