"""Waste as it would have been found on every day of a span, to try other settings on the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pandas as pd

from spectra.insight.anomalies import (
    Sensitivity,
    forgotten_volumes,
    idle_instances,
    off_hours_fleets,
)
from spectra.insight.anomalies.waste import COLUMNS
from spectra.moments import HOUR, midnight
from spectra.store import Store, watch_days, watch_queries
from spectra.watch import daily, rows
from spectra.watch.daily import DAY, Span

# What is looked back at before the first day, to know how much waste a week of it is.
BEFORE_DAYS = watch_days.RECENT_DAYS + 1


def found(store: Store, spans: dict[str, Span]) -> dict[str, pd.DataFrame]:
    """Every stretch of waste that was going on at a midnight of its family's span, by family.

    Tags, groups and accelerators are those of now.
    """
    return {family: _FAMILIES[family](store, span) for family, span in spans.items()}


def severities(waste: dict[str, pd.DataFrame], sensitivity: Sensitivity) -> pd.DataFrame:
    """Of every stretch its kind, and how grave a sensitivity would have called it."""
    return pd.concat([
        part[["kind"]].assign(severity=rows.severity_of_waste(part, sensitivity))
        for part in waste.values()
    ], ignore_index=True)  # fmt: skip


def _idle(store: Store, span: Span) -> pd.DataFrame:
    days = (span[1] - span[0]) // DAY
    quiet = watch_days.quiet_days(store, span[1], days + BEFORE_DAYS, days)
    excluded = daily.meant_to_wait(store, watch_queries.facts(store))
    return idle_instances(quiet, excluded, pd.Timestamp(midnight(span[0])))


def _volumes(store: Store, span: Span) -> pd.DataFrame:
    """A volume that is used again and left again is another stretch."""
    past = [
        forgotten_volumes(watch_days.unused_volumes(store, end, end), pd.Timestamp(end))
        for end in _midnights(span)
    ]
    return _together(past).drop_duplicates(["series", "start"], keep="last")


def _fleets(store: Store, span: Span) -> pd.DataFrame:
    """A fleet that is found on one day and not on the next is another stretch from then on."""
    days = (span[1] - span[0]) // DAY
    hours = daily.in_local_time(watch_days.fleet_hours(store, span[1], days + BEFORE_DAYS))
    past = []
    for end in _midnights(span):
        week = hours[(hours["hour"] < end) & (hours["hour"] >= end - BEFORE_DAYS * DAY)]
        past.append(off_hours_fleets(week, pd.Timestamp(end - HOUR)).assign(end=end))
    every = _together(past)
    every = every.sort_values(["series", "end"], ignore_index=True)
    is_new = every.groupby("series")["end"].diff() != DAY
    return every.assign(run=is_new.cumsum()).drop_duplicates("run", keep="last")


def _midnights(span: Span) -> Iterator[datetime]:
    """The last midnight of the span and those before it, the first one first."""
    end, days = midnight(span[1]), (span[1] - span[0]) // DAY
    return (end - timedelta(days=back) for back in range(days - 1, -1, -1))


def _together(past: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in past if not frame.empty]
    return (
        pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=[*COLUMNS, "end"])
    )


_FAMILIES: dict[str, Callable[[Store, Span], pd.DataFrame]] = {
    "idle": _idle, "volume": _volumes, "fleet": _fleets,
}  # fmt: skip
