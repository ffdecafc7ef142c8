"""The devices on which people are signed in."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.models.apps import App
from auth_providers.models.oauth_configurations import OAuthConfiguration
from orgs.models import Membership, User

SEEN_EVERY = timedelta(minutes=1)
PLATFORMS = {"ios": "iOS", "ipados": "iPadOS", "android": "Android", "macos": "macOS"}


def describe_device(said: Mapping[str, str]) -> str:
    """Say which device it is that says this of itself, as in “iPhone 15 · iOS 19”."""
    written = said.get("platform", "")
    platform = PLATFORMS.get(written.lower(), written)
    system = f"{platform} {said.get('os_version', '')}".strip()
    parts = (said.get("model") or said.get("name"), system)
    return " · ".join(part for part in parts if part)


class DeviceQuerySet(models.QuerySet["Device"]):
    def live(self, now: datetime) -> Self:
        """Neither revoked nor past the absolute lifetime."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    def usable(self, now: datetime) -> Self:
        """Live, of an active person who still may use the app.

        The app of an organization takes a membership that is active, and was when the device was
        opened: who was let go and comes back signs in anew. The installation's own takes none.
        """
        membership = Membership.objects.active().filter(
            organization=OuterRef("app__organization"),
            user=OuterRef("user"),
            active_since__lte=OuterRef("created_at"),
        )
        return self.live(now).filter(
            Q(app__organization__isnull=True) | Exists(membership), user__is_active=True
        )


class Device(models.Model):
    """One installation of an app where one person is signed in; every token belongs to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="devices")
    configuration = models.ForeignKey(
        OAuthConfiguration,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="By which single sign-on it was opened; none for a password.",
    )
    name = models.CharField(max_length=100, blank=True)
    platform = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=100, blank=True)
    os_version = models.CharField(max_length=50, blank=True)
    app_version = models.CharField(max_length=50, blank=True)
    token_family = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="Of all its refresh tokens."
    )
    code_checksum = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_index=True,
        editable=False,
        help_text="Of the authorization code that opened it; nothing where none did.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)
    tokens_used_at = models.DateTimeField(
        null=True, help_text="First use of its newest access token."
    )
    expires_at = models.DateTimeField(help_text="Absolute: refreshing does not move it.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return self.name or self.model or self.platform or _("Unnamed device")

    def touch(self, now: datetime) -> bool:
        """Note the use, at most once a minute, and always the first of a new pair of tokens.

        False when there was nothing to note, or somebody else has just noted it.
        """
        if self.tokens_used_at and self.last_seen_at > now - SEEN_EVERY:
            return False
        stale = Q(tokens_used_at__isnull=True) | Q(last_seen_at__lte=now - SEEN_EVERY)
        noted = Device.objects.filter(stale, pk=self.pk).update(
            last_seen_at=now, tokens_used_at=Coalesce("tokens_used_at", now)
        )
        return bool(noted)

    def revoke(self, now: datetime) -> bool:
        """Mark it revoked; false when it was already."""
        return bool(Device.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now))


class RefreshRepeat(models.Model):
    """How the newest refresh of a device may be repeated after its answer was lost.

    Holds digests and row numbers, never a token. One a device: only its newest refresh counts.
    """

    device = models.OneToOneField(
        Device, primary_key=True, on_delete=models.CASCADE, related_name="refresh_repeat"
    )
    key_digest = models.CharField(max_length=64, help_text="Keyed digest, in hexadecimal.")
    # Numbers, not foreign keys: the library's migrations run after ours and need the app.
    spent_token_id = models.BigIntegerField()
    issued_token_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"Repeat of {self.created_at:%Y-%m-%d %H:%M:%S}"
