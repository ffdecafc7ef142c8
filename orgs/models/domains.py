"""The domains that organizations name as theirs, and what is proved of them."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.organizations import Organization

PROOF_LABEL = "_jigxmgmt-challenge"
PROOF_PREFIX = "jigxmgmt-domain-verification="
CHECKED_EVERY = timedelta(days=1)
# After so long nobody seems to be about to put the record there; a check by hand is always open.
AWAITED_FOR = timedelta(days=14)


def new_proof_token() -> str:
    return secrets.token_hex(16)


class DomainQuerySet(models.QuerySet["Domain"]):
    def proved(self) -> Self:
        return self.filter(proved_at__isnull=False)

    def joinable(self) -> Self:
        """Those whose policy shows their organization to people of the domain."""
        return self.exclude(join_policy=Domain.JoinPolicy.OFF)

    def due(self, now: datetime) -> Self:
        """Those whose record in the DNS is to be looked for again, the longest unchecked first."""
        awaited = Q(proved_at__isnull=True, created_at__gt=now - AWAITED_FOR)
        unchecked = Q(checked_at__isnull=True) | Q(checked_at__lte=now - CHECKED_EVERY)
        found = self.filter(awaited | Q(proved_by=Domain.ProvedBy.DNS)).filter(unchecked)
        return found.order_by(models.F("checked_at").asc(nulls_first=True), "pk")


class Domain(models.Model):
    """A domain of e-mail addresses that an organization names as its own.

    Several may name one; the constraint lets one of them at most have proved it.
    """

    class JoinPolicy(models.TextChoices):
        OFF = "OFF", _("Off")
        REQUEST = "REQUEST", _("Request to join")
        AUTOMATIC = "AUTOMATIC", _("Automatic")

    class ProvedBy(models.TextChoices):
        DNS = "DNS", _("DNS")
        OPERATOR = "OPERATOR", _("An operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(
        max_length=253, help_text="Lower case, in its ASCII form (RFC 5891 A-labels)."
    )
    join_policy = models.CharField(
        max_length=9, choices=JoinPolicy.choices, default=JoinPolicy.REQUEST
    )
    proof_token = models.CharField(
        max_length=32, default=new_proof_token, help_text="Public: it stands in the DNS."
    )
    proved_at = models.DateTimeField(null=True, blank=True)
    proved_by = models.CharField(max_length=8, choices=ProvedBy.choices, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(
        max_length=500, blank=True, default="", help_text="What the last check found, in words."
    )
    failed_checks = models.PositiveSmallIntegerField(
        default=0, help_text="In a row, since the last that found the record."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="domain_named_once"),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(proved_at__isnull=False),
                name="domain_proved_once",
            ),
            models.CheckConstraint(
                condition=~Q(join_policy="AUTOMATIC") | Q(proved_at__isnull=False),
                name="domain_automatic_is_proved",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_proved(self) -> bool:
        return self.proved_at is not None

    @property
    def proof_name(self) -> str:
        """The DNS name at which the TXT record is looked for."""
        return f"{PROOF_LABEL}.{self.name}"

    @property
    def proof_value(self) -> str:
        return f"{PROOF_PREFIX}{self.proof_token}"
