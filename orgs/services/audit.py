"""The one way to write an audit event."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from jigxmgmt.origin import current_origin
from orgs.models import AuditEvent, Organization, User

OPERATOR = "operator"


def record_event(
    act: str,
    *,
    by: User | None,
    subject: models.Model,
    organization: Organization | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> AuditEvent:
    """Record an act; `by` is None for an operator's command. Changes never hold a secret."""
    origin = current_origin()
    return AuditEvent.objects.create(
        organization=organization,
        actor=by,
        actor_label=str(by) if by else OPERATOR,
        act=act,
        subject_id=str(subject.pk),
        subject_label=str(subject)[:254],
        changes={field: list(pair) for field, pair in (changes or {}).items()},
        address=origin.address,
        correlation_id=origin.correlation_id,
    )
