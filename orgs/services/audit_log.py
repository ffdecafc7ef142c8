"""Reading the audit events of an organization; they are kept for ever."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from orgs import policies
from orgs.models import AuditChain, AuditEvent, Organization, User
from orgs.models.audit import AuditEventQuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which events are wanted; what is empty narrows nothing.

    An act without a verb stands for all acts on that noun.
    """

    act: str = ""
    actor: UUID | None = None
    subject: str = ""
    correlation: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""

    def __bool__(self) -> bool:
        return self != Narrowing()

    def condition(self) -> Q:
        """Return what an event has to be like."""
        by_act = Q(act=self.act) if "." in self.act else Q(act__startswith=f"{self.act}.")
        parts = (
            (self.act, by_act),
            (self.actor, Q(actor=self.actor)),
            (self.subject, Q(subject_id=self.subject)),
            (self.correlation, Q(correlation_id=self.correlation)),
            (self.since, Q(created_at__gte=self.since)),
            (self.until, Q(created_at__lt=self.until)),
            (self.search, _mentions(self.search)),
        )
        return Q(*(part for wanted, part in parts if wanted))


def events_of(organization: Organization, *, narrowing: Narrowing, by: User) -> AuditEventQuerySet:
    """Return the events of an organization with their places; raises NotAllowed."""
    policies.require(by, policies.Act.OVERSEE, organization)
    events = AuditEvent.objects.filter(narrowing.condition(), organization=organization)
    return events.select_related("link")


def chain_of(organization: Organization, *, by: User) -> AuditChain:
    """Return the end of an organization's chain; raises NotAllowed."""
    policies.require(by, policies.Act.OVERSEE, organization)
    scope = str(organization.pk)
    return AuditChain.objects.filter(scope=scope).first() or AuditChain(scope=scope)


def _mentions(words: str) -> Q:
    return (
        Q(actor_label__icontains=words)
        | Q(subject_label__icontains=words)
        | Q(act__icontains=words)
        | Q(subject_id=words)
    )
