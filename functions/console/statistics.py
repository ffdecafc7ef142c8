"""What happened in the last 24 hours, from the call log; a bounded number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils.translation import gettext as _

from functions.models import CallRecord

HOURS = 24
FAILED = Q(status__in=[CallRecord.Status.ERROR, CallRecord.Status.NO_REPLY])
WIDTH, HEIGHT = 240, 40


@dataclass(frozen=True, slots=True)
class Hour:
    starts_at: datetime
    calls: int
    errors: int
    mean_ms: int


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The points of an SVG of 240 by 40: the line, and the area under it."""

    line: str
    area: str
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    hours: list[Hour]
    slow_ms: int | None

    @property
    def calls(self) -> int:
        return sum(hour.calls for hour in self.hours)

    @property
    def errors(self) -> int:
        return sum(hour.errors for hour in self.hours)

    @property
    def error_percent(self) -> float:
        return 100 * self.errors / self.calls if self.calls else 0.0

    @property
    def calls_line(self) -> Sparkline:
        return sparkline([hour.calls for hour in self.hours], _("Calls per hour, 24 hours"))

    @property
    def errors_line(self) -> Sparkline:
        return sparkline([hour.errors for hour in self.hours], _("Errors per hour, 24 hours"))

    @property
    def time_line(self) -> Sparkline:
        times = [hour.mean_ms for hour in self.hours]
        return sparkline(times, _("Mean time per hour in milliseconds, 24 hours"))


def day_of(calls: QuerySet[CallRecord], *, now: datetime) -> Day:
    """Count the calls of the 24 hours before `now`, by the hour: two or three queries."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    recent = calls.filter(started_at__gte=first).order_by()
    counted = recent.annotate(hour=TruncHour("started_at")).values("hour")
    totals = counted.annotate(
        number=Count("pk"), failed=Count("pk", filter=FAILED), mean=Avg("total_ms")
    )
    by_hour = {row["hour"]: row for row in totals}
    moments = [first + timedelta(hours=hour) for hour in range(HOURS)]
    hours = [_hour(moment, by_hour.get(moment)) for moment in moments]
    return Day(hours, _slow_ms(recent, sum(hour.calls for hour in hours)))


def sparkline(values: Sequence[int], label: str) -> Sparkline:
    """Draw values from left to right; the highest touches the top."""
    most = max(values, default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        f"{index * step:.1f},{HEIGHT - 1 - (HEIGHT - 3) * value / most:.1f}"
        for index, value in enumerate(values)
    ]
    line = " ".join(points)
    area = f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}"
    return Sparkline(line, area, _("%(label)s; at most %(most)s") % {"label": label, "most": most})


def _hour(moment: datetime, row: Mapping[str, Any] | None) -> Hour:
    if row is None:
        return Hour(moment, 0, 0, 0)
    return Hour(moment, int(row["number"]), int(row["failed"]), round(row["mean"] or 0))


def _slow_ms(calls: QuerySet[CallRecord], number: int) -> int | None:
    """Return the 95th percentile by nearest rank: the least time that 95 % of calls stay within."""
    if not number:
        return None
    rank = (number * 95 + 99) // 100  # counted from 1, rounded up
    return calls.order_by("total_ms").values_list("total_ms", flat=True)[rank - 1 : rank].first()
