"""The one way to write an audit event."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models, transaction

from jigxmgmt.origin import current_origin
from orgs.models import AuditEvent, AuditWait, Organization, User
from orgs.services.audit_chain import link_after_commit

OPERATOR = "operator"
Changes = Mapping[str, tuple[Any, Any]]
_nobody: ContextVar[str] = ContextVar("nobody", default=OPERATOR)


@contextmanager
def acting_as(label: str) -> Iterator[None]:
    """Name who acts where no person does: within, `by` None stands for this label."""
    token = _nobody.set(label)
    try:
        yield
    finally:
        _nobody.reset(token)


@transaction.atomic
def record_event(
    act: str,
    *,
    by: User | None,
    subject: models.Model,
    organization: Organization | None = None,
    changes: Changes | None = None,
    actor_label: str | None = None,
) -> AuditEvent:
    """Record an act. Changes never hold a secret.

    `by` is None for an operator's command, for what `acting_as` names, and for somebody without
    an account, whom `actor_label` then names.
    """
    event = _drafted(act, by, subject, organization, changes or {})
    if by is None and actor_label is not None:
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
        actor_label=str(by) if by else _nobody.get(),
        act=act,
        subject_id=str(subject.pk),
        subject_label=str(subject)[:254],
        changes={field: list(pair) for field, pair in changes.items()},
        address=origin.address,
        correlation_id=origin.correlation_id,
    )
