"""Chains of audit events: each digest covers its event and all before it.

An event gets its place after the commit of the act that it records, in a short transaction that
locks nothing but the end of the chain: no act waits for another's transaction.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from orgs.models import AuditChain, AuditEvent, AuditLink, AuditWait

BATCH = 500


@dataclass(frozen=True, slots=True)
class _Linking:
    """What a transaction still has to do for a chain; one like another, so that it is done once."""

    scope: str

    def __call__(self) -> None:
        link_events(self.scope)


def link_after_commit(scope: str) -> None:
    """Give the events of this transaction their place once it stands.

    Should that fail, the act still stands and the clock's `link_audit_events` does it.
    """
    linking = _Linking(scope)
    # What a savepoint that was rolled back had scheduled is no longer in this list.
    if all(entry[1] != linking for entry in connection.run_on_commit):
        transaction.on_commit(linking, robust=True)


def link_events(scope: str) -> int:
    """Give every event that waits its place in this chain; return how many those were."""
    linked = 0
    while batch := _link_batch(scope):
        linked += batch
    return linked


def link_all_events() -> int:
    """Give every event that waits its place, in whichever chain; return how many those were."""
    scopes = list(AuditWait.objects.values_list("scope", flat=True).distinct())
    return sum(link_events(scope) for scope in scopes)


@transaction.atomic
def _link_batch(scope: str) -> int:
    AuditChain.objects.get_or_create(scope=scope)
    # Whoever holds this row appends; everybody else then sees what they appended.
    chain = AuditChain.objects.select_for_update().get(scope=scope)
    events = list(AuditEvent.objects.waiting(scope)[:BATCH])
    links = []
    for event in events:
        chain.length += 1
        chain.digest = digest_of(event, number=chain.length, previous=chain.digest)
        links.append(AuditLink(event=event, scope=scope, number=chain.length, digest=chain.digest))
    if links:
        AuditLink.objects.bulk_create(links)
        AuditWait.objects.filter(event__in=[event.pk for event in events]).delete()
        chain.save(update_fields=["length", "digest"])
    return len(links)


def digest_of(event: AuditEvent, *, number: int, previous: str) -> str:
    """Return the digest of an event in its place, as SHA-256 in hexadecimal."""
    written = json.dumps(
        [previous, number, document_of(event)], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(written.encode()).hexdigest()


def document_of(event: AuditEvent) -> dict[str, Any]:
    """Return the event as its digest covers it, and as clients read it."""
    return {
        "id": str(event.pk),
        "organization_id": str(event.organization_id) if event.organization_id else None,
        "act": event.act,
        "actor": {
            "id": str(event.actor_id) if event.actor_id else None,
            "label": event.actor_label,
        },
        "subject": {"id": event.subject_id, "label": event.subject_label},
        "changes": event.changes,
        "address": event.address,
        "correlation_id": str(event.correlation_id),
        "created_at": event.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
