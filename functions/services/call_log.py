"""The call log: who may read it, and how long it remembers."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from functions.models import CallRecord
from orgs import policies
from orgs.models import Organization, User


def calls_seen_by(user: User, organization: Organization) -> QuerySet[CallRecord]:
    """Return all of the organization's calls, or those of the solutions that the person builds.

    Raises NotAllowed.
    """
    calls = CallRecord.objects.filter(organization=organization)
    if policies.can(user, policies.Act.SEE_ALL_CALLS, organization):
        return calls
    policies.require(user, policies.Act.ENTER_CONSOLE, organization)
    own = policies.solutions_allowing(user, policies.SolutionAct.SEE)
    return calls.filter(solution__in=own)


def clear_call_log(*, now: datetime) -> int:
    """Delete rows past the days that the settings keep; returns how many."""
    oldest = now - timedelta(days=settings.CALL_LOG_DAYS)
    deleted, _ = CallRecord.objects.filter(started_at__lt=oldest).delete()
    return deleted
