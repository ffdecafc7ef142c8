"""The record of every act; rows are added and never changed."""

import uuid
from typing import Any, NoReturn, Self

from django.db import models
from django.utils import timezone

from orgs.models.organizations import Organization
from orgs.models.users import User

INSTALLATION = "installation"


class Unchangeable(TypeError):
    """Somebody tried to change or delete what is only ever added to."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that can be added and read, and nothing else."""

    def update(self, **_: Any) -> NoReturn:
        raise Unchangeable("What was recorded is not changed.")

    def delete(self) -> NoReturn:
        raise Unchangeable("What was recorded is not deleted.")


class AppendOnly(models.Model):
    """A row that is added once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Unchangeable("What was recorded is not changed.")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise Unchangeable("What was recorded is not deleted.")


class AuditEventQuerySet(AppendOnlyQuerySet):
    def waiting(self, scope: str) -> Self:
        """Events that have no place in this chain yet, the oldest first."""
        return self.filter(wait__scope=scope).order_by("created_at", "pk")

    def smuggled(self) -> Self:
        """Events that neither have a place nor wait for one, as no act leaves them."""
        return self.filter(wait__isnull=True, link__isnull=True)


class AuditEvent(AppendOnly):
    """Who did what to whom, with what changed; never a secret.

    It outlives the organization and the person that it names, so neither reference is held by
    the database.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_events",
    )
    actor = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    actor_label = models.CharField(max_length=254)
    act = models.CharField(max_length=60, help_text="What was done, as noun.verb.")
    subject_id = models.CharField(max_length=100)
    subject_label = models.CharField(max_length=254)
    changes = models.JSONField(default=dict, help_text="Field to [before, after].")
    address = models.GenericIPAddressField(null=True)
    correlation_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="audit_by_time"),
            models.Index(fields=["organization", "act", "-created_at"], name="audit_by_act"),
            models.Index(fields=["subject_id"], name="audit_by_subject"),
            models.Index(fields=["correlation_id"], name="audit_by_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.act} {self.subject_label}"

    @property
    def scope(self) -> str:
        """The name of the chain that the event belongs to."""
        return str(self.organization_id) if self.organization_id else INSTALLATION


class AuditWait(models.Model):
    """An event that waits for its place in the chain; made with it, gone with its link."""

    event = models.OneToOneField(
        AuditEvent, primary_key=True, on_delete=models.DO_NOTHING, related_name="wait"
    )
    scope = models.CharField(max_length=36, db_index=True)

    def __str__(self) -> str:
        return f"{self.event_id} waits"


class AuditChain(models.Model):
    """The newest end of one organization's chain of events, or of the installation's own.

    Whoever links events locks this row; `scope` is the organization's id, or `installation`.
    """

    scope = models.CharField(primary_key=True, max_length=36)
    length = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"Chain of {self.scope}"


class AuditLink(AppendOnly):
    """The place of an event in its chain: the digest covers the event and all before it."""

    event = models.OneToOneField(
        AuditEvent, primary_key=True, on_delete=models.DO_NOTHING, related_name="link"
    )
    scope = models.CharField(max_length=36)
    number = models.PositiveBigIntegerField(help_text="Counted from 1.")
    digest = models.CharField(max_length=64, help_text="SHA-256, in hexadecimal.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["scope", "number"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "number"], name="audit_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.number}"
