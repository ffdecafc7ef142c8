"""Organizations and the people in them."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.pictures import Picture
from orgs.models.users import User

SEEN_EVERY = timedelta(minutes=5)
MOST_WORDS = 8  # of a search; each is a condition of the query


def names_hold(text: str, person: str = "") -> Q:
    """Match the rows in which the names and the address of a person hold every word of this."""
    columns = [f"{person}{name}__icontains" for name in ("email", "first_name", "last_name")]
    words = text.split()[:MOST_WORDS]
    return Q(*(Q(*((column, word) for column in columns), _connector=Q.OR) for word in words))


class Organization(models.Model):
    class SupportAccess(models.TextChoices):
        NONE = "NONE", _("None")
        READ = "READ", _("Read")
        WRITE = "WRITE", _("Read and write")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    allows_scripts = models.BooleanField(
        default=False, help_text="Personal access tokens may run functions."
    )
    allows_basic_auth = models.BooleanField(
        default=False, help_text="Functions on the server may send user names and passwords."
    )
    allowed_networks = models.JSONField(
        default=list,
        blank=True,
        help_text="Private networks that its functions may reach. Set by operators.",
    )
    website = models.URLField(max_length=300, blank=True, default="")
    region_label = models.CharField(
        max_length=50, blank=True, default="", help_text="What the shell shows beside the name."
    )
    request_email = models.EmailField(
        blank=True, default="", help_text="Is told of each request to join; blank tells nobody."
    )
    idle_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Console sessions end after so long without use."
    )
    support_access = models.CharField(
        max_length=5, choices=SupportAccess.choices, default=SupportAccess.NONE
    )
    support_access_until = models.DateTimeField(null=True, blank=True)
    logo = models.ForeignKey(
        Picture, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(is_active=True, user__is_active=True)

    def disabled(self) -> Self:
        return self.exclude(is_active=True, user__is_active=True)

    def owners(self) -> Self:
        return self.filter(role=Membership.Role.OWNER)

    def matching(self, text: str) -> Self:
        """Those whose name and address hold every word of this."""
        return self.filter(names_hold(text, "user__"))


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "OWNER", _("Owner")
        ADMIN = "ADMIN", _("Admin")
        CREATOR = "CREATOR", _("Creator")
        USER = "USER", _("User")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.USER)
    is_active = models.BooleanField(default=True, help_text="False while it is disabled.")
    active_since = models.DateTimeField(
        default=timezone.now,
        help_text="Devices of the organization's apps that are older have ended.",
    )
    last_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    def enable(self, now: datetime) -> bool:
        """Let the person back in; false when they were in already."""
        inactive = Membership.objects.filter(pk=self.pk, is_active=False)
        self.is_active, self.active_since = True, now
        return bool(inactive.update(is_active=True, active_since=now))

    def disable(self) -> bool:
        """Let the person in no more; false when they were out already."""
        active = Membership.objects.filter(pk=self.pk, is_active=True)
        self.is_active = False
        return bool(active.update(is_active=False))

    @property
    def may_enter(self) -> bool:
        """Neither disabled here nor, by an operator, everywhere."""
        return self.is_active and self.user.is_active

    def touch(self, now: datetime) -> None:
        """Note that the person was here, at most every five minutes."""
        if self.last_seen_at and self.last_seen_at > now - SEEN_EVERY:
            return
        Membership.objects.filter(pk=self.pk).update(last_seen_at=now)
