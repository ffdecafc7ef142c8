"""The one way to write an audit event."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction

from jigxmgmt.origin import current_origin
from orgs.models import AuditEvent, AuditWait, Organization, User
from orgs.services.audit_chain import link_after_commit

OPERATOR = "operator"
Changes = Mapping[str, tuple[Any, Any]]


@transaction.atomic
def record_event(
    act: str,
    *,
    by: User | None,
    subject: models.Model,
    organization: Organization | None = None,
    changes: Changes | None = None,
    actor_label: str = OPERATOR,
) -> AuditEvent:
    """Record an act. Changes never hold a secret.

    `by` is None for an operator's command, and for somebody without an account, whom
    `actor_label` then names.
    """
    event = _drafted(act, by, subject, organization, changes or {})
    if by is None:
        event.actor_label = actor_label
    event.save(force_insert=True)
    AuditWait.objects.create(event=event, scope=event.scope)
    link_after_commit(event.scope)
    return event


@transaction.atomic
def record_events(
    act: str,
    *,
    by: User | None,
    subjects: Sequence[tuple[models.Model, Changes]],
    organization: Organization | None = None,
) -> None:
    """Record one act that was done to many, an event each, in few statements."""
    events = [_drafted(act, by, subject, organization, changes) for subject, changes in subjects]
    AuditEvent.objects.bulk_create(events)
    AuditWait.objects.bulk_create(AuditWait(event=event, scope=event.scope) for event in events)
    for scope in {event.scope for event in events}:
        link_after_commit(scope)


def _drafted(
    act: str,
    by: User | None,
    subject: models.Model,
    organization: Organization | None,
    changes: Changes,
) -> AuditEvent:
    origin = current_origin()
    return AuditEvent(
        organization=organization,
        actor=by,
        actor_label=str(by) if by else OPERATOR,
        act=act,
        subject_id=str(subject.pk),
        subject_label=str(subject)[:254],
        changes={field: list(pair) for field, pair in changes.items()},
        address=origin.address,
        correlation_id=origin.correlation_id,
    )
