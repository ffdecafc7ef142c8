"""People's consents for outside services, and the sealed tokens that came of them."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models.oauth_configurations import OAuthConfiguration
from auth_providers.models.vault import DataKey
from orgs.models import Membership, Solution, User

REFRESH_LEASE = timedelta(seconds=30)


class OutsideGrantQuerySet(models.QuerySet["OutsideGrant"]):
    def standing(self) -> Self:
        """Of active people who have been active members ever since they gave their consent.

        Who was let go and comes back gives it anew, as they sign in anew on their devices.
        """
        membership = Membership.objects.active().filter(
            organization=OuterRef("solution__organization"),
            user=OuterRef("user"),
            active_since__lte=OuterRef("connected_at"),
        )
        return self.filter(Exists(membership), user__is_active=True)

    def shown(self) -> Self:
        """With what a list shows of them, and without the tokens.

        Who can't renew it reconnects at its end, also before a call has found out.
        """
        named = self.select_related("configuration", "solution__organization", "user")
        is_over = Q(sealed_refresh_token__isnull=True, expires_at__lte=Now())
        broken = Q(state=OutsideGrant.State.BROKEN) | is_over
        bare = named.defer("sealed_access_token", "sealed_refresh_token")
        return bare.annotate(needs_reconnect=broken)


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

    needs_reconnect: bool  # only where `shown` has asked for it

    objects = OutsideGrantQuerySet.as_manager()

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

    @property
    def fingerprint(self) -> str:
        """Which pair of tokens this is, without saying anything of them."""
        return f"{self.pk}.{self.version}"

    def take_lease(self, now: datetime) -> bool:
        """Become the one that refreshes; false while somebody else does, or has done so."""
        free = Q(refreshing_until__isnull=True) | Q(refreshing_until__lte=now)
        connected = OutsideGrant.objects.filter(state=self.State.CONNECTED)
        taken = connected.filter(free, pk=self.pk, version=self.version).update(
            refreshing_until=now + REFRESH_LEASE
        )
        self.refreshing_until = now + REFRESH_LEASE if taken else self.refreshing_until
        return bool(taken)

    def free_lease(self) -> None:
        """Let the next one ask the provider, unless the lease ran out and is somebody else's."""
        held = {"version": self.version, "refreshing_until": self.refreshing_until}
        OutsideGrant.objects.filter(pk=self.pk, **held).update(refreshing_until=None)

    def mark_broken(self) -> bool:
        """Let nothing come of this pair any more; false when there is another by now."""
        connected = OutsideGrant.objects.filter(state=self.State.CONNECTED)
        same = connected.filter(pk=self.pk, version=self.version)
        return bool(same.update(state=self.State.BROKEN, refreshing_until=None))
