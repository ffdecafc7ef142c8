"""The call log: who may read it, and how long it remembers."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from functions.models import CallRecord
from orgs import policies
from orgs.models import Solution, User
from orgs.services.organizations import find_own_organization


def calls_seen_by(user: User, organization_id: uuid.UUID) -> QuerySet[CallRecord]:
    """Return the organization's calls of the solutions that the person sees in the console.

    Raises NoSuchOrganization or NotAllowed.
    """
    organization = find_own_organization(user, organization_id)
    policies.require(user, policies.Act.ENTER_CONSOLE, organization)
    solutions = Solution.objects.visible_in_console_to(user).filter(organization=organization)
    return CallRecord.objects.filter(solution__in=solutions)


def clear_call_log(*, now: datetime) -> int:
    """Delete rows past the days that the settings keep; returns how many."""
    oldest = now - timedelta(days=settings.CALL_LOG_DAYS)
    deleted, _ = CallRecord.objects.filter(started_at__lt=oldest).delete()
    return deleted
