"""Named spans of time at the edges of days, months and years."""

from datetime import UTC, datetime, timedelta

import pytest

from spectra.errors import InputError
from spectra.insight import periods


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "hour", "start", "end"),
    [
        ("7 days", "2026-11-25T05", "2026-11-19T00", "2026-11-25T06"),
        ("30 days", "2026-03-01T00", "2026-01-31T00", "2026-03-01T01"),
        ("This month", "2025-03-01T00", "2025-03-01T00", "2025-03-01T01"),
        ("This month", "2024-02-29T23", "2024-02-01T00", "2024-03-01T00"),
        ("Last month", "2025-03-01T00", "2025-02-01T00", "2025-03-01T00"),
        ("Last month", "2026-01-15T10", "2025-12-01T00", "2026-01-01T00"),
    ],
)
def test_named_periods(name, hour, start, end):
    assert periods.named_period(name, at(hour)) == (at(start), at(end))


def test_an_unknown_period_is_named():
    with pytest.raises(InputError, match="fortnight"):
        periods.named_period("fortnight", at("2026-11-25T05"))


def test_the_first_hour_of_a_day_is_not_complete():
    assert periods.today(at("2026-11-25T00")).hours == 0
    assert periods.month_to_date(at("2025-03-01T00")).hours == 0
    assert periods.today(at("2026-11-25T05")).hours == 5


def test_the_same_part_before_has_as_many_hours():
    today = periods.today(at("2026-11-25T05"))
    assert periods.same_part_of_yesterday(today) == (at("2026-11-24T00"), at("2026-11-24T05"))
    month = periods.month_to_date(at("2026-11-25T05"))
    before = periods.same_part_of_last_month(month)
    assert before == (at("2026-10-01T00"), at("2026-10-25T05"))


def test_a_longer_month_is_compared_with_the_whole_shorter_one():
    month = periods.month_to_date(at("2026-03-31T12"))
    before = periods.same_part_of_last_month(month)
    assert before == (at("2026-02-01T00"), at("2026-03-01T00"))
    assert before.hours != month.hours


@pytest.mark.parametrize(
    ("current", "previous", "change"),
    [(110, 100, 0.1), (None, 100, None), (100, None, None), (100, 0, None)],
)
def test_change_needs_something_to_change_from(current, previous, change):
    assert periods.relative_change(current, previous) == (
        None if change is None else pytest.approx(change)
    )


def test_a_sum_in_another_order_has_not_changed():
    assert periods.relative_change(0.1 + 0.2, 0.3) == 0.0


def test_days_are_days_of_24_hours_in_utc():
    span = periods.named_period("7 days", at("2026-10-26T05"))
    assert span.end - span.start == timedelta(days=6, hours=6)
