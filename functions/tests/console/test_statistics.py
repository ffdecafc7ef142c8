from datetime import UTC, datetime, timedelta

import pytest

from functions.console.statistics import day_of, sparkline
from functions.models import CallRecord
from functions.tests.console.conftest import Acme

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


class TestDayOf:
    def test_counts_by_the_hour(self, acme: Acme) -> None:
        for minutes in (1, 2, 90):
            acme.log_call(started_at=NOW - timedelta(minutes=minutes), total_ms=100)
        acme.log_call(started_at=NOW, status=CallRecord.Status.NO_REPLY, total_ms=400)
        acme.log_call(started_at=NOW - timedelta(days=1), status=CallRecord.Status.ERROR)

        day = day_of(CallRecord.objects.all(), now=NOW)

        assert len(day.hours) == 24
        assert day.hours[-1].starts_at == datetime(2026, 11, 25, 12, tzinfo=UTC)
        assert [hour.calls for hour in day.hours[-2:]] == [1, 3]
        assert (day.calls, day.errors, day.error_percent) == (4, 1, 25)
        assert day.hours[-1].mean_ms == 200

    @pytest.mark.parametrize(("calls", "slow_ms"), [(1, 1), (20, 19), (21, 20), (100, 95)])
    def test_names_the_time_that_95_of_100_calls_stay_within(
        self, acme: Acme, calls: int, slow_ms: int
    ) -> None:
        for milliseconds in range(1, calls + 1):
            acme.log_call(started_at=NOW, total_ms=milliseconds)

        assert day_of(CallRecord.objects.all(), now=NOW).slow_ms == slow_ms

    def test_has_no_such_time_on_a_day_without_calls(self, acme: Acme) -> None:
        day = day_of(CallRecord.objects.all(), now=NOW)

        assert (day.calls, day.slow_ms, day.error_percent) == (0, None, 0)


class TestSparkline:
    @pytest.mark.parametrize("values", [[], [0], [5], [0, 0], [1, 10, 3]])
    def test_stays_within_its_frame(self, values: list[int]) -> None:
        drawn = sparkline(values, "Calls")

        for point in drawn.area.split():
            across, down = map(float, point.split(","))
            assert 0 <= across <= 240
            assert 0 <= down <= 40

    def test_says_the_most_in_words(self) -> None:
        assert sparkline([1, 10, 3], "Calls").label == "Calls; at most 10"
