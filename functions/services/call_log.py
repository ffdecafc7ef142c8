"""How long the call log remembers."""

from datetime import datetime, timedelta

from django.conf import settings

from functions.models import CallRecord


def clear_call_log(*, now: datetime) -> int:
    """Delete rows past the days that the settings keep; returns how many."""
    oldest = now - timedelta(days=settings.CALL_LOG_DAYS)
    deleted, _ = CallRecord.objects.filter(started_at__lt=oldest).delete()
    return deleted
