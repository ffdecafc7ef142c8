"""Tokens with which a person's scripts act for them."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from orgs.models import User

LIFETIME = timedelta(days=182)
EXTENSION = timedelta(days=14)
USED_EVERY = timedelta(minutes=1)


class PersonalAccessTokenQuerySet(models.QuerySet["PersonalAccessToken"]):
    def live(self, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    def usable(self, now: datetime) -> Self:
        """Live, and of an active person."""
        return self.live(now).filter(user__is_active=True)


class PersonalAccessToken(models.Model):
    """A person's own token; of the secret only its beginning and a keyed digest are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="personal_access_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, help_text="The token's first characters.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = PersonalAccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def touch(self, now: datetime) -> None:
        """Note the use, at most once a minute; use keeps a token alive for two weeks more."""
        if self.last_used_at and self.last_used_at > now - USED_EVERY:
            return
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_EVERY)
        PersonalAccessToken.objects.live(now).filter(stale, pk=self.pk).update(
            last_used_at=now, expires_at=Greatest("expires_at", Value(now + EXTENSION))
        )

    def extend(self, now: datetime) -> bool:
        """Let it live two weeks longer, never longer than a fresh one; false when it is dead."""
        later = min(self.expires_at + EXTENSION, now + LIFETIME)
        if not PersonalAccessToken.objects.live(now).filter(pk=self.pk).update(expires_at=later):
            return False
        self.expires_at = later
        return True

    def revoke(self, now: datetime) -> bool:
        """Mark it revoked; false when it was already."""
        alive = PersonalAccessToken.objects.filter(pk=self.pk, revoked_at=None)
        return bool(alive.update(revoked_at=now))
